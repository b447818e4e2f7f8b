import type { Size } from '../../geometry/letterbox.js';
import { sampleMask } from '../masks/gridMask.js';
import { copyAll, MapSums } from './mapSums.js';
import type { SampledMask } from '../masks/maskStream.js';

/** Estimates one map for each of several targets from a stream of masks and scores. */
export interface MapEstimate {
  /** Masks added so far. */
  readonly passes: number;
  /** @param scores what each target's map weighs the mask with */
  add(mask: SampledMask, scores: ArrayLike<number>): void;
  /** The map of a target; zeros before the first mask. */
  map(target: number): Float32Array;
  /** Standard error of each value of `map`, of this very map; infinite while too little is known, undefined where no honest one is known. */
  standardError(target: number): Float32Array | undefined;
  /**
   * Estimated Pearson correlation of `map` with the map of infinitely many masks, in [0, 1]; 0 for a flat map; undefined where there is no
   * standard error. Of means, from the correlation r of the map of every other mask with that of the rest: `√(2r / (1 + r))` (Spearman and
   * Brown's formula gives the reliability of both halves together; its root is the correlation with what has no noise).
   */
  convergence(target: number): number | undefined;
  /** Everything that was learned, as copies; `restore` continues from it. */
  save(): Float64Array[];
  /** @throws RangeError where the arrays are not those of an estimate of this kind and size */
  restore(passes: number, saved: readonly Float64Array[]): void;
}

/** Where a map is evaluated. */
export interface MapGeometry extends Size {
  /** What the map covers, in the pixels of the masks. */
  readonly content: Size;
}

/**
 * Equation 4 of the study, `S(x) = 1/(E[M]·N) Σ_i p_i M_i(x)`, for all targets of a frame from one stream of masks, with the
 * standard error of every value. `E[M]` is the probability that a cell is on, as bilinear weights sum to one. A weighted mask
 * counts `w_i p_i M_i`. Memory does not grow with the number of masks; sums are made in the order of `add`.
 */
export class RiseEstimate implements MapEstimate {
  readonly #sums: MapSums;
  readonly #mask: Float64Array;
  readonly #geometry: MapGeometry;
  readonly #probability: number;

  /** @param probability E[M] */
  constructor(geometry: MapGeometry, probability: number, targetCount: number) {
    this.#geometry = geometry;
    this.#probability = probability;
    const pixels = geometry.width * geometry.height;
    this.#mask = new Float64Array(pixels);
    this.#sums = new MapSums(pixels, targetCount);
  }

  get passes(): number {
    return this.#sums.passes;
  }

  /** A score of 0 adds nothing, which makes most passes of most targets free. */
  add(mask: SampledMask, scores: ArrayLike<number>): void {
    let made = false;
    for (let t = 0; t < scores.length; t++) {
      const factor = (mask.weight * scores[t]) / this.#probability;
      if (factor === 0) continue;
      if (!made) sampleMask(mask, this.#geometry, this.#geometry.content, this.#mask);
      made = true;
      this.#sums.accumulate(t, factor, this.#mask);
    }
    this.#sums.endMask();
  }

  map(target: number): Float32Array {
    return this.#sums.mean(target);
  }

  standardError(target: number): Float32Array {
    return this.#sums.standardError(target);
  }

  convergence(target: number): number {
    return this.#sums.convergence(target);
  }

  save(): Float64Array[] {
    return this.#sums.arrays().map((array) => array.slice());
  }

  restore(passes: number, saved: readonly Float64Array[]): void {
    copyAll(saved, this.#sums.arrays());
    this.#sums.passes = passes;
  }
}
