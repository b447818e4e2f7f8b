import type { Spectrum } from '../spectrum.js';
import type { Baseline } from './baseline.js';
import { BAND_FIGURES, type BandObservation, type Extreme, extremesOf } from './figures.js';

/** Images from which a band's own past forgets half: what is usual follows the drive. */
const FORGET_AFTER = 200_000;

/** Words for each extreme, and which end of its distribution is the unusual one. */
const EXTREMES = {
  lowestEnergyInBox: { words: 'energy in box', end: 'low' },
  lowestEnergyGain: { words: 'energy gain', end: 'low' },
  highestEnergyGain: { words: 'energy gain', end: 'high' },
} as const;

/** An image whose attention is unlike that of others of its band. */
export interface UnusualAttention {
  readonly spectrum: Spectrum;
  /** For example `energy in box 0.004 of Person in fir: lower than in 99.9 % of images`. */
  readonly text: string;
}

/**
 * Tells which images have unusual attention figures: the lowest energy in a box, and the lowest and the highest energy gain of an image,
 * each held against the same extreme of other images of that band, from a baseline where one can be used, else from the band's own past.
 * An extreme is unusual where at most the given share of images is as extreme: `(k + 1) / (n + 1) ≤ share` for k of n images. So no
 * verdict before `1 / share − 1` images, and in a drive that stays as it is no more than about that share of images is unusual by each
 * of the three. Memory is a few hundred counts per band.
 */
export class AttentionWatch {
  readonly #past = new Map<string, number[]>();
  readonly baseline: Baseline | undefined;
  readonly spectra: readonly Spectrum[];

  /** @param spectra the bands for which the baseline can be used (`bandMismatch`) */
  constructor(baseline?: Baseline, spectra: readonly Spectrum[] = []) {
    this.baseline = baseline;
    this.spectra = spectra;
  }

  /** Judges one image, then takes it into the band's past. @param share in [0, 1]; 0: nothing is unusual */
  look(band: BandObservation, share: number): UnusualAttention | undefined {
    let found: UnusualAttention | undefined;
    for (const extreme of extremesOf(band)) {
      const past = this.#pastOf(band.spectrum, extreme.figure);
      const bin = BAND_FIGURES[extreme.figure].of(extreme.value);
      const { end } = EXTREMES[extreme.figure];
      const reference = this.#baselineOf(band.spectrum, extreme.figure, share) ?? past;
      const total = sumOf(reference);
      const asExtreme = sumOf(end === 'low' ? reference.slice(0, bin + 1) : reference.slice(bin));
      if ((asExtreme + 1) / (total + 1) <= share) found ??= describe(band.spectrum, extreme, 1 - asExtreme / total);
      past[bin]++;
      if (sumOf(past) >= FORGET_AFTER) past.forEach((count, i) => (past[i] = Math.floor(count / 2)));
    }
    return found;
  }

  #pastOf(spectrum: Spectrum, figure: Extreme['figure']): number[] {
    const key = `${spectrum} ${figure}`;
    let past = this.#past.get(key);
    if (past === undefined) this.#past.set(key, (past = new Array<number>(BAND_FIGURES[figure].count).fill(0)));
    return past;
  }

  /** A baseline of too few images to hold anything unusual is no use. */
  #baselineOf(spectrum: Spectrum, figure: Extreme['figure'], share: number): readonly number[] | undefined {
    if (!this.spectra.includes(spectrum)) return undefined;
    const counts = this.baseline?.bands[spectrum]?.figures[figure];
    return counts !== undefined && 1 / (sumOf(counts) + 1) <= share ? counts : undefined;
  }
}

function describe(spectrum: Spectrum, { figure, value, className }: Extreme, beyond: number): UnusualAttention {
  const { words, end } = EXTREMES[figure];
  const percent = (100 * beyond).toFixed(beyond < 0.9995 ? 1 : 2);
  const side = end === 'low' ? 'lower' : 'higher';
  return {
    spectrum,
    text: `${words} ${value.toPrecision(2)} of ${className} in ${spectrum}: ${side} than in ${percent} % of images`,
  };
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
