import type { Box } from '../geometry/box.js';
import type { Size } from '../geometry/letterbox.js';
import { solveSymmetric } from '../geometry/cholesky.js';
import { axisWeights, sampleMask, type AxisWeights } from './gridMask.js';
import { copyAll, MapSums } from './mapSums.js';
import type { MaskStream, SampledMask } from './maskStream.js';
import type { MapEstimate, MapGeometry } from './riseEstimate.js';

/** Passes before the first fit, and by how many times more there are before the next. */
const FIRST_FIT = 16;
const NEXT_FIT = 1.4;
/** Features on each axis for each cell of the grid. */
const FEATURES_PER_CELL = 2;
/** Strength of the ridge: one over the share of the scores' variance that a linear model is expected to explain, less one. */
const RIDGE = 3;
/**
 * How large slopes are expected to be: a normal curve of the distance from the target's box in cells, and what is left everywhere for
 * things far away that a detector may look at too.
 */
const PRIOR_SPREAD = 0.5;
const PRIOR_FLOOR = 0.02;

/**
 * Equation 4 with a control variate. A score depends on the mask in good part linearly: `f(M) = a + Σ_k b_k (M(x_k) − p)` over
 * the mask's values at a lattice of points x_k. Of that part the map is known exactly,
 * `E[f(M)·M(x)]/p = a + (1 − p) Σ_k b_k K(x_k, x)` with `K(x, y) = E[Σ_cells R(x, cell) R(y, cell)]` over the offsets, a
 * product of one kernel for each axis; only what f leaves over is sampled:
 *
 * `S(x) = 1/N Σ_i ( w_i (p_i − f_i(M_i)) M_i(x) / p + E[f_i(M)·M(x)] / p )`.
 *
 * f_i is a ridge regression on the groups before mask i, so that every term's expectation is S(x) whatever f_i is: the
 * estimate is unbiased, and a useless f costs a little variance, not the map. The ridge expects what a score depends on near the target's
 * box (`slopePrior`), where it mostly is; an expectation that does not hold costs variance as well, and nothing else.
 */
export class RegressionEstimate implements MapEstimate {
  readonly #sums: MapSums;
  readonly #mask: Float64Array;
  readonly #lattice: Size;
  readonly #features: Float64Array;
  /** [features rows, map height] and [features columns, map width]: the kernel of each axis. */
  readonly #down: Float64Array;
  readonly #across: Float64Array;
  /** Σ w z zᵀ, Σ w z, and per target Σ w p z; z are the features less p. */
  readonly #gram: Float64Array;
  readonly #mean: Float64Array;
  readonly #moments: readonly Float64Array[];
  /** Σ w, and per target Σ w p. */
  readonly #totals: Float64Array;
  /** Per target: a and the b_k that are in use. */
  readonly #models: readonly Float64Array[];
  /** Per target: standard deviations that its slopes are expected to have, up to a common factor. */
  readonly #expected: readonly Float64Array[];
  /** Per target: the model's own map. */
  readonly #known: readonly Float64Array[];
  /** [1]: passes at which the next fit is due. */
  readonly #due = Float64Array.of(FIRST_FIT);

  constructor(
    private readonly geometry: MapGeometry,
    private readonly stream: MaskStream,
    private readonly targetCount: number,
  ) {
    const { grid } = stream.options;
    const pixels = geometry.width * geometry.height;
    this.#sums = new MapSums(pixels, stream.groupSize, targetCount);
    this.#mask = new Float64Array(pixels);
    this.#lattice = { width: FEATURES_PER_CELL * grid.columns, height: FEATURES_PER_CELL * grid.rows };
    const count = this.#lattice.width * this.#lattice.height;
    this.#features = new Float64Array(count);
    this.#gram = new Float64Array(count * count);
    this.#mean = new Float64Array(count);
    const perTarget = (length: number): Float64Array[] =>
      Array.from({ length: targetCount }, () => new Float64Array(length));
    this.#moments = perTarget(count);
    this.#models = perTarget(count + 1);
    this.#known = perTarget(pixels);
    this.#totals = new Float64Array(targetCount + 1);
    const { content } = geometry;
    const { upsampled } = stream;
    const cell = { width: content.width / grid.columns, height: content.height / grid.rows };
    this.#expected = this.#moments.map((_, t) => slopePrior(stream.options.targets[t], this.#lattice, content, cell));
    this.#down = kernel(this.#lattice.height, geometry.height, content.height, grid.rows, upsampled.height);
    this.#across = kernel(this.#lattice.width, geometry.width, content.width, grid.columns, upsampled.width);
  }

  get passes(): number {
    return this.#sums.passes;
  }

  add(mask: SampledMask, scores: ArrayLike<number>): void {
    // A fit between groups: the masks of a group depend on each other.
    if (this.passes >= this.#due[0] && this.#sums.atGroupStart) this.#fit();
    const { probability } = this.stream.options;
    const { geometry } = this;
    sampleMask(mask, geometry, geometry.content, this.#mask);
    sampleMask(mask, this.#lattice, geometry.content, this.#features);
    for (let k = 0; k < this.#features.length; k++) this.#features[k] -= probability;
    for (let t = 0; t < this.targetCount; t++) {
      const model = this.#models[t];
      let predicted = model[0];
      for (let k = 0; k < this.#features.length; k++) predicted += model[k + 1] * this.#features[k];
      const factor = (mask.weight * (scores[t] - predicted)) / probability;
      this.#sums.accumulate(t, factor, this.#mask, this.#known[t]);
    }
    this.#learn(mask.weight, scores);
    this.#sums.endMask();
  }

  #learn(weight: number, scores: ArrayLike<number>): void {
    const z = this.#features;
    const n = z.length;
    for (let k = 0; k < n; k++) {
      const scaled = weight * z[k];
      this.#mean[k] += scaled;
      for (let l = 0; l <= k; l++) this.#gram[k * n + l] += scaled * z[l];
    }
    this.#totals[0] += weight;
    for (let t = 0; t < this.targetCount; t++) {
      const scaled = weight * scores[t];
      if (scaled === 0) continue;
      this.#totals[t + 1] += scaled;
      for (let k = 0; k < n; k++) this.#moments[t][k] += scaled * z[k];
    }
  }

  /** Ridge regression of every target's scores on the features of all masks so far, and the map of that model. */
  #fit(): void {
    const n = this.#features.length;
    const [total] = this.#totals;
    const mean = this.#mean.map((sum) => sum / total);
    const scaled = new Float64Array(n * n);
    this.#models.forEach((model, t) => {
      const score = this.#totals[t + 1] / total;
      // Never found so far: the model says 0, as it does from the start.
      if (score === 0) return;
      // With slopes b = s·c, c of equal expected size, the ridge on c is an ordinary one.
      const expected = this.#expected[t];
      let trace = 0;
      for (let k = 0; k < n; k++) {
        for (let l = 0; l <= k; l++)
          scaled[k * n + l] = expected[k] * expected[l] * (this.#gram[k * n + l] / total - mean[k] * mean[l]);
        trace += scaled[k * n + k];
      }
      const ridge = (RIDGE * trace) / FEATURES_PER_CELL ** 2 / this.passes;
      for (let k = 0; k < n; k++) scaled[k * n + k] += ridge + 1e-12;
      const slopes = this.#moments[t].map((sum, k) => expected[k] * (sum / total - mean[k] * score));
      solveSymmetric(scaled, n, [slopes]);
      model[0] = score;
      for (let k = 0; k < n; k++) {
        model[k + 1] = expected[k] * slopes[k];
        model[0] -= model[k + 1] * mean[k];
      }
      this.#mapOf(model, 1 - this.stream.options.probability, this.#known[t]);
    });
    this.#due[0] = Math.ceil(this.passes * NEXT_FIT);
  }

  /** `a + (1 − p) Σ_k b_k K(x_k, x)`, one axis after the other. */
  #mapOf(model: Float64Array, factor: number, into: Float64Array): void {
    const { width, height } = this.geometry;
    const { width: columns, height: rows } = this.#lattice;
    const line = new Float64Array(rows * width);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        const slope = model[1 + r * columns + c] * factor;
        for (let x = 0; x < width; x++) line[r * width + x] += slope * this.#across[c * width + x];
      }
    into.fill(model[0]);
    for (let r = 0; r < rows; r++)
      for (let y = 0; y < height; y++) {
        const weight = this.#down[r * height + y];
        if (weight === 0) continue;
        for (let x = 0; x < width; x++) into[y * width + x] += weight * line[r * width + x];
      }
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
    return this.#arrays().map((array) => array.slice());
  }

  restore(passes: number, saved: readonly Float64Array[]): void {
    copyAll(saved, this.#arrays());
    this.#sums.restored(passes);
  }

  #arrays(): Float64Array[] {
    const own = [this.#gram, this.#mean, this.#totals, this.#due];
    return [...this.#sums.arrays(), ...own, ...this.#moments, ...this.#models, ...this.#known];
  }
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

/**
 * `E[Σ_cells R(x_k, cell) R(x, cell)]` of one axis over the offsets, [features, length].
 * @param pixels that both the features and the map cover
 */
function kernel(features: number, length: number, pixels: number, cells: number, upsampled: number): Float64Array {
  const offsets = upsampled / (cells + 1);
  const values = new Float64Array(features * length);
  for (let offset = 0; offset < offsets; offset++) {
    const a = axisWeights(features, pixels / features, offset, cells, upsampled);
    const b = axisWeights(length, pixels / length, offset, cells, upsampled);
    for (let k = 0; k < features; k++)
      for (let x = 0; x < length; x++) values[k * length + x] += overlap(a, k, b, x) / offsets;
  }
  return values;
}

/** Σ over cells of the products of two positions' weights. */
function overlap(a: AxisWeights, k: number, b: AxisWeights, x: number): number {
  const apart = b.cell[x] - a.cell[k];
  const [f, g] = [a.fraction[k], b.fraction[x]];
  if (apart === 0) return (1 - f) * (1 - g) + f * g;
  if (apart === 1) return f * (1 - g);
  if (apart === -1) return (1 - f) * g;
  return 0;
}
