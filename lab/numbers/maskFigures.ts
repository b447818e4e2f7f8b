/** A map and the true mask of the object, pixel by pixel on one grid. */
export interface MaskFigures {
  /** Share of the map's positive values on the object; [0, 1], high is good; 0 for a map without positive values. */
  readonly energyInMask: number;
  /** `energyInMask` divided by the object's share of the picture; ≥ 0, high is good, 1 is what a flat map gives. */
  readonly energyGain: number;
  /**
   * Pointing game (Zhang et al. 2016) without tolerance: the share of the map's highest pixels that lie on the object, so 1 or
   * 0 where one pixel is highest and the object's share of the picture for a flat map. [0, 1], high is good.
   */
  readonly pointing: number;
  /**
   * Average precision of "the value says object": `Σ_n (R_n − R_{n−1}) P_n` over the thresholds between distinct values, as
   * scikit-learn's average_precision_score. (0, 1], high is good; the object's share of the picture is what a flat map gives.
   */
  readonly averagePrecision: number;
}

/**
 * How well a map finds an object's pixels.
 * @param values one a pixel; NaN counts as the lowest
 * @param mask 1 on the object, as many as `values`; undefined comes back where it is empty
 * @throws RangeError where the sizes differ
 */
export function maskFigures(values: Float32Array, mask: Uint8Array): MaskFigures | undefined {
  if (values.length !== mask.length)
    throw new RangeError(`a map of ${values.length} and a mask of ${mask.length} pixels are not on one grid`);
  const objectPixels = mask.reduce((sum, inside) => sum + inside, 0);
  if (objectPixels === 0) return undefined;
  let total = 0;
  let within = 0;
  let peak = -Infinity;
  let peaks = 0;
  let hits = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value > 0) {
      total += value;
      if (mask[i]) within += value;
    }
    if (value > peak) [peak, peaks, hits] = [value, 0, 0];
    if (value === peak) {
      peaks++;
      hits += mask[i];
    }
  }
  const energyInMask = total > 0 ? within / total : 0;
  return {
    energyInMask,
    energyGain: (energyInMask * values.length) / objectPixels,
    pointing: peaks > 0 ? hits / peaks : objectPixels / values.length,
    averagePrecision: averagePrecisionOf(values, mask, objectPixels),
  };
}

function averagePrecisionOf(values: Float32Array, mask: Uint8Array, objectPixels: number): number {
  const comparable = values.map((value) => (Number.isNaN(value) ? -Infinity : value));
  // Typed arrays sort numerically and fast; the object's pixels are counted among them by merging two sorted lists.
  const all = comparable.slice().sort();
  const own = comparable.filter((_, i) => mask[i] === 1).sort();
  let [a, o] = [all.length - 1, own.length - 1];
  let area = 0;
  while (o >= 0) {
    const threshold = own[o];
    const before = o;
    while (o >= 0 && own[o] === threshold) o--;
    while (a >= 0 && all[a] >= threshold) a--;
    const found = own.length - 1 - o;
    area += ((before - o) / objectPixels) * (found / (all.length - 1 - a));
  }
  return area;
}
