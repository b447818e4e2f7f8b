import { SPECTRA } from '../spectrum.js';
import type { Names } from './encodeSet.js';
import type { ReportHeader } from './page/format.js';
import type { ReportFrameSet } from './reportInput.js';

/** Counts over the whole replay; exact whatever is thinned. Memory: one number for each spectrum and class. */
export class Totals {
  sets = 0;
  setsWithPictures = 0;
  #partialSets = 0;
  #dropped = 0;
  #earliestNs: bigint | null = null;
  #latestNs: bigint | null = null;
  readonly #frames = SPECTRA.map(() => 0);
  readonly #detections: number[][] = SPECTRA.map(() => []);

  add(set: ReportFrameSet, classes: Names): void {
    this.sets++;
    if (set.partial === true) this.#partialSets++;
    this.#dropped += set.dropped ?? 0;
    if (this.#earliestNs === null || set.stampNs < this.#earliestNs) this.#earliestNs = set.stampNs;
    if (this.#latestNs === null || set.stampNs > this.#latestNs) this.#latestNs = set.stampNs;
    for (const frame of set.frames) {
      const spectrum = SPECTRA.indexOf(frame.spectrum);
      this.#frames[spectrum] = (this.#frames[spectrum] ?? 0) + 1;
      const byClass = (this.#detections[spectrum] ??= []);
      for (const { className } of frame.detections) {
        const index = classes.indexOf(className);
        byClass[index] = (byClass[index] ?? 0) + 1;
      }
    }
  }

  /** Seconds from the earliest to the latest set. */
  get durationS(): number {
    return this.#earliestNs === null || this.#latestNs === null
      ? 0
      : Number(this.#latestNs - this.#earliestNs) / 1_000_000_000;
  }

  summary(classes: Names, losses: number): ReportHeader['totals'] {
    return {
      sets: this.sets,
      partialSets: this.#partialSets,
      frames: this.#frames,
      dropped: this.#dropped,
      detections: this.#detections.map((byClass) => classes.list.map((_, index) => byClass[index] ?? 0)),
      losses,
    };
  }
}
