import type { MaskStream, SampledMask } from '../masks/maskStream.js';
import { RegressionEstimate } from './regressionEstimate.js';
import type { MapEstimate, MapGeometry } from './riseEstimate.js';

/**
 * The map of a ridge regression of the scores on the masks (MaskRegression), of all masks so far. Of equation 4 only the part of a score that is linear
 * in the mask matters, so with many masks this is its map as far as a lattice of two points a cell can draw it; with few masks it is much
 * nearer to it than an average over them, and **biased**: towards a flat map, the more so the farther from the target's box.
 *
 * There is no standard error: the ridge is biased by its belief in the box, which no resampling sees.
 */
export class RidgeEstimate implements MapEstimate {
  /** From the same masks. */
  readonly unbiased: RegressionEstimate;
  readonly #geometry: MapGeometry;

  constructor(geometry: MapGeometry, stream: MaskStream, targetCount: number) {
    this.#geometry = geometry;
    this.unbiased = new RegressionEstimate(geometry, stream, targetCount);
  }

  get passes(): number {
    return this.unbiased.passes;
  }

  add(mask: SampledMask, scores: ArrayLike<number>): void {
    this.unbiased.add(mask, scores);
  }

  map(target: number): Float32Array {
    const { regression } = this.unbiased;
    const model = regression.emptyModel();
    const map = new Float64Array(this.#geometry.width * this.#geometry.height);
    if (regression.fit(target, model)) regression.mapOf(model, map);
    return Float32Array.from(map);
  }

  standardError(): undefined {
    return undefined;
  }

  convergence(): undefined {
    return undefined;
  }

  save(): Float64Array[] {
    return this.unbiased.save();
  }

  restore(passes: number, saved: readonly Float64Array[]): void {
    this.unbiased.restore(passes, saved);
  }
}
