import { Observable, type OperatorFunction } from 'rxjs';

/** What became of the values of one key: `received = started + dropped + waiting`, `started = finished + in flight`. */
export interface BackPressureCounters {
  readonly received: number;
  readonly started: number;
  readonly finished: number;
  /** Replaced by a newer value before their turn came. */
  readonly dropped: number;
  /** 1 while a value waits for the one in flight. */
  readonly waiting: number;
}

interface Lane<T> {
  inFlight: boolean;
  waiting: { readonly value: T } | undefined;
  received: number;
  started: number;
  finished: number;
  dropped: number;
}

/** Counters of a `latestWins` operator by key, to be read while it runs. Use one for one subscription. */
export class BackPressure<T> {
  readonly #lanes = new Map<string, Lane<T>>();

  counters(): ReadonlyMap<string, BackPressureCounters> {
    const all = new Map<string, BackPressureCounters>();
    for (const [key, { received, started, finished, dropped, waiting }] of this.#lanes) {
      all.set(key, { received, started, finished, dropped, waiting: waiting === undefined ? 0 : 1 });
    }
    return all;
  }

  /** @internal */
  lane(key: string): Lane<T> {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { inFlight: false, waiting: undefined, received: 0, started: 0, finished: 0, dropped: 0 };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** @internal Nothing in flight and nothing waiting. */
  get idle(): boolean {
    for (const { inFlight, waiting } of this.#lanes.values()) if (inFlight || waiting !== undefined) return false;
    return true;
  }
}

/**
 * rxjs operator for live data: `project` runs for at most one value per key at a time, and at most one value per key waits;
 * a newer one takes the place of the one that waits, which is counted as dropped. Memory and lateness are so bounded however
 * slow `project` is. Values of one key come out in order; different keys do not wait for each other. Completes when the source
 * has, and what was in flight or waiting is done. A rejection of `project`, or an error of the source, ends the stream.
 *
 * @param keyOf Which lane a value belongs to (for example its spectrum); a small, fixed set of keys. One lane by default.
 */
export function latestWins<T, R>(
  project: (value: T) => Promise<R>,
  keyOf: (value: T) => string = () => '',
  backPressure = new BackPressure<T>(),
): OperatorFunction<T, R> {
  return (source) =>
    new Observable<R>((subscriber) => {
      let sourceDone = false;
      const run = async (lane: Lane<T>, first: T): Promise<void> => {
        lane.inFlight = true;
        try {
          for (let next: { readonly value: T } | undefined = { value: first }; next !== undefined;) {
            lane.waiting = undefined;
            lane.started++;
            const result = await project(next.value);
            lane.finished++;
            if (subscriber.closed) return;
            subscriber.next(result);
            next = lane.waiting;
          }
        } catch (error) {
          subscriber.error(error);
        } finally {
          lane.inFlight = false;
          if (subscriber.closed && lane.waiting !== undefined) {
            lane.waiting = undefined;
            lane.dropped++;
          }
        }
        if (sourceDone && backPressure.idle) subscriber.complete();
      };
      return source.subscribe({
        next(value) {
          const lane = backPressure.lane(keyOf(value));
          lane.received++;
          if (!lane.inFlight) {
            void run(lane, value);
            return;
          }
          if (lane.waiting !== undefined) lane.dropped++;
          lane.waiting = { value };
        },
        error: (error) => subscriber.error(error),
        complete() {
          sourceDone = true;
          if (backPressure.idle) subscriber.complete();
        },
      });
    });
}
