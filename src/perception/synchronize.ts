import { Observable, type OperatorFunction } from 'rxjs';
import type { Frame } from '../images/frame.js';
import type { CancelTimer, Clock } from './clock.js';
import type { FrameSet, StampedFrame } from './frameSet.js';
import { Synchronizer, type SyncOptions } from './synchronizer.js';

/**
 * rxjs operator: groups frames of up to four spectra by stamp (see Synchronizer for the rules). Give a `clock` for live
 * cameras, so that partial sets go out although nothing more arrives; leave it out for recorded ones. Pass a Synchronizer
 * instead of options to read its counters while it runs (one subscription only). What waits at the end of the source goes out
 * before completion; an error of the source, or an unsubscription, drops it.
 */
export function synchronize<F extends StampedFrame = Frame>(
  sync: SyncOptions | Synchronizer<F>,
  clock?: Clock,
): OperatorFunction<F, FrameSet<F>> {
  return (source) =>
    new Observable<FrameSet<F>>((subscriber) => {
      const synchronizer = sync instanceof Synchronizer ? sync : new Synchronizer<F>(sync);
      let cancelTimer: CancelTimer | undefined;
      const emit = (sets: readonly FrameSet<F>[]): void => {
        for (const set of sets) subscriber.next(set);
      };
      const schedule = (live: Clock): void => {
        cancelTimer?.();
        if (subscriber.closed) return;
        const deadlineNs = synchronizer.deadlineNs();
        cancelTimer =
          deadlineNs === undefined
            ? undefined
            : live.setTimer(deadlineNs - live.nowNs(), () => {
                emit(synchronizer.tick(live.nowNs()));
                schedule(live);
              });
      };
      const subscription = source.subscribe({
        next(frame) {
          emit(synchronizer.push(frame, clock?.nowNs()));
          if (clock !== undefined) schedule(clock);
        },
        error(error) {
          cancelTimer?.();
          subscriber.error(error);
        },
        complete() {
          cancelTimer?.();
          emit(synchronizer.flush());
          subscriber.complete();
        },
      });
      return () => {
        cancelTimer?.();
        subscription.unsubscribe();
      };
    });
}

/**
 * The same for a replay that pulls: reads no frame before the sets of the previous ones were taken, so that a slow consumer
 * slows the reader down instead of filling memory (an rxjs source has no such brake). Stream time only.
 */
export async function* synchronizeIterable<F extends StampedFrame = Frame>(
  frames: AsyncIterable<F> | Iterable<F>,
  synchronizer: Synchronizer<F>,
): AsyncGenerator<FrameSet<F>, void, undefined> {
  for await (const frame of frames) yield* synchronizer.push(frame);
  yield* synchronizer.flush();
}
