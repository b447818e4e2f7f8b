import type { Size } from '../geometry/letterbox.js';
import { sampleMask } from './gridMask.js';
import type { SampledMask } from './maskStream.js';

/** Running sums of one target, in float64: what an explanation can be continued from. */
export interface RiseSums {
  /** [pixels]: Σ of all finished groups, Σ of their squares, and Σ of the group at hand. */
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  readonly group: Float64Array;
}

/** Where a map is evaluated. */
export interface MapGeometry extends Size {
  /** Content pixels from one value to the next. */
  readonly stride: number;
}

/**
 * Equation 4 of the study, `S(x) = 1/(E[M]·N) Σ_i p_i M_i(x)`, for all targets of a frame from one stream of masks, with the
 * standard error of every value. `E[M]` is the probability that a cell is on, as bilinear weights sum to one. A weighted mask
 * counts `w_i p_i M_i`. Memory does not grow with the number of masks; sums are made in the order of `add`.
 *
 * Masks of a group depend on each other, groups do not: the variance is that between groups. Squares are summed in float64 and
 * `Σ y² − (Σ y)²/G` taken at the end; contributions are not negative, so that little cancels.
 */
export class RiseEstimate {
  readonly targets: readonly RiseSums[];
  passes = 0;
  readonly #mask: Float64Array;
  readonly #touched: boolean[];

  /**
   * @param probability E[M]
   * @param groupSize see MaskStream
   */
  constructor(
    private readonly geometry: MapGeometry,
    private readonly probability: number,
    private readonly groupSize: number,
    targetCount: number,
  ) {
    const pixels = geometry.width * geometry.height;
    this.#mask = new Float64Array(pixels);
    this.targets = Array.from({ length: targetCount }, () => ({
      sum: new Float64Array(pixels),
      squares: new Float64Array(pixels),
      group: new Float64Array(pixels),
    }));
    this.#touched = this.targets.map(() => false);
  }

  /** Adds one mask. A score of 0 adds nothing, which makes most passes of most targets free. */
  add(mask: SampledMask, scores: ArrayLike<number>): void {
    let made = false;
    this.targets.forEach(({ group }, t) => {
      const factor = mask.weight * scores[t];
      if (factor === 0) return;
      if (!made) sampleMask(mask, this.geometry, this.geometry.stride, this.#mask);
      made = true;
      for (let x = 0; x < group.length; x++) group[x] += factor * this.#mask[x];
      this.#touched[t] = true;
    });
    this.passes += 1;
    if (this.passes % this.groupSize === 0) this.#closeGroup();
  }

  #closeGroup(): void {
    this.targets.forEach(({ sum, squares, group }, t) => {
      if (!this.#touched[t]) return;
      for (let x = 0; x < group.length; x++) {
        const value = group[x];
        sum[x] += value;
        squares[x] += value * value;
        group[x] = 0;
      }
      this.#touched[t] = false;
    });
  }

  /** S of a target; zeros before the first mask. */
  map(target: number): Float32Array {
    const { sum, group } = this.targets[target];
    const scale = 1 / (this.probability * Math.max(1, this.passes));
    return Float32Array.from(sum, (value, x) => (value + group[x]) * scale);
  }

  /** Standard error of each value of `map`; infinite before two groups are finished. */
  standardError(target: number): Float32Array {
    const { sum, squares } = this.targets[target];
    const groups = Math.floor(this.passes / this.groupSize);
    if (groups < 2) return new Float32Array(sum.length).fill(Infinity);
    const scale = 1 / (this.probability * this.groupSize * Math.sqrt(groups * (groups - 1)));
    return Float32Array.from(sum, (value, x) => scale * Math.sqrt(Math.max(0, squares[x] - (value * value) / groups)));
  }

  /** Continues from sums that were copied from `targets` after `passes` masks. */
  restore(passes: number, targets: readonly RiseSums[]): void {
    targets.forEach((saved, t) => {
      for (const key of ['sum', 'squares', 'group'] as const) this.targets[t][key].set(saved[key]);
      this.#touched[t] = true;
    });
    this.passes = passes;
  }
}

/**
 * How near a map of means is to its limit: `√(1 − mean(se²) / var(map))`, an estimate of its Pearson correlation with the map
 * of infinitely many masks (the map's variance over its pixels is the true one plus the mean squared standard error).
 * @returns in [0, 1]; 0 for a flat map, which has no correlation with anything
 */
export function convergence(map: Float32Array, standardError: Float32Array): number {
  let mean = 0;
  for (const value of map) mean += value / map.length;
  let variance = 0;
  let noise = 0;
  for (let x = 0; x < map.length; x++) {
    variance += (map[x] - mean) ** 2 / map.length;
    noise += standardError[x] ** 2 / map.length;
  }
  return variance > 0 && Number.isFinite(noise) ? Math.sqrt(Math.max(0, 1 - noise / variance)) : 0;
}
