import type { MaskStream } from '../masks/maskStream.js';
import { solveSymmetric } from './cholesky.js';
import { GaussianBasis } from './gaussianBasis.js';
import { Interactions, ORDERS } from './interactions.js';
import { LinearMaps } from './linearMaps.js';
import { MaskMoments } from './maskMoments.js';
import type { MapGeometry } from './riseEstimate.js';
import { sparseBayes, type SparsePosterior } from './sparseBayes.js';

/** Rounds in which interactions are taken off the scores and the slopes are fitted again. */
const ROUNDS = 2;
/** Masks that the strength of an interaction is drawn towards 0 with. */
const INTERACTION_HOLD = 4;
/** Fewer passes say nothing. */
export const LEAST_PASSES = 4;

/** Sums of scores t over masks: Σ w t, Σ w t² and Σ w t z. */
export interface ScoreSums {
  readonly sum: number;
  readonly squares: number;
  readonly moments: Float64Array;
}

/** Scores as a linear model of the masks. */
export interface SparseModel {
  readonly posterior: SparsePosterior;
  /** Weighted mean of the scores without their interactions. */
  readonly level: number;
  /** Of the kept masks: score without interactions, less the model. */
  readonly residuals: Float64Array;
}

/**
 * Scores regressed on masks by sparse Bayes: bumps (GaussianBasis) chosen by their evidence (sparseBayes); what cells do together is taken off the
 * scores, as it brings noise and nothing else (Interactions).
 */
export class SparseRegression {
  readonly moments: MaskMoments;
  readonly basis: GaussianBasis;
  readonly #interactions: Interactions;
  #shared: { readonly passes: number; readonly gram: Float64Array; readonly mean: Float64Array } | undefined;

  readonly geometry: MapGeometry;
  readonly #stream: MaskStream;

  constructor(geometry: MapGeometry, stream: MaskStream, targetCount: number) {
    this.geometry = geometry;
    this.#stream = stream;
    const { grid } = stream.options;
    this.moments = new MaskMoments(geometry.content, stream.options, targetCount);
    const maps = new LinearMaps(geometry, stream);
    const { lattice } = maps;
    this.basis = new GaussianBasis(maps, {
      width: lattice.width / grid.columns,
      height: lattice.height / grid.rows,
    });
    this.#interactions = new Interactions(geometry.content, stream, lattice);
  }

  /**
   * @param raw scores of the kept masks
   * @param of sums of the scores of all masks
   * @param leastGain see sparseBayes
   * @returns undefined where too little is known
   */
  fit(raw: Float64Array, { sum, squares, moments }: ScoreSums, leastGain?: number): SparseModel | undefined {
    const { masks: passes, kept } = this.moments;
    if (passes < LEAST_PASSES || squares === 0) return undefined;
    const { total, mean } = this.moments.spread();
    const scale = passes / total;
    const scores = raw.slice();
    const sums = { sum, squares, moments: Float64Array.from(moments) };
    let posterior: SparsePosterior | undefined;
    for (let round = 0; ; round++) {
      const level = sums.sum / total;
      const follows = sums.moments.map((value, k) => scale * (value - sums.sum * mean[k]));
      posterior = sparseBayes(
        {
          count: passes,
          gram: this.shared().gram,
          moments: this.basis.of(follows),
          squares: Math.max(0, scale * (sums.squares - sums.sum * level)),
        },
        posterior,
        leastGain,
      );
      const slopes = this.basis.latticeSlopes(posterior.active, posterior.slopes);
      const linear = kept.map(({ features }) => {
        let value = level;
        for (let k = 0; k < slopes.length; k++) value += slopes[k] * (features[k] - mean[k]);
        return value;
      });
      if (round === ROUNDS || posterior.active.length === 0)
        return { posterior, level, residuals: scores.map((score, i) => score - linear[i]) };
      const together = this.#together(
        slopes,
        raw.map((score, i) => score - linear[i]),
      );
      kept.forEach(({ mask: { weight }, features }, i) => {
        const score = raw[i] - together[i];
        const change = weight * (score - scores[i]);
        sums.sum += change;
        sums.squares += weight * (score * score - scores[i] * scores[i]);
        for (let k = 0; k < features.length; k++) sums.moments[k] += change * features[k];
        scores[i] = score;
      });
    }
  }

  /** What of the kept masks' residuals follows the interactions of a linear model: least squares, drawn towards 0. */
  #together(slopes: Float64Array, residuals: Float64Array): Float64Array {
    const { kept } = this.moments;
    const count = ORDERS.length;
    const values = kept.map(({ mask }) => {
      const into = new Float64Array(count);
      this.#interactions.of(mask, slopes, into);
      return into;
    });
    const matrix = new Float64Array(count * count);
    const side = new Float64Array(count);
    values.forEach((row, i) => {
      const { weight } = kept[i].mask;
      for (let a = 0; a < count; a++) {
        side[a] += weight * row[a] * residuals[i];
        for (let b = 0; b <= a; b++) matrix[a * count + b] += weight * row[a] * row[b];
      }
    });
    for (let a = 0; a < count; a++)
      matrix[a * count + a] = matrix[a * count + a] * (1 + INTERACTION_HOLD / kept.length) + Number.MIN_VALUE;
    try {
      solveSymmetric(matrix, count, [side]);
    } catch {
      // A model of a single cell has no pairs.
      side.fill(0);
    }
    return Float64Array.from(values, (row) => row.reduce((sum, value, a) => sum + side[a] * value, 0));
  }

  /** Gram matrix and mean of the basis functions over all masks so far, once for all targets. */
  shared(): { readonly gram: Float64Array; readonly mean: Float64Array } {
    const { masks: passes } = this.moments;
    if (this.#shared?.passes === passes) return this.#shared;
    const { gram, mean } = this.moments.spread();
    this.#shared = { passes, gram: this.basis.gram(gram), mean: this.basis.of(mean) };
    return this.#shared;
  }

  save(): Float64Array[] {
    return this.moments.save();
  }

  /** @throws RangeError where the arrays are not those of the same kind and size */
  restore(saved: readonly Float64Array[]): void {
    this.moments.restore(saved, this.#stream.upsampled);
    this.#shared = undefined;
  }
}
