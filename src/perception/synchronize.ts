import { concatAll, defer, EMPTY, endWith, expand, map, Observable, of, switchMap, type OperatorFunction } from 'rxjs';
import type { Frame } from '../images/frame.js';
import type { Clock } from './clock.js';
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
    defer(() => {
      const synchronizer = sync instanceof Synchronizer ? sync : new Synchronizer<F>(sync);
      const whenDue = (): Observable<readonly FrameSet<F>[]> => {
        const deadlineNs = synchronizer.deadlineNs();
        if (clock === undefined || deadlineNs === undefined) return EMPTY;
        return after(deadlineNs - clock.nowNs(), clock).pipe(map(() => synchronizer.tick(clock.nowNs())));
      };
      return source.pipe(
        endWith(undefined),
        // A frame, or the end, takes the place of the timer that the one before it left.
        switchMap((frame) =>
          frame === undefined
            ? of(synchronizer.flush())
            : of(synchronizer.push(frame, clock?.nowNs())).pipe(expand(whenDue)),
        ),
        // Not within switchMap: a frame that arrives while the sets of the last one go out must not cut them off.
        concatAll(),
      );
    });
}

/** Emits once, when `delayNs` of the clock have passed. */
function after(delayNs: bigint, clock: Clock): Observable<void> {
  return new Observable((subscriber) =>
    clock.setTimer(delayNs, () => {
      subscriber.next();
      subscriber.complete();
    }),
  );
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
