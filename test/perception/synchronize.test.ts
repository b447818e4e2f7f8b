import assert from 'node:assert/strict';
import { from, Subject } from 'rxjs';
import { ManualClock } from '../../src/perception/clock.js';
import type { StampedFrame } from '../../src/perception/frameSet.js';
import { synchronize, synchronizeIterable } from '../../src/perception/synchronize.js';
import { Synchronizer } from '../../src/perception/synchronizer.js';
import { defaults, frame, ms, show } from './stamped.js';

describe('synchronize', () => {
  it('emits sets as they are ready and flushes at completion', () => {
    const out: string[] = [];
    from(['r0', 'n0', 'r100', 'n100', 'r200'].map(frame))
      .pipe(synchronize(defaults))
      .subscribe({ next: (set) => out.push(show(set)), complete: () => out.push('done') });
    assert.deepEqual(out, ['r0 n0', 'r100 n100', 'r200', 'done']);
  });

  it('sends a partial set when the clock says so, with no further frame', () => {
    const clock = new ManualClock();
    const source = new Subject<StampedFrame>();
    const out: string[] = [];
    source.pipe(synchronize(defaults, clock)).subscribe((set) => out.push(show(set)));
    source.next(frame('r0'));
    clock.advance(ms(149));
    assert.deepEqual(out, []);
    clock.advance(ms(1));
    assert.deepEqual(out, ['r0']);
    assert.equal(clock.pendingTimers, 0, 'nothing waits, no timer');
    source.next(frame('r500'));
    assert.equal(clock.pendingTimers, 1);
    source.next(frame('n500'));
    assert.deepEqual(out, ['r0', 'r500 n500']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('keeps one timer however many frames wait, and sets it anew for those that stay', () => {
    const clock = new ManualClock();
    const source = new Subject<StampedFrame>();
    const out: string[] = [];
    source.pipe(synchronize(defaults, clock)).subscribe((set) => out.push(`${show(set)} at ${clock.nowNs() / ms(1)}`));
    source.next(frame('r0'));
    clock.advance(ms(60));
    source.next(frame('r50'));
    assert.equal(clock.pendingTimers, 1);
    clock.advance(ms(1000));
    assert.deepEqual(out, ['r0 at 150', 'r50 at 210']);
  });

  it('leaves no timer behind when it is unsubscribed, also from within a set', () => {
    for (const stopAt of ['outside', 'push', 'timer']) {
      const clock = new ManualClock();
      const source = new Subject<StampedFrame>();
      const subscription = source.pipe(synchronize(defaults, clock)).subscribe(() => subscription.unsubscribe());
      source.next(frame('r0'));
      source.next(frame('r100'));
      if (stopAt === 'push') source.next(frame('n0'));
      else if (stopAt === 'timer') clock.advance(ms(150));
      else subscription.unsubscribe();
      assert.equal(clock.pendingTimers, 0, stopAt);
      assert.equal(source.observed, false, stopAt);
    }
  });

  it('loses and reorders nothing when a frame arrives while sets go out', () => {
    const clock = new ManualClock();
    const source = new Subject<StampedFrame>();
    const out: string[] = [];
    source.pipe(synchronize(defaults, clock)).subscribe((set) => {
      if (out.push(show(set)) === 1) source.next(frame('n500'));
    });
    for (const text of ['r0', 'r100', 'r500']) source.next(frame(text));
    assert.deepEqual(out, ['r0', 'r100', 'r500 n500']);
    assert.equal(clock.pendingTimers, 0);
  });

  it('passes an error of the source on and stops its timer', () => {
    const clock = new ManualClock();
    const source = new Subject<StampedFrame>();
    let seen: unknown;
    source.pipe(synchronize(defaults, clock)).subscribe({ error: (error: unknown) => (seen = error) });
    source.next(frame('r0'));
    const trouble = new Error('bag broken');
    source.error(trouble);
    assert.equal(seen, trouble);
    assert.equal(clock.pendingTimers, 0);
  });

  it('lets a given synchronizer be asked for its counters', () => {
    const synchronizer = new Synchronizer<StampedFrame>(defaults);
    const source = new Subject<StampedFrame>();
    source.pipe(synchronize(synchronizer)).subscribe();
    source.next(frame('r0'));
    assert.equal(synchronizer.counters().bands.get('rgb')?.pending, 1);
  });
});

describe('synchronizeIterable', () => {
  it('reads no further than its consumer has taken', async () => {
    let read = 0;
    function* frames(): Generator<StampedFrame> {
      for (const text of ['r0', 'n0', 'r100', 'n100', 'r200']) {
        read++;
        yield frame(text);
      }
    }
    const sets = synchronizeIterable(frames(), new Synchronizer<StampedFrame>(defaults));
    const first = await sets.next();
    assert.equal(first.done === true ? '' : show(first.value), 'r0 n0');
    assert.equal(read, 2);
    const rest: string[] = [];
    for await (const set of sets) rest.push(show(set));
    assert.deepEqual(rest, ['r100 n100', 'r200']);
  });
});
