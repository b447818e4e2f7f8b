import { Subject, tap, type Subscription } from 'rxjs';
import type { Frame } from '../images/frame.js';
import { systemClock } from '../perception/clock.js';
import type { FrameSet } from '../perception/frameSet.js';
import { BackPressure, latestWins } from '../perception/latestWins.js';
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
}

/** What became of one band's images before and behind the synchronizer. */
export interface BandFlow {
  readonly drops: BandDrops;
  readonly clockJumps: number;
}

/**
 * Frames in, one set in work at a time, the newest set waiting and no other: memory and lateness are bounded however slow the detector is.
 * A dropped set counts as a drop for each of its bands.
 */
export class LiveStages {
  readonly #frames = new Subject<Frame>();
  readonly #synchronizer: Synchronizer;
  readonly #subscription: Subscription;
  readonly #backPressure = new BackPressure<FrameSet>();
  readonly #taken = new Map<Spectrum, number>();
  #newest: FrameSet | undefined;
  #startedNs: bigint | undefined;

  /** @param work must not reject for a bad frame; a rejection reaches `onError` and ends the stages */
  constructor(options: SyncOptions, work: (set: FrameSet) => Promise<void>, onError: (error: unknown) => void) {
    this.#synchronizer = new Synchronizer(options);
    const timed = async (set: FrameSet): Promise<void> => {
      this.#startedNs = process.hrtime.bigint();
      for (const spectrum of set.frames.keys()) this.#taken.set(spectrum, (this.#taken.get(spectrum) ?? 0) + 1);
      try {
        await work(set);
      } finally {
        this.#startedNs = undefined;
      }
    };
    this.#subscription = this.#frames
      .pipe(
        synchronize(this.#synchronizer, systemClock),
        tap((set) => (this.#newest = set)),
        latestWins(timed, () => '', this.#backPressure),
      )
      .subscribe({ error: onError });
  }

  push(frame: Frame): void {
    this.#frames.next(frame);
  }

  /** How long the set in work has been in work, seconds; 0 when idle. */
  busySeconds(): number {
    return this.#startedNs === undefined ? 0 : Number(process.hrtime.bigint() - this.#startedNs) / 1e9;
  }

  flow(): ReadonlyMap<Spectrum, BandFlow> {
    const { bands } = this.#synchronizer.counters();
    const waits = this.#backPressure.counters().get('')?.waiting === 1;
    const flows = new Map<Spectrum, BandFlow>();
    for (const spectrum of SPECTRA) {
      const band = bands.get(spectrum);
      if (band === undefined) continue;
      // What has left the synchronizer and was not taken up was replaced, but for the newest set while it waits.
      const waiting = waits && this.#newest?.frames.has(spectrum) === true ? 1 : 0;
      const replaced = band.used - (this.#taken.get(spectrum) ?? 0) - waiting;
      const { duplicates, late, overflowed, clockJumps } = band;
      flows.set(spectrum, { drops: { replaced, late, duplicates, overflowed }, clockJumps });
    }
    return flows;
  }

  close(): void {
    this.#subscription.unsubscribe();
  }
}
