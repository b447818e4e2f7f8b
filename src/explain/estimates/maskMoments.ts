import type { Size } from '../../geometry/letterbox.js';
import { sampleMask } from '../masks/gridMask.js';
import type { MaskStreamOptions, SampledMask } from '../masks/maskStream.js';
import { latticeOf } from './linearMaps.js';
import { copyAll } from './mapSums.js';

/** Masks that are kept with their scores; what is learned from later ones is their sums. */
export const KEPT_MASKS = 2048;

/** A mask that is kept. */
export interface KeptMask {
  readonly mask: SampledMask;
  /** Its values at the lattice less p, z [K]. */
  readonly features: Float32Array;
  /** [targets]. */
  readonly scores: Float64Array;
}

/** Means and covariances of features and scores, weighted. */
export interface MaskSpread {
  /** Σ w. */
  readonly total: number;
  /** Mean of the features, z̄ [K]. */
  readonly mean: Float64Array;
  /** Σ (w/w̄)(z − z̄)(z − z̄)ᵀ [K, K], both triangles. */
  readonly gram: Float64Array;
}

/**
 * Sums over masks from which scores are regressed on them: features z_k are the mask's values at a lattice of points, two for each cell and axis, less p.
 * Memory grows with the number of masks up to KEPT_MASKS, and no further.
 */
export class MaskMoments {
  readonly lattice: Size;
  readonly kept: KeptMask[] = [];
  readonly #features: Float64Array;
  /** Σ w z zᵀ (its lower triangle), Σ w z. */
  readonly #gram: Float64Array;
  readonly #mean: Float64Array;
  /** Per target Σ w t z. */
  readonly #moments: readonly Float64Array[];
  /** Masks, Σ w, then per target Σ w t and Σ w t². */
  readonly #totals: Float64Array;
  #spread: (MaskSpread & { readonly masks: number }) | undefined;

  readonly #content: Size;
  readonly #options: MaskStreamOptions;
  readonly #targetCount: number;

  constructor(content: Size, options: MaskStreamOptions, targetCount: number) {
    this.#content = content;
    this.#options = options;
    this.#targetCount = targetCount;
    this.lattice = latticeOf(options);
    const count = this.lattice.width * this.lattice.height;
    this.#features = new Float64Array(count);
    this.#gram = new Float64Array(count * count);
    this.#mean = new Float64Array(count);
    this.#moments = Array.from({ length: targetCount }, () => new Float64Array(count));
    this.#totals = new Float64Array(2 + 2 * targetCount);
  }

  get masks(): number {
    return this.#totals[0];
  }

  add(mask: SampledMask, scores: ArrayLike<number>): void {
    const z = this.#look(mask);
    const { weight } = mask;
    const n = z.length;
    for (let k = 0; k < n; k++) {
      const scaled = weight * z[k];
      this.#mean[k] += scaled;
      for (let l = 0; l <= k; l++) this.#gram[k * n + l] += scaled * z[l];
    }
    this.#totals[0] += 1;
    this.#totals[1] += weight;
    for (let t = 0; t < this.#targetCount; t++) {
      const scaled = weight * scores[t];
      if (scaled === 0) continue;
      this.#totals[2 + 2 * t] += scaled;
      this.#totals[3 + 2 * t] += scaled * scores[t];
      for (let k = 0; k < n; k++) this.#moments[t][k] += scaled * z[k];
    }
    if (this.kept.length < KEPT_MASKS) this.#keep(mask, scores);
  }

  #look(mask: SampledMask): Float64Array {
    sampleMask(mask, this.lattice, this.#content, this.#features);
    for (let k = 0; k < this.#features.length; k++) this.#features[k] -= this.#options.probability;
    return this.#features;
  }

  #keep(mask: SampledMask, scores: ArrayLike<number>): void {
    const features = Float32Array.from(this.#features);
    this.kept.push({ mask, features, scores: Float64Array.from({ length: this.#targetCount }, (_, t) => scores[t]) });
  }

  /** Of all masks so far, worked out once for all targets. */
  spread(): MaskSpread {
    const { masks } = this;
    if (this.#spread?.masks === masks) return this.#spread;
    const n = this.#mean.length;
    const total = this.#totals[1];
    const mean = this.#mean.map((sum) => sum / total);
    const gram = new Float64Array(n * n);
    const scale = masks / total;
    for (let k = 0; k < n; k++)
      for (let l = 0; l <= k; l++) {
        const value = scale * (this.#gram[k * n + l] - total * mean[k] * mean[l]);
        gram[k * n + l] = gram[l * n + k] = value;
      }
    this.#spread = { masks, total, mean, gram };
    return this.#spread;
  }

  /** Sums of a target's scores: Σ w t, Σ w t² and Σ w t z. */
  sumsOf(target: number): { readonly sum: number; readonly squares: number; readonly moments: Float64Array } {
    const [sum = 0, squares = 0] = this.#totals.subarray(2 + 2 * target, 4 + 2 * target);
    return { sum, squares, moments: this.#moments[target] };
  }

  save(): Float64Array[] {
    const rows = this.kept.map(({ mask, scores }) =>
      Float64Array.of(mask.weight, mask.offsetY, mask.offsetX, ...mask.grid, ...scores),
    );
    return [...this.#arrays().map((array) => array.slice()), ...rows];
  }

  /** @throws RangeError where the arrays are not those of the same kind and size */
  restore(saved: readonly Float64Array[], upsampled: Size): void {
    const own = this.#arrays();
    copyAll(saved.slice(0, own.length), own);
    this.#spread = undefined;
    const { rows, columns } = this.#options.grid;
    const cells = rows * columns;
    const kept = saved.slice(own.length);
    if (
      kept.length !== Math.min(this.masks, KEPT_MASKS) ||
      kept.some(({ length }) => length !== 3 + cells + this.#targetCount)
    )
      throw new RangeError('the saved masks are those of another explanation');
    this.kept.length = 0;
    for (const row of kept) {
      const [weight = 1, offsetY = 0, offsetX = 0] = row;
      const mask = {
        rows,
        columns,
        offsetY,
        offsetX,
        upsampled,
        weight,
        grid: Uint8Array.from(row.subarray(3, 3 + cells)),
      };
      this.#look(mask);
      this.#keep(mask, row.subarray(3 + cells));
    }
  }

  #arrays(): Float64Array[] {
    return [this.#totals, this.#gram, this.#mean, ...this.#moments];
  }
}
