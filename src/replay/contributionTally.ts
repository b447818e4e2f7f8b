import type { BandContribution } from '../fusion/bandContributions.js';
import { type Spectrum, SPECTRA } from '../spectrum.js';

/** What one band did for the fused detections of a drive. */
export interface ContributionSummary {
  /** Means over the fused detections in whose fusion the band took part; see fusion/bandContributions.ts. */
  readonly shapley: number;
  readonly leaveOneOut: number;
  /** Fused detections of which this band has the highest Shapley value. */
  readonly carried: number;
}

/** Sums up which band carried what, in bounded memory. */
export class ContributionTally {
  readonly #sums = new Map<Spectrum, { count: number; shapley: number; leaveOneOut: number; carried: number }>();

  add(contributions: readonly BandContribution[]): void {
    const most = Math.max(...contributions.map(({ shapley }) => shapley));
    const carrier = contributions.find(({ shapley }) => shapley === most);
    for (const one of contributions) {
      const { spectrum, shapley, leaveOneOut } = one;
      let sum = this.#sums.get(spectrum);
      if (sum === undefined) this.#sums.set(spectrum, (sum = { count: 0, shapley: 0, leaveOneOut: 0, carried: 0 }));
      sum.count++;
      sum.shapley += shapley;
      sum.leaveOneOut += leaveOneOut;
      if (one === carrier) sum.carried++;
    }
  }

  summary(): Partial<Record<Spectrum, ContributionSummary>> {
    const means = [...this.#sums].map(([spectrum, { count, shapley, leaveOneOut, carried }]) => {
      return [spectrum, { shapley: shapley / count, leaveOneOut: leaveOneOut / count, carried }] as const;
    });
    return Object.fromEntries(means.sort(([a], [b]) => SPECTRA.indexOf(a) - SPECTRA.indexOf(b)));
  }
}
