import assert from 'node:assert/strict';
import { ManualClock, millisecondsBetween, systemClock } from '../../src/perception/clock.js';

describe('ManualClock', () => {
  it('fires timers in the order of their due times, at those times', () => {
    const clock = new ManualClock(5n);
    const fired: string[] = [];
    clock.setTimer(20n, () => fired.push(`late at ${clock.nowNs()}`));
    clock.setTimer(10n, () => {
      fired.push(`early at ${clock.nowNs()}`);
      clock.setTimer(5n, () => fired.push(`nested at ${clock.nowNs()}`));
    });
    clock.advance(9n);
    assert.deepEqual(fired, []);
    clock.advance(91n);
    assert.deepEqual(fired, ['early at 15', 'nested at 20', 'late at 25']);
    assert.equal(clock.nowNs(), 105n);
    assert.equal(clock.pendingTimers, 0);
  });

  it('forgets cancelled timers', () => {
    const clock = new ManualClock();
    const cancel = clock.setTimer(1n, () => assert.fail('was cancelled'));
    cancel();
    cancel();
    clock.advance(2n);
    assert.equal(clock.pendingTimers, 0);
  });

  it('refuses to go back', () => assert.throws(() => new ManualClock().advance(-1n), RangeError));
});

describe('systemClock', () => {
  it('never reads less than before when a timer of that length has fired', async () => {
    const start = systemClock.nowNs();
    await new Promise<void>((resolve) => {
      const keepAlive = setTimeout(() => undefined, 10_000);
      systemClock.setTimer(1_500_000n, () => {
        clearTimeout(keepAlive);
        resolve();
      });
    });
    assert.ok(systemClock.nowNs() - start >= 1_500_000n);
  });

  it('waits longer than the 24.8 days that Node can', () => {
    const asked: (number | undefined)[] = [];
    const original = globalThis.setTimeout;
    const record = (callback: () => void, milliseconds?: number): NodeJS.Timeout => {
      asked.push(milliseconds);
      return original(callback, 1000);
    };
    globalThis.setTimeout = Object.assign(record, original);
    try {
      systemClock.setTimer(30n * 86_400_000_000_000n, () => assert.fail('fired'))();
    } finally {
      globalThis.setTimeout = original;
    }
    assert.deepEqual(asked, [2 ** 31 - 1]);
  });

  it('cancels', () => systemClock.setTimer(0n, () => assert.fail('was cancelled'))());
});

describe('millisecondsBetween', () => {
  it('keeps fractions', () => assert.equal(millisecondsBetween(1_000_000n, 3_500_000n), 2.5));
});
