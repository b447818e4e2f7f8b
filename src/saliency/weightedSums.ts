import type { LevelFeatures } from '../detector/featureMaps.js';

/**
 * `Σ_i α_i F_i`, or with `rectify` `Σ_i ReLU(α_i F_i)`, for several weight vectors over the same feature maps.
 *
 * With `F⁺ = ReLU(F)` and `F⁻ = ReLU(−F)`, made once for all vectors, `ReLU(α F) = α F⁺` where α ≥ 0 and `−α F⁻` where
 * α < 0: the rectified sum is a plain one over planes picked by the weight's sign. Four planes are added in one pass, so
 * that the sums are read and written a quarter as often.
 * @param alphas vectors [channels]
 * @returns one [rows · columns] for each vector
 */
export function weightedSums(
  { channels, rows, columns, data }: LevelFeatures,
  alphas: readonly Float32Array[],
  rectify: boolean,
): Float32Array[] {
  const cells = rows * columns;
  const positive = rectify ? rectified(data, 1) : data;
  const negative = rectify ? rectified(data, -1) : data;
  return alphas.map((alpha) => {
    const sums = new Float32Array(cells);
    for (let i = 0; i < channels; i += 4) {
      const [a, pa] = term(alpha, i);
      const [b, pb] = term(alpha, i + 1);
      const [c, pc] = term(alpha, i + 2);
      const [d, pd] = term(alpha, i + 3);
      for (let k = 0; k < cells; k++) sums[k] = sums[k] + a * pa[k] + b * pb[k] + c * pc[k] + d * pd[k];
    }
    return sums;
  });

  /** Weight and plane of channel `i`; a weight of zero past the last channel. */
  function term(alpha: Float32Array, i: number): [number, Float32Array] {
    if (i >= channels) return [0, positive.subarray(0, cells)];
    const weight = alpha[i];
    const plane = (source: Float32Array): Float32Array => source.subarray(i * cells, (i + 1) * cells);
    if (!rectify) return [weight, plane(data)];
    return weight >= 0 ? [weight, plane(positive)] : [-weight, plane(negative)];
  }
}

function rectified(data: Float32Array, sign: 1 | -1): Float32Array {
  const result = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = sign * data[i];
    if (value > 0) result[i] = value;
  }
  return result;
}
