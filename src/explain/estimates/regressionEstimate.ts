import { sampleMask } from '../masks/gridMask.js';
import { copyAll, MapSums } from './mapSums.js';
import { MaskRegression } from './maskRegression.js';
import type { MaskStream, SampledMask } from '../masks/maskStream.js';
import type { MapEstimate, MapGeometry } from './riseEstimate.js';

/** Passes before the first fit, and by how many times more there are before the next. */
const FIRST_FIT = 16;
const NEXT_FIT = 1.4;

/**
 * Equation 4 with a control variate. A score depends on the mask in good part linearly. Of the linear part f (MaskRegression) the map is
 * known exactly; only what f leaves over is sampled:
 *
 * `S(x) = 1/N Σ_i ( w_i (p_i − f_i(M_i)) M_i(x) / p + E[f_i(M)·M(x)] / p )`.
 *
 * f_i is a ridge regression on the masks before mask i, so that every term's expectation is S(x) whatever f_i is: the
 * estimate is unbiased, and a useless f costs a little variance, not the map.
 */
export class RegressionEstimate implements MapEstimate {
  /** Of all masks so far. */
  readonly regression: MaskRegression;
  readonly #sums: MapSums;
  readonly #mask: Float64Array;
  /** Per target: the model in use, and its own map. */
  readonly #models: readonly Float64Array[];
  readonly #known: readonly Float64Array[];
  /** [1]: passes at which the next fit is due. */
  readonly #due = Float64Array.of(FIRST_FIT);
  readonly #geometry: MapGeometry;
  readonly #stream: MaskStream;
  readonly #targetCount: number;

  constructor(geometry: MapGeometry, stream: MaskStream, targetCount: number) {
    this.#geometry = geometry;
    this.#stream = stream;
    this.#targetCount = targetCount;
    const pixels = geometry.width * geometry.height;
    this.#sums = new MapSums(pixels, targetCount);
    this.#mask = new Float64Array(pixels);
    this.regression = new MaskRegression(geometry, stream, targetCount);
    this.#models = Array.from({ length: targetCount }, () => this.regression.emptyModel());
    this.#known = Array.from({ length: targetCount }, () => new Float64Array(pixels));
  }

  get passes(): number {
    return this.#sums.passes;
  }

  add(mask: SampledMask, scores: ArrayLike<number>): void {
    if (this.passes >= this.#due[0]) this.#fit();
    const { probability } = this.#stream.options;
    const geometry = this.#geometry;
    sampleMask(mask, geometry, geometry.content, this.#mask);
    this.regression.look(mask);
    for (let t = 0; t < this.#targetCount; t++) {
      const factor = (mask.weight * (scores[t] - this.regression.predict(this.#models[t]))) / probability;
      this.#sums.accumulate(t, factor, this.#mask, this.#known[t]);
    }
    this.regression.learn(mask.weight, scores);
    this.#sums.endMask();
  }

  #fit(): void {
    // A target that was never found so far keeps the model that says 0.
    this.#models.forEach((model, t) => {
      if (this.regression.fit(t, model)) this.regression.mapOf(model, this.#known[t]);
    });
    this.#due[0] = Math.ceil(this.passes * NEXT_FIT);
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
    this.#sums.passes = passes;
  }

  #arrays(): Float64Array[] {
    return [...this.#sums.arrays(), ...this.regression.arrays(), this.#due, ...this.#models, ...this.#known];
  }
}
