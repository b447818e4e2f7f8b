/**
 * SIDU (Muddamsetty et al. 2021) as the study uses it for one box of a detector: N masks M_i made of feature maps, and what the
 * detector says of the box behind each of them, a vector p_i. `original` compares whole class vectors, as SIDU does, which
 * therefore cannot say what speaks for one class; `class` compares the score of the box's class alone.
 */
export const SIDU_OUTPUTS = ['original', 'class'] as const;
export type SiduOutput = (typeof SIDU_OUTPUTS)[number];

/** Several vectors of one length, one behind the other. */
export interface Vectors {
  /** Values of each. */
  readonly length: number;
  /** [count · length]; zeros where the box was lost. */
  readonly values: ArrayLike<number>;
}

/** The vectors that SIDU compares: whole class vectors, or one class of them. */
export function comparedOutputs(vectors: Vectors, output: SiduOutput, classIndex: number): Vectors {
  if (output === 'original') return vectors;
  const { length, values } = vectors;
  return {
    length: 1,
    values: Float64Array.from({ length: values.length / length }, (_, i) => values[i * length + classIndex]),
  };
}

/**
 * Similarity differences, the study's equation 5: `sd_i = exp(−‖p_o − p_i‖ / (2σ²))`. (Original SIDU's code squares each class's
 * difference instead and keeps a map for each class, `√exp(−(p_o − p_i)²/σ²)`; the study's equation has the norm.)
 * @param unmasked p_o
 * @param masked p_i
 * @returns [count], in (0, 1]
 */
export function similarityDifferences(unmasked: ArrayLike<number>, masked: Vectors, sigma: number): Float64Array {
  const count = masked.values.length / masked.length;
  return Float64Array.from({ length: count }, (_, i) =>
    Math.exp(-distance(unmasked, 0, masked.values, i * masked.length, masked.length) / (2 * sigma * sigma)),
  );
}

/**
 * Uniqueness, the study's equation 6: `u_i = Σ_j ‖p_i − p_j‖`. The vector of a mask that came several times counts as often:
 * `u_i = Σ_j n_j ‖p_i − p_j‖`. (Original SIDU's code stretches u over the masks to [0, 1]; the equation does not.)
 * @param multiplicity n [count]
 */
export function uniqueness({ length, values }: Vectors, multiplicity: ArrayLike<number>): Float64Array {
  const count = values.length / length;
  const sums = new Float64Array(count);
  for (let i = 0; i < count; i++)
    for (let j = i + 1; j < count; j++) {
      const apart = distance(values, i * length, values, j * length, length);
      sums[i] += multiplicity[j] * apart;
      sums[j] += multiplicity[i] * apart;
    }
  return sums;
}

/** What each mask counts for in equation 7: `sd_i · u_i`, [count]. */
export function siduWeights(
  unmasked: ArrayLike<number>,
  masked: Vectors,
  multiplicity: ArrayLike<number>,
  sigma: number,
): Float64Array {
  const unique = uniqueness(masked, multiplicity);
  return similarityDifferences(unmasked, masked, sigma).map((similar, i) => similar * unique[i]);
}

/**
 * The study's equation 7, `S = Σ_i sd_i · u_i · M_i`, on the masks' own cells. Upsampling is linear: the upsampled sum is the sum
 * of the upsampled masks.
 * @param weights [count]
 * @param masks [count, cells]
 * @returns [cells]
 */
export function weightedMasks(weights: Float64Array, masks: Float32Array): Float32Array {
  const cells = masks.length / Math.max(1, weights.length);
  const sum = new Float64Array(cells);
  weights.forEach((weight, i) => {
    if (weight === 0) return;
    for (let x = 0; x < cells; x++) sum[x] += weight * masks[i * cells + x];
  });
  return Float32Array.from(sum);
}

/** Euclidean. */
function distance(a: ArrayLike<number>, fromA: number, b: ArrayLike<number>, fromB: number, length: number): number {
  let squares = 0;
  for (let k = 0; k < length; k++) squares += (a[fromA + k] - b[fromB + k]) ** 2;
  return Math.sqrt(squares);
}
