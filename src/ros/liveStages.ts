import {
  defer,
  EMPTY,
  exhaustMap,
  expand,
  from,
  ignoreElements,
  Subject,
  tap,
  type Observable,
  type Subscription,
} from 'rxjs';
import type { Frame } from '../images/frame.js';
import { type Clock, systemClock } from '../perception/clock.js';
import type { FrameSet } from '../perception/frameSet.js';
import { SetTurns } from '../perception/setTurns.js';
import type { OutOfStep } from '../perception/stepWatch.js';
import { synchronize } from '../perception/synchronize.js';
import { Synchronizer, type SyncOptions } from '../perception/synchronizer.js';
import { SPECTRA, type Spectrum } from '../spectrum.js';

/** Images of one band that were not processed, by reason. */
export interface BandDrops {
  /** By newer ones, because the detector was busy. */
  readonly replaced: number;
  /** Older than what was processed already. */
  readonly late: number;
  readonly duplicates: number;
  /** More of them waited for the other bands than the queue holds. */
  readonly overflowed: number;
  /** The stamp is far from those of the other images. */
  readonly implausible: number;
}

/** What became of one band's images before and behind the synchronizer. */
export interface BandFlow {
  readonly drops: BandDrops;
  readonly clockJumps: number;
  readonly outOfStep: OutOfStep | undefined;
  /** For the other bands, or for what bears their stamps out. */
  readonly waiting: number;
}

/**
 * Frames in, one set in work at a time, of each band the newest image waiting and no other (see SetTurns): memory and lateness are bounded
 * however slow the detector is. A dropped set counts as a drop for each of its bands.
 */
export class LiveStages {
  readonly #frames = new Subject<Frame>();
  readonly #synchronizer: Synchronizer;
  readonly #subscription: Subscription;
  readonly #turns = new SetTurns();
  readonly #replaced = new Map<Spectrum, number>();
  readonly #clock: Clock;
  #startedNs: bigint | undefined;

  /** @param work must not reject for a bad frame; a rejection reaches `onError` and ends the stages */
  constructor(
    options: SyncOptions,
    work: (set: FrameSet) => Promise<void>,
    onError: (error: unknown) => void,
    clock: Clock = systemClock,
  ) {
    this.#clock = clock;
    this.#synchronizer = new Synchronizer(options);
    const timed = async (set: FrameSet): Promise<void> => {
      this.#startedNs = clock.nowNs();
      try {
        await work(set);
      } finally {
        this.#startedNs = undefined;
      }
    };
    this.#subscription = this.#frames
      .pipe(
        synchronize(this.#synchronizer, clock),
        tap((set) => this.#wait(set)),
        // What comes meanwhile waits in the turns, from which the work that goes on takes it.
        exhaustMap(() => allTurns(this.#turns, timed)),
      )
      .subscribe({ error: onError });
  }

  push(frame: Frame): void {
    this.#frames.next(frame);
  }

  /** How long the set in work has been in work, seconds; 0 when idle. */
  busySeconds(): number {
    return this.#startedNs === undefined ? 0 : Number(this.#clock.nowNs() - this.#startedNs) / 1e9;
  }

  flow(): ReadonlyMap<Spectrum, BandFlow> {
    const { bands } = this.#synchronizer.counters();
    const flows = new Map<Spectrum, BandFlow>();
    for (const spectrum of SPECTRA) {
      const band = bands.get(spectrum);
      if (band === undefined) continue;
      const { duplicates, late, overflowed, implausible, clockJumps, outOfStep } = band;
      const waiting = band.pending + band.quarantined;
      const replaced = this.#replaced.get(spectrum) ?? 0;
      const drops = { replaced, late, duplicates, overflowed, implausible };
      flows.set(spectrum, { drops, clockJumps, outOfStep, waiting });
    }
    return flows;
  }

  close(): void {
    this.#subscription.unsubscribe();
  }

  #wait(set: FrameSet): void {
    for (const { frames } of this.#turns.offer(set)) {
      for (const spectrum of frames.keys()) this.#replaced.set(spectrum, (this.#replaced.get(spectrum) ?? 0) + 1);
    }
  }
}

/** Works on what waits, one set after the other; completes in the same turn in which nothing waits any more, so that nothing is missed. */
function allTurns(turns: SetTurns, work: (set: FrameSet) => Promise<void>): Observable<never> {
  const turn = (): Observable<void> => {
    const set = turns.take();
    return set === undefined ? EMPTY : from(work(set));
  };
  return defer(turn).pipe(expand(turn), ignoreElements());
}
