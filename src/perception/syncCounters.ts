import { SPECTRA, type Spectrum } from '../spectrum.js';
import type { OutOfStep } from './stepWatch.js';

/** What became of the frames of one band: `received = used + duplicates + late + overflowed + unexpected + implausible + pending + quarantined`. */
export interface BandSyncCounters {
  readonly received: number;
  /** Left in a frame set. */
  readonly used: number;
  /** Dropped: the band had just sent a frame of this stamp. */
  readonly duplicates: number;
  /** Dropped: the set of its moment, or a later one, had gone out already. */
  readonly late: number;
  /** Dropped: the oldest of a full queue. */
  readonly overflowed: number;
  /** Dropped: this band is not among the expected ones. */
  readonly unexpected: number;
  /** Dropped: the stamp did not fit, and nothing bore it out (see StampQuarantine). */
  readonly implausible: number;
  /** Still waiting for the other bands. */
  readonly pending: number;
  /** The stamp does not fit; still waiting for what bears it out. */
  readonly quarantined: number;
  /** Sets that went out without this (expected) band. */
  readonly partialSets: number;
  /** Backward clock jumps that a frame of this band revealed. */
  readonly clockJumps: number;
  /** Where the band is out of step with the others now. */
  readonly outOfStep: OutOfStep | undefined;
}

/** Counts since the synchronizer was made. */
export interface SyncCounters {
  /** The expected bands, and any other that sent frames. */
  readonly bands: ReadonlyMap<Spectrum, BandSyncCounters>;
  readonly sets: number;
  /** Sets that lacked at least one expected band. */
  readonly partialSets: number;
  readonly clockJumps: number;
}

type Gauges = Pick<BandSyncCounters, 'pending' | 'quarantined' | 'outOfStep'>;
type Count = Exclude<keyof BandSyncCounters, keyof Gauges>;

/** The running counts behind `SyncCounters`. */
export class SyncCounts {
  readonly #bands = new Map<Spectrum, Record<Count, number>>();
  #sets = 0;
  #partialSets = 0;

  constructor(expected: readonly Spectrum[]) {
    for (const spectrum of expected) this.#bands.set(spectrum, zeros());
  }

  add(spectrum: Spectrum, count: Count, by = 1): void {
    let band = this.#bands.get(spectrum);
    if (band === undefined) this.#bands.set(spectrum, (band = zeros()));
    band[count] += by;
  }

  addSet(partial: boolean): void {
    this.#sets++;
    if (partial) this.#partialSets++;
  }

  snapshot(gaugesOf: (spectrum: Spectrum) => Gauges): SyncCounters {
    const bands = new Map<Spectrum, BandSyncCounters>();
    let clockJumps = 0;
    for (const spectrum of SPECTRA) {
      const counts = this.#bands.get(spectrum);
      if (counts === undefined) continue;
      bands.set(spectrum, { ...counts, ...gaugesOf(spectrum) });
      clockJumps += counts.clockJumps;
    }
    return { bands, sets: this.#sets, partialSets: this.#partialSets, clockJumps };
  }
}

function zeros(): Record<Count, number> {
  return {
    received: 0,
    used: 0,
    duplicates: 0,
    late: 0,
    overflowed: 0,
    unexpected: 0,
    implausible: 0,
    partialSets: 0,
    clockJumps: 0,
  };
}
