import { copyAll } from './mapSums.js';
import { MaskRegression } from './maskRegression.js';
import type { MaskStream, SampledMask } from '../masks/maskStream.js';
import { RegressionEstimate } from './regressionEstimate.js';
import type { MapEstimate, MapGeometry } from './riseEstimate.js';

/** True where mask `index` of `passes` is one of `corrected` that also get a full pass, spread evenly. */
export function isCorrected(index: number, passes: number, corrected: number): boolean {
  return Math.floor(((index + 1) * corrected) / passes) > Math.floor((index * corrected) / passes);
}

/**
 * The map of many cheap passes, corrected by few full ones: a ridge regression of the full scores (see RidgeEstimate) that expects the
 * slopes of the cheap ones, times the factor by which they follow the full scores best, instead of none. With many full passes it is their
 * map whatever the cheap scores are; with none it is the cheap ones'.
 *
 * There is no standard error: the ridge is biased by its belief in the box, which no resampling sees.
 * Scores are [2T]: the cheap ones of all targets, then the full ones, NaN where there was no full
 * pass.
 */
export class CorrectedRidgeEstimate implements MapEstimate {
  readonly #cheap: MaskRegression;
  readonly #full: RegressionEstimate;
  /** Masks added, and those of them that had a full pass. */
  readonly #counts = new Float64Array(2);
  readonly #geometry: MapGeometry;
  readonly #targetCount: number;

  constructor(geometry: MapGeometry, stream: MaskStream, targetCount: number) {
    this.#geometry = geometry;
    this.#targetCount = targetCount;
    this.#cheap = new MaskRegression(geometry, stream, targetCount);
    this.#full = new RegressionEstimate(geometry, stream, targetCount);
  }

  get passes(): number {
    return this.#counts[0];
  }

  add(mask: SampledMask, scores: ArrayLike<number>): void {
    const targetCount = this.#targetCount;
    this.#cheap.look(mask);
    this.#cheap.learn(mask.weight, scores);
    this.#counts[0] += 1;
    if (Number.isNaN(scores[targetCount])) return;
    this.#counts[1] += 1;
    this.#full.add(
      mask,
      Float64Array.from({ length: targetCount }, (_, t) => scores[targetCount + t]),
    );
  }

  map(target: number): Float32Array {
    const cheap = this.#cheap.emptyModel();
    const map = new Float64Array(this.#geometry.width * this.#geometry.height);
    const known = this.#cheap.fit(target, cheap);
    const { regression } = this.#full;
    const model = regression.emptyModel();
    if (regression.fit(target, model, known ? cheap : undefined)) regression.mapOf(model, map);
    else if (known) this.#cheap.mapOf(cheap, map);
    return Float32Array.from(map);
  }

  standardError(): undefined {
    return undefined;
  }

  convergence(): undefined {
    return undefined;
  }

  save(): Float64Array[] {
    return [...this.#own().map((array) => array.slice()), ...this.#full.save()];
  }

  restore(passes: number, saved: readonly Float64Array[]): void {
    const own = this.#own();
    copyAll(saved.slice(0, own.length), own);
    this.#full.restore(this.#counts[1], saved.slice(own.length));
    this.#counts[0] = passes;
  }

  #own(): Float64Array[] {
    return [this.#counts, ...this.#cheap.arrays()];
  }
}
