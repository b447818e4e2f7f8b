import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type BudgetClock, CpuBudget } from '../../../src/explain/queue/cpuBudget.js';
import { RecentCount } from '../../../src/explain/queue/recentCount.js';

/** Time passes only by work and by sleep. */
class ManualBudgetClock implements BudgetClock {
  #wallMs = 0;
  #cpuMs = 0;

  work(wallMs: number, cpuMs: number): void {
    this.#wallMs += wallMs;
    this.#cpuMs += cpuMs;
  }
  wallMs(): number {
    return this.#wallMs;
  }
  cpuMs(): number {
    return this.#cpuMs;
  }
  sleep(ms: number): Promise<void> {
    this.#wallMs += ms;
    return Promise.resolve();
  }
}

describe('CpuBudget', () => {
  it('keeps the share whatever the work is like, but for what may be saved up', async () => {
    const piece = fc.record({
      wallMs: fc.double({ min: 0, max: 5000, noNaN: true }),
      threads: fc.double({ min: 0, max: 4, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0.05, max: 3, noNaN: true }),
        async (pieces, cores) => {
          const clock = new ManualBudgetClock();
          const budget = new CpuBudget(clock);
          for (const { wallMs, threads } of pieces) {
            clock.work(wallMs, wallMs * threads);
            await budget.rest(cores);
            assert.ok(clock.cpuMs() <= cores * clock.wallMs() + 1e-6 * clock.cpuMs() + 1e-6);
          }
        },
      ),
    );
  });

  it('does not wait where the share is kept, and saves up at most two seconds', async () => {
    const clock = new ManualBudgetClock();
    const budget = new CpuBudget(clock);
    clock.work(60_000, 0);
    await budget.rest(0.5);
    assert.equal(clock.wallMs(), 60_000);
    clock.work(3000, 3000);
    await budget.rest(0.5);
    // 1000 ms were saved up and 1500 earned: 500 are owed, which take a second at half a core.
    assert.equal(clock.wallMs(), 64_000);
  });
});

describe('RecentCount', () => {
  it('counts what happened in the last minute', () => {
    let nowMs = 5_000;
    const count = new RecentCount(() => nowMs);
    count.add(3);
    nowMs = 30_500;
    count.add();
    assert.equal(count.lastMinute, 4);
    nowMs = 65_100;
    assert.equal(count.lastMinute, 1);
    nowMs = 500_000;
    assert.equal(count.lastMinute, 0);
  });
});
