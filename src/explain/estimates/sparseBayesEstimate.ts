import type { MaskStream, SampledMask } from '../masks/maskStream.js';
import type { MapEstimate, MapGeometry } from './riseEstimate.js';
import { LEAST_PASSES, type SparseModel, SparseRegression } from './sparseRegression.js';

/**
 * What the standard error is made of besides the posterior, chosen on the tuning half of the planted cases (docs/reasons.md): the share of the
 * variance that a plain mean of the residuals would have, for slopes that were left out; and how much larger the errors of slopes and level are where
 * few masks have a score at all, `√(b + (c/n)²)`, n the effective number of scores `(Σ t)²/Σ t²`.
 */
const LEFT_OUT = 0.3;
const FEW_SCORES = { slopes: { base: 1.4, few: 35 }, level: { base: 1, few: 18 } } as const;
/** A residual is divided by 1 − leverage, which is held above this. */
const LEAST_FREEDOM = 0.1;

/** What is known of a target after some masks. */
interface Solution {
  readonly passes: number;
  readonly map: Float32Array;
  readonly standardError: Float32Array;
  readonly convergence: number;
}

/**
 * The map by sparse Bayesian regression of the scores on the masks: the linear part of a score, which is all that equation 4 sees (LinearMaps), as
 * a sum of few bumps (GaussianBasis) chosen by their evidence (sparseBayes). It expects no place more than another; what acts together is
 * taken off the scores as it brings noise and nothing else (Interactions).
 *
 * The standard error is that of this map: the posterior's, with the noise's part taken from the residuals themselves, `β² Σ (Σ_i r_i² q_i q_iᵀ) Σ`, as
 * a score is noisy where something is seen and certain where nothing is (White 1980; each divided by what its own mask decides, HC3), the prior's part `Σ A Σ`, that of the level, and a share
 * for slopes that were left out.
 */
export class SparseBayesEstimate implements MapEstimate {
  readonly #regression: SparseRegression;
  readonly #solutions: (Solution | undefined)[];

  readonly #geometry: MapGeometry;
  readonly #stream: MaskStream;

  constructor(geometry: MapGeometry, stream: MaskStream, targetCount: number) {
    this.#geometry = geometry;
    this.#stream = stream;
    this.#regression = new SparseRegression(geometry, stream, targetCount);
    this.#solutions = new Array<undefined>(targetCount).fill(undefined);
  }

  get passes(): number {
    return this.#regression.moments.masks;
  }

  add(mask: SampledMask, scores: ArrayLike<number>): void {
    this.#regression.moments.add(mask, scores);
  }

  map(target: number): Float32Array {
    return this.#solve(target).map;
  }

  standardError(target: number): Float32Array {
    return this.#solve(target).standardError;
  }

  convergence(target: number): number {
    return this.#solve(target).convergence;
  }

  save(): Float64Array[] {
    return this.#regression.save();
  }

  restore(passes: number, saved: readonly Float64Array[]): void {
    this.#regression.restore(saved);
    if (this.passes !== passes) throw new RangeError('the saved masks are of another number of passes');
    this.#solutions.fill(undefined);
  }

  #solve(target: number): Solution {
    const known = this.#solutions[target];
    if (known?.passes === this.passes) return known;
    const solution = this.#draw(target);
    this.#solutions[target] = solution;
    return solution;
  }

  #draw(target: number): Solution {
    const { width, height } = this.#geometry;
    const { passes } = this;
    const { moments, basis } = this.#regression;
    const scores = Float64Array.from(moments.kept, (one) => one.scores[target]);
    const model = this.#regression.fit(scores, moments.sumsOf(target));
    if (!model) {
      const nothing = new Float32Array(width * height);
      // Never found: as a mean says, 0 with no error seen.
      const unknown = passes < LEAST_PASSES ? Infinity : 0;
      return { passes, map: nothing, standardError: nothing.map(() => unknown), convergence: 0 };
    }
    const { posterior, level } = model;
    const { active, slopes } = posterior;
    const m = active.length;
    const mean = active.map((k) => this.#regression.shared().mean[k]);
    const variance = this.#variance(model, target);
    const map = new Float32Array(width * height);
    const standardError = new Float32Array(width * height);
    const bumps = new Float64Array(m + 1);
    bumps[0] = 1;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let value = level;
        for (let i = 0; i < m; i++) {
          bumps[i + 1] = basis.mapAt(active[i], x, y) - mean[i];
          value += slopes[i] * bumps[i + 1];
        }
        map[y * width + x] = value;
        standardError[y * width + x] = Math.sqrt(quadratic(variance.matrix, bumps) + variance.leftOut);
      }
    return { passes, map, standardError, convergence: convergenceOf(map, standardError, variance) };
  }

  /** Covariance of level and slopes [m + 1, m + 1], the level first. */
  #variance(
    { posterior, residuals }: SparseModel,
    target: number,
  ): { readonly matrix: Float64Array; readonly leftOut: number } {
    const { active, covariance, precisions, noisePrecision } = posterior;
    const { passes } = this;
    const { moments, basis } = this.#regression;
    const { total, mean } = moments.spread();
    const { kept } = moments;
    const m = active.length;
    const size = m + 1;
    const matrix = new Float64Array(size * size);
    const pull = new Float64Array(size);
    const seen = new Float64Array(m);
    const centre = active.map((k) => basis.at(k, mean));
    let squares = 0;
    let [scores, scoreSquares] = [0, 0];
    kept.forEach(({ mask, features, scores: raw }, n) => {
      const weight = (mask.weight * passes) / total;
      squares += (weight * residuals[n] ** 2) / kept.length;
      scores += Math.abs(weight * raw[target]);
      scoreSquares += (weight * raw[target]) ** 2;
      for (let i = 0; i < m; i++) seen[i] = basis.at(active[i], features) - centre[i];
      pull[0] = 1 / passes;
      // Leverage: the share of its own score that a mask decides.
      let own = 1 / passes;
      for (let i = 0; i < m; i++) {
        let sum = 0;
        for (let j = 0; j < m; j++) sum += covariance[i * m + j] * seen[j];
        pull[i + 1] = noisePrecision * sum;
        own += pull[i + 1] * seen[i];
      }
      const error = (weight * residuals[n]) / Math.max(LEAST_FREEDOM, 1 - weight * own);
      for (let i = 0; i < size; i++) pull[i] *= error;
      for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) matrix[i * size + j] += pull[i] * pull[j];
    });
    // Kept masks stand for all.
    const scale = passes / kept.length;
    const effective = (scale * scores ** 2) / scoreSquares;
    const wider = ({ base, few }: { base: number; few: number }): number => Math.sqrt(base + (few / effective) ** 2);
    const widths = Float64Array.from(pull, (_, i) => wider(i === 0 ? FEW_SCORES.level : FEW_SCORES.slopes));
    for (let i = 0; i < size; i++)
      for (let j = 0; j <= i; j++) {
        let value = matrix[i * size + j] * scale * widths[i] * widths[j];
        if (i > 0 && j > 0)
          for (let k = 0; k < m; k++) value += covariance[(i - 1) * m + k] * precisions[k] * covariance[k * m + j - 1];
        matrix[i * size + j] = matrix[j * size + i] = value;
      }
    const { probability } = this.#stream.options;
    return { matrix, leftOut: (LEFT_OUT * widths[0] ** 2 * squares * (1 - probability)) / probability / passes };
  }
}

function quadratic(matrix: Float64Array, vector: Float64Array): number {
  const n = vector.length;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    let row = 0;
    for (let j = 0; j < i; j++) row += matrix[i * n + j] * vector[j];
    sum += vector[i] * (2 * row + matrix[i * n + i] * vector[i]);
  }
  return Math.max(0, sum);
}

/**
 * Expected Pearson correlation of a map with the one that it estimates, `√(V / (V + E))`: V the variance of its values over the picture, E the mean
 * variance of their errors, less what they have in common.
 */
function convergenceOf(
  map: Float32Array,
  standardError: Float32Array,
  { matrix, leftOut }: { readonly matrix: Float64Array; readonly leftOut: number },
): number {
  const mean = map.reduce((sum, value) => sum + value, 0) / map.length;
  const spread = map.reduce((sum, value) => sum + (value - mean) ** 2, 0) / map.length;
  if (spread === 0) return 0;
  const error = standardError.reduce((sum, value) => sum + value * value, 0) / map.length;
  // The floor's error is common to nearly all of the map.
  const floor = standardError.toSorted()[Math.floor(standardError.length / 4)] ** 2 - leftOut;
  const own = Math.max(0, error - Math.min(floor, matrix[0]));
  return Math.sqrt(spread / (spread + own));
}
