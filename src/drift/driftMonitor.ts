import { type Spectrum, SPECTRA } from '../spectrum.js';
import type { Baseline } from './baseline.js';
import type { Bins } from './bins.js';
import { AGREEMENT_BINS, BAND_FIGURES, type BandObservation, type Observation } from './figures.js';
import { SlidingCounts } from './slidingCounts.js';
import { classGroups, grouped, neighbourGroups, stabilityIndex } from './stabilityIndex.js';

/** Slices of the window: it slides by a sixtieth of its length. */
const SLICES = 60;

/** When a figure counts as drifted. */
export interface DriftLimits {
  /** Fewest values in the window, and in the baseline, for a verdict. */
  readonly minimumSamples: number;
  /** A figure has drifted when its stability index rises above this … */
  readonly raiseAbove: number;
  /** … and until it falls below this. */
  readonly clearBelow: number;
}

/** How far one figure lies from the baseline. */
export interface FigureDrift {
  /** `undefined` for what concerns all bands together. */
  readonly spectrum: Spectrum | undefined;
  /** In words, plural, for example `scores`. */
  readonly name: string;
  /** Population stability index over the window; `undefined` where there is too little to say. */
  readonly index: number | undefined;
  /** Values in the window. */
  readonly samples: number;
  readonly drifted: boolean;
}

interface Watched {
  readonly spectrum: Spectrum | undefined;
  readonly name: string;
  readonly valuesOf: (observation: Observation) => readonly number[];
  readonly baseline: readonly number[];
  readonly baselineTotal: number;
  readonly groups: readonly number[];
  readonly window: SlidingCounts;
  drifted: boolean;
}

const DETECTION_FIGURES = [
  ['scores', 'score', ({ detections }: BandObservation) => detections.map(({ score }) => score)],
  ['numbers of detections', 'count', ({ detections }: BandObservation) => [detections.length]],
  ['attention figures (energy in box)', 'energyInBox', attention('energyInBox')],
  ['attention figures (energy gain)', 'energyGain', attention('energyGain')],
] as const;

/**
 * Holds what is seen now against a recorded baseline: the population stability index of scores, class mix, numbers of detections,
 * attention figures and agreement between bands over a sliding window, each with hysteresis. Times are monotonic nanoseconds of the
 * caller's. Memory does not depend on the rate.
 */
export class DriftMonitor {
  readonly #figures: Watched[];
  readonly #sliceNs: bigint;
  /** When the oldest of what is in the window was seen, or earlier. */
  #sinceNs: bigint | undefined;
  #sliceStartNs: bigint | undefined;

  /** @param spectra the bands that can be held against the baseline (`bandMismatch`) */
  constructor(baseline: Baseline, spectra: readonly Spectrum[], windowSeconds: number) {
    this.#sliceNs = BigInt(Math.max(1, Math.round((windowSeconds * 1e9) / SLICES)));
    const bands = SPECTRA.filter((spectrum) => spectra.includes(spectrum));
    const agreement = binned(AGREEMENT_BINS, ({ agreements }) => agreements);
    this.#figures = [
      ...bands.flatMap((spectrum) => bandFigures(baseline, spectrum)),
      watched(undefined, 'agreement between bands', agreement, baseline.agreement, neighbourGroups),
    ];
  }

  observe(observation: Observation, nowNs: bigint): void {
    this.#advance(nowNs);
    if (this.#figures.every(({ window }) => window.total === 0)) {
      this.#sinceNs = nowNs;
      for (const figure of this.#figures) figure.drifted = false;
    }
    for (const { valuesOf, window } of this.#figures) for (const bin of valuesOf(observation)) window.add(bin);
  }

  /** Forgets the window and all verdicts: what comes now is not comparable with what came before. */
  reset(): void {
    for (const figure of this.#figures) {
      figure.window.clear();
      figure.drifted = false;
    }
  }

  /**
   * Every figure with its verdict. There is none before half a window has been seen: shorter ones show the scene, not a drift. A figure that has become too rare to judge keeps its last verdict until none of it is left.
   */
  judge(nowNs: bigint, { minimumSamples, raiseAbove, clearBelow }: DriftLimits): FigureDrift[] {
    this.#advance(nowNs);
    const seenNs = this.#sinceNs === undefined ? 0n : nowNs - this.#sinceNs;
    const longEnough = 2n * seenNs >= this.#sliceNs * BigInt(SLICES);
    return this.#figures.map((figure) => {
      const { spectrum, name, window, baseline, baselineTotal, groups } = figure;
      const samples = window.total;
      const enough = longEnough && Math.min(samples, baselineTotal) >= Math.max(1, minimumSamples);
      const index = enough ? stabilityIndex(grouped(baseline, groups), grouped(window.counts, groups)) : undefined;
      if (index !== undefined)
        figure.drifted = index > (figure.drifted ? Math.min(clearBelow, raiseAbove) : raiseAbove);
      else if (samples === 0) figure.drifted = false;
      return { spectrum, name, index, samples, drifted: figure.drifted };
    });
  }

  #advance(nowNs: bigint): void {
    this.#sliceStartNs ??= nowNs;
    const slices = (nowNs - this.#sliceStartNs) / this.#sliceNs;
    if (slices <= 0n) return;
    this.#sliceStartNs += slices * this.#sliceNs;
    for (let i = 0; i < Math.min(Number(slices), SLICES); i++) for (const { window } of this.#figures) window.advance();
  }
}

function bandFigures(baseline: Baseline, spectrum: Spectrum): Watched[] {
  const band = baseline.bands[spectrum];
  if (band === undefined) return [];
  const ofBand =
    (values: (observed: BandObservation) => readonly number[]) =>
    ({ bands }: Observation): readonly number[] =>
      bands.filter((observed) => observed.spectrum === spectrum).flatMap((observed) => [...values(observed)]);
  const classIndices = ofBand(({ detections }) =>
    detections.map(({ className }) => band.classes.indexOf(className)).filter((index) => index >= 0),
  );
  return [
    ...DETECTION_FIGURES.map(([name, figure, values]) =>
      watched(spectrum, name, binned(BAND_FIGURES[figure], ofBand(values)), band.figures[figure], neighbourGroups),
    ),
    watched(spectrum, 'classes', classIndices, band.classCounts, classGroups),
  ];
}

function watched(
  spectrum: Spectrum | undefined,
  name: string,
  valuesOf: Watched['valuesOf'],
  baseline: readonly number[],
  groupsOf: (counts: readonly number[]) => number[],
): Watched {
  const baselineTotal = baseline.reduce((sum, count) => sum + count, 0);
  const window = new SlidingCounts(baseline.length, SLICES);
  return { spectrum, name, valuesOf, baseline, baselineTotal, groups: groupsOf(baseline), window, drifted: false };
}

function binned(bins: Bins, valuesOf: (observation: Observation) => readonly number[]): Watched['valuesOf'] {
  return (observation) => valuesOf(observation).map(bins.of);
}

function attention(figure: 'energyInBox' | 'energyGain'): (observed: BandObservation) => readonly number[] {
  return ({ detections }) => detections.flatMap(({ attention: looked }) => (looked ? [looked[figure]] : []));
}
