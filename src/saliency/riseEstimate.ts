import type { Size } from '../geometry/letterbox.js';
import { sampleMask } from './gridMask.js';
import type { SampledMask } from './maskStream.js';

/** Estimates one map for each of several targets from a stream of masks and scores. */
export interface MapEstimate {
  /** Masks added so far. */
  readonly passes: number;
  /** @param scores what each target's map weighs the mask with */
  add(mask: SampledMask, scores: ArrayLike<number>): void;
  /** The map of a target; zeros before the first mask. */
  map(target: number): Float32Array;
  /** Standard error of each value of `map`; infinite while too little is known. */
  standardError(target: number): Float32Array;
  /**
   * Estimated Pearson correlation of `map` with the map of infinitely many masks, in [0, 1]; 0 for a flat map. From the
   * correlation r of the maps of every other group with those of the rest: `√(2r / (1 + r))` (Spearman and Brown's formula
   * gives the reliability of both halves together; its root is the correlation with what has no noise).
   */
  convergence(target: number): number;
  /** Everything that was learned, as copies; `restore` continues from it. */
  save(): Float64Array[];
  /** @throws RangeError where the arrays are not those of an estimate of this kind and size */
  restore(passes: number, saved: readonly Float64Array[]): void;
}

/** Running sums of one target. */
interface RiseSums {
  /** [pixels]: Σ of all finished groups, of every second one, of their squares, and Σ of the group at hand. */
  readonly sum: Float64Array;
  readonly half: Float64Array;
  readonly squares: Float64Array;
  readonly group: Float64Array;
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
 *
 * Masks of a group depend on each other, groups do not: the variance is that between groups. Squares are summed in float64 and
 * `Σ y² − (Σ y)²/G` taken at the end; contributions are not negative, so that little cancels.
 */
export class RiseEstimate implements MapEstimate {
  private readonly targets: readonly RiseSums[];
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
      half: new Float64Array(pixels),
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
      if (!made) sampleMask(mask, this.geometry, this.geometry.content, this.#mask);
      made = true;
      for (let x = 0; x < group.length; x++) group[x] += factor * this.#mask[x];
      this.#touched[t] = true;
    });
    this.passes += 1;
    if (this.passes % this.groupSize === 0) this.#closeGroup();
  }

  #closeGroup(): void {
    const second = (this.passes / this.groupSize) % 2 === 0;
    this.targets.forEach(({ sum, half, squares, group }, t) => {
      if (!this.#touched[t]) return;
      for (let x = 0; x < group.length; x++) {
        const value = group[x];
        sum[x] += value;
        squares[x] += value * value;
        if (second) half[x] += value;
        group[x] = 0;
      }
      this.#touched[t] = false;
    });
  }

  map(target: number): Float32Array {
    const { sum, group } = this.targets[target];
    const scale = 1 / (this.probability * Math.max(1, this.passes));
    return Float32Array.from(sum, (value, x) => (value + group[x]) * scale);
  }

  standardError(target: number): Float32Array {
    const { sum, squares } = this.targets[target];
    const groups = Math.floor(this.passes / this.groupSize);
    if (groups < 2) return new Float32Array(sum.length).fill(Infinity);
    const scale = 1 / (this.probability * this.groupSize * Math.sqrt(groups * (groups - 1)));
    return Float32Array.from(sum, (value, x) => scale * Math.sqrt(Math.max(0, squares[x] - (value * value) / groups)));
  }

  convergence(target: number): number {
    const { sum, half } = this.targets[target];
    return stepUp(
      pearson(
        sum.map((value, x) => value - half[x]),
        half,
      ),
    );
  }

  save(): Float64Array[] {
    return this.#arrays().map((array) => array.slice());
  }

  restore(passes: number, saved: readonly Float64Array[]): void {
    copyAll(saved, this.#arrays());
    this.#touched.fill(true);
    this.passes = passes;
  }

  #arrays(): Float64Array[] {
    return this.targets.flatMap(({ sum, half, squares, group }) => [sum, half, squares, group]);
  }
}

/** Copies arrays of one estimate into another's. */
export function copyAll(saved: readonly Float64Array[], own: readonly Float64Array[]): void {
  if (saved.length !== own.length || own.some((array, i) => saved[i]?.length !== array.length))
    throw new RangeError('the saved sums are those of another explanation');
  own.forEach((array, i) => array.set(saved[i]));
}

/** `√(2r / (1 + r))`, 0 where the halves do not agree at all: see MapEstimate.convergence. */
export function stepUp(r: number): number {
  return r > 0 ? Math.sqrt((2 * r) / (1 + r)) : 0;
}

/** Pearson's correlation of two maps; 0 where one of them is flat. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  let meanA = 0;
  let meanB = 0;
  for (let x = 0; x < n; x++) {
    meanA += a[x] / n;
    meanB += b[x] / n;
  }
  let [ab, aa, bb] = [0, 0, 0];
  for (let x = 0; x < n; x++) {
    ab += (a[x] - meanA) * (b[x] - meanB);
    aa += (a[x] - meanA) ** 2;
    bb += (b[x] - meanB) ** 2;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}
