import type { SeparableWeights } from '../detector/classHead.js';
import type { AnchorRef } from '../detector/detection.js';
import type { FeatureMaps, LevelFeatures } from '../detector/featureMaps.js';
import type { Letterbox } from '../geometry/letterbox.js';
import type { SaliencyMap } from '../maps/saliencyMap.js';
import { resample } from '../maps/upsample.js';
import { weightedSums, type WeightedSums } from './weightedSums.js';

/**
 * What happens to negative contributions: `study` sets each weighted map's negative part to zero before the sum (the study's
 * equation 1), `usual` does so after the sum (Selvaraju et al. 2017), `none` keeps them.
 */
export const GRAD_CAM_VARIANTS = ['study', 'usual', 'none'] as const;
export type GradCamVariant = (typeof GRAD_CAM_VARIANTS)[number];

/** The box to explain; a `Detection` is one. */
export interface GradCamTarget {
  readonly source: AnchorRef;
  readonly classIndex: number;
  /** p, in [0, 1]. */
  readonly score: number;
}

/** What the detector gives for explaining its boxes. */
export interface GradCamInputs {
  readonly featureMaps: FeatureMaps;
  /** Last separable convolution of the class head, for each of `featureMaps`. */
  readonly classHead: readonly SeparableWeights[];
  readonly classCount: number;
  /** How the picture lies in the model's input: maps are cut to it. */
  readonly letterbox: Letterbox;
}

/**
 * Channel weights of Grad-CAM, the study's equation 2, `α_i = 1/(w·h) Σ_u Σ_v ∂p/∂F_i[u,v]`.
 *
 * The score comes from `p = σ(b + Σ_i W_pw[i] Σ_taps W_dw[i,tap] F_i[cell + tap])`, so the gradient has a closed form:
 * `α_i = p(1−p) · W_pw[i] · Σ_{taps inside the map} W_dw[i,tap] / (w·h)`. Taps that fall outside the map read padding and
 * have no gradient.
 * @returns [channels]
 * @throws RangeError where the target does not lie on the level or the class does not exist
 */
export function gradCamWeights(
  target: GradCamTarget,
  { rows, columns }: Pick<LevelFeatures, 'rows' | 'columns'>,
  { channels, outputs, depthwise, pointwise }: SeparableWeights,
  classCount: number,
): Float32Array {
  const { row, column, anchor } = target.source;
  const output = anchor * classCount + target.classIndex;
  if (row < 0 || row >= rows || column < 0 || column >= columns || output < 0 || output >= outputs)
    throw new RangeError(
      `no class ${target.classIndex} of anchor ${anchor} in cell (${row}, ${column}) of a ${rows}×${columns} map`,
    );
  // A score that float32 rounds to 0 or 1 would blank the map; the factor is the same for all channels.
  const slope = Math.max(target.score * (1 - target.score), 2 ** -24) / (rows * columns);
  const alpha = new Float32Array(channels);
  for (let i = 0; i < channels; i++) {
    let taps = 0;
    for (let dy = -1; dy <= 1; dy++)
      for (let dx = -1; dx <= 1; dx++) {
        const inside = row + dy >= 0 && row + dy < rows && column + dx >= 0 && column + dx < columns;
        if (inside) taps += depthwise[9 * i + 3 * (dy + 1) + dx + 1];
      }
    alpha[i] = slope * pointwise[output * channels + i] * taps;
  }
  return alpha;
}

/**
 * Grad-CAM maps of boxes that one level's anchors made, at the level's own resolution and padding included:
 * `study` `Σ_i ReLU(α_i F_i)`, `usual` `ReLU(Σ_i α_i F_i)`, `none` `Σ_i α_i F_i`.
 * @param alphas one vector [channels] for each box
 * @param sum how the sums are made: see inference/graphSums.ts for the fast way
 */
export async function levelMaps(
  features: LevelFeatures,
  alphas: readonly Float32Array[],
  variant: GradCamVariant,
  sum: WeightedSums = (...sums) => Promise.resolve(weightedSums(...sums)),
): Promise<SaliencyMap[]> {
  const sums = await sum(features, alphas, variant === 'study');
  return sums.map((values) => {
    if (variant === 'usual') for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] = 0;
    return { width: features.columns, height: features.rows, values };
  });
}

/**
 * Grad-CAM of every target with the features of the level whose anchor made its box. Maps cover the source image (the
 * letterbox's padding is cut off) at the resolution of their level: about one value for each 2^level input pixels.
 * @returns one map for each target, in order
 * @throws RangeError where a target's level is not among the feature maps
 */
export async function gradCam(
  targets: readonly GradCamTarget[],
  { featureMaps, classHead, classCount, letterbox }: GradCamInputs,
  variant: GradCamVariant,
  sum?: WeightedSums,
): Promise<SaliencyMap[]> {
  const maps = new Array<SaliencyMap>(targets.length);
  for (const target of targets)
    if (!featureMaps.some(({ level }) => level === target.source.level))
      throw new RangeError(`there are no feature maps of level ${target.source.level}`);
  for (const [i, features] of featureMaps.entries()) {
    const members = targets.flatMap(({ source }, index) => (source.level === features.level ? [index] : []));
    if (members.length === 0) continue;
    const alphas = members.map((index) => gradCamWeights(targets[index], features, classHead[i], classCount));
    const whole = await levelMaps(features, alphas, variant, sum);
    members.forEach((index, k) => (maps[index] = cutToContent(whole[k], letterbox)));
  }
  return maps;
}

/** The part of a level's map that the picture fills, at the same resolution; interpolates where it ends inside a cell. */
export function cutToContent(map: SaliencyMap, { input, content }: Letterbox): SaliencyMap {
  const width = (content.width * map.width) / input.width;
  const height = (content.height * map.height) / input.height;
  if (Number.isInteger(width) && Number.isInteger(height)) return topLeft(map, width, height);
  return resample(map, { x: 0, y: 0, width, height }, Math.ceil(width), Math.ceil(height));
}

function topLeft(map: SaliencyMap, width: number, height: number): SaliencyMap {
  if (width === map.width) return { width, height, values: map.values.slice(0, width * height) };
  const values = new Float32Array(width * height);
  for (let row = 0; row < height; row++)
    values.set(map.values.subarray(row * map.width, row * map.width + width), row * width);
  return { width, height, values };
}
