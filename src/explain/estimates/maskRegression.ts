import type { Box } from '../../geometry/box.js';
import type { Size } from '../../geometry/letterbox.js';
import { solveSymmetric } from './cholesky.js';
import { sampleMask } from '../masks/gridMask.js';
import { LinearMaps } from './linearMaps.js';
import type { MaskStream, SampledMask } from '../masks/maskStream.js';
import type { MapGeometry } from './riseEstimate.js';

/** Points of the lattice over a cell. */
const FEATURES_PER_CELL = 2;
/**
 * Strength of the ridge: one over the share of the scores' variance that a linear model is expected to explain, less one. Between 10 and 100 the
 * maps of few masks are equally near to those of very many.
 */
const RIDGE = 30;
/**
 * How large slopes are expected to be: a normal curve of the distance from the target's box in cells, and what is left everywhere for
 * things far away that a detector may look at too.
 */
const PRIOR_SPREAD = 0.5;
const PRIOR_FLOOR = 0.1;

/**
 * Weighted ridge regressions of the scores of several targets on the masks: `f(M) = a + Σ_k b_k (M(x_k) − p)` over the mask's values at a
 * lattice of points x_k, two for each cell and axis. They are made from sums, so that memory does not grow with the number of masks. The ridge
 * expects what a score depends on near the target's box (`slopePrior`), where it mostly is.
 */
export class MaskRegression {
  /** Of the mask at hand, less p: see `look`. */
  readonly #features: Float64Array;
  readonly #lattice: Size;
  readonly #maps: LinearMaps;
  /** Σ w z zᵀ (its lower triangle), Σ w z, and per target Σ w p z; z are the features. */
  readonly #gram: Float64Array;
  readonly #mean: Float64Array;
  readonly #moments: readonly Float64Array[];
  /** Σ w, per target Σ w p, and the masks. */
  readonly #totals: Float64Array;
  /** Of the features of so many masks: what every target's fit begins with. */
  #spread: { readonly masks: number; readonly mean: Float64Array; readonly covariance: Float64Array } | undefined;
  /** Per target: standard deviations that its slopes are expected to have, up to a common factor. */
  readonly #expected: readonly Float64Array[];
  readonly #geometry: MapGeometry;
  readonly #stream: MaskStream;
  readonly #targetCount: number;

  constructor(geometry: MapGeometry, stream: MaskStream, targetCount: number) {
    this.#geometry = geometry;
    this.#stream = stream;
    this.#targetCount = targetCount;
    const { grid, targets } = stream.options;
    const { content } = geometry;
    this.#maps = new LinearMaps(geometry, stream);
    this.#lattice = this.#maps.lattice;
    const count = this.#lattice.width * this.#lattice.height;
    this.#features = new Float64Array(count);
    this.#gram = new Float64Array(count * count);
    this.#mean = new Float64Array(count);
    this.#moments = Array.from({ length: targetCount }, () => new Float64Array(count));
    this.#totals = new Float64Array(targetCount + 2);
    const cell = { width: content.width / grid.columns, height: content.height / grid.rows };
    this.#expected = this.#moments.map((_, t) => slopePrior(targets[t], this.#lattice, content, cell));
  }

  /** A model of nothing: a, then every b_k. */
  emptyModel(): Float64Array {
    return new Float64Array(this.#features.length + 1);
  }

  /** Takes up a mask for `predict` and `learn`. */
  look(mask: SampledMask): void {
    const { probability } = this.#stream.options;
    sampleMask(mask, this.#lattice, this.#geometry.content, this.#features);
    for (let k = 0; k < this.#features.length; k++) this.#features[k] -= probability;
  }

  /** f of the mask at hand. */
  predict(model: Float64Array): number {
    let value = model[0];
    for (let k = 0; k < this.#features.length; k++) value += model[k + 1] * this.#features[k];
    return value;
  }

  /** Learns the scores of the mask at hand. */
  learn(weight: number, scores: ArrayLike<number>): void {
    const z = this.#features;
    const n = z.length;
    for (let k = 0; k < n; k++) {
      const scaled = weight * z[k];
      this.#mean[k] += scaled;
      for (let l = 0; l <= k; l++) this.#gram[k * n + l] += scaled * z[l];
    }
    this.#totals[0] += weight;
    this.#totals[this.#targetCount + 1] += 1;
    for (let t = 0; t < this.#targetCount; t++) {
      const scaled = weight * scores[t];
      if (scaled === 0) continue;
      this.#totals[t + 1] += scaled;
      for (let k = 0; k < n; k++) this.#moments[t][k] += scaled * z[k];
    }
  }

  /**
   * Fits a target's model to all masks so far.
   * @param from a model whose slopes, times the factor by which they follow these scores best, are expected rather than none
   * @returns false, and leaves the model alone, where the target was never found
   */
  fit(target: number, model: Float64Array, from?: Float64Array): boolean {
    const n = this.#features.length;
    const [total] = this.#totals;
    const masks = this.#totals[this.#targetCount + 1];
    const score = this.#totals[target + 1] / total;
    if (masks === 0 || (score === 0 && from === undefined)) return false;
    const { mean, covariance } = this.#spreadOf(masks, total);
    const follows = this.#moments[target].map((sum, k) => sum / total - mean[k] * score);
    const base = new Float64Array(n);
    if (from) {
      // What the expected slopes b explain of the covariances of scores and features, C·b, and how well they follow the scores.
      const explained = new Float64Array(n);
      for (let k = 0; k < n; k++)
        for (let l = 0; l <= k; l++) {
          const value = covariance[k * n + l];
          explained[k] += value * from[l + 1];
          if (l < k) explained[l] += value * from[k + 1];
        }
      const factor = followingFactor(from, follows, explained);
      for (let k = 0; k < n; k++) {
        base[k] = factor * from[k + 1];
        follows[k] -= factor * explained[k];
      }
    }
    // With slopes b = base + s·c, c of equal expected size, the ridge on c is an ordinary one.
    const expected = this.#expected[target];
    const scaled = new Float64Array(n * n);
    let trace = 0;
    for (let k = 0; k < n; k++) {
      for (let l = 0; l <= k; l++) scaled[k * n + l] = expected[k] * expected[l] * covariance[k * n + l];
      trace += scaled[k * n + k];
    }
    const ridge = (RIDGE * trace) / FEATURES_PER_CELL ** 2 / masks;
    for (let k = 0; k < n; k++) scaled[k * n + k] += ridge + 1e-12;
    const slopes = follows.map((value, k) => expected[k] * value);
    solveSymmetric(scaled, n, [slopes]);
    model[0] = score;
    for (let k = 0; k < n; k++) {
      model[k + 1] = base[k] + expected[k] * slopes[k];
      model[0] -= model[k + 1] * mean[k];
    }
    return true;
  }

  /** Means and covariances of the features (their lower triangle), worked out once for all targets. */
  #spreadOf(masks: number, total: number): { readonly mean: Float64Array; readonly covariance: Float64Array } {
    if (this.#spread?.masks === masks) return this.#spread;
    const n = this.#features.length;
    const mean = this.#mean.map((sum) => sum / total);
    const covariance = new Float64Array(n * n);
    for (let k = 0; k < n; k++)
      for (let l = 0; l <= k; l++) covariance[k * n + l] = this.#gram[k * n + l] / total - mean[k] * mean[l];
    this.#spread = { masks, mean, covariance };
    return this.#spread;
  }

  /** The map of a model: see LinearMaps. */
  mapOf(model: Float64Array, into: Float64Array): void {
    this.#maps.mapOf(model.subarray(1), model[0], into);
  }

  /** Everything that was learned: the sums themselves, which may be overwritten. */
  arrays(): Float64Array[] {
    this.#spread = undefined;
    return [this.#gram, this.#mean, this.#totals, ...this.#moments];
  }
}

/** Share of its variance that a model's factor is held at 1 with, as few masks say little of it. */
const FACTOR_HOLD = 0.2;

/** `(b·Cov(z, p) + h·v) / (v + h·v)`, v = bᵀ C b: the least-squares factor of a model for these scores, drawn towards 1. */
function followingFactor(model: Float64Array, follows: Float64Array, explained: Float64Array): number {
  let [along, own] = [0, 0];
  for (let k = 0; k < follows.length; k++) {
    along += model[k + 1] * follows[k];
    own += model[k + 1] * explained[k];
  }
  return own > 0 ? (along + FACTOR_HOLD * own) / (own + FACTOR_HOLD * own) : 1;
}

/**
 * Standard deviations that the slopes of a score are expected to have, `√(exp(−d²/2σ²) + floor)` with d the distance of a lattice point
 * from the target's box in cells; equal ones without a box.
 */
function slopePrior(box: Box | undefined, lattice: Size, content: Size, cell: Size): Float64Array {
  return Float64Array.from({ length: lattice.width * lattice.height }, (_, k) => {
    if (!box) return 1;
    const x = (((k % lattice.width) + 0.5) * content.width) / lattice.width;
    const y = ((Math.floor(k / lattice.width) + 0.5) * content.height) / lattice.height;
    const across = Math.max(box.x1 - x, 0, x - box.x2) / cell.width;
    const down = Math.max(box.y1 - y, 0, y - box.y2) / cell.height;
    return Math.sqrt(Math.exp(-(across ** 2 + down ** 2) / (2 * PRIOR_SPREAD ** 2)) + PRIOR_FLOOR);
  });
}
