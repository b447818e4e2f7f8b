import type { LevelFeatures } from '../../detector/featureMaps.js';

/**
 * How a feature map F becomes a mask. The study says no more than that masks are upsampled feature maps:
 * - `binary`: `F > 0.5`, what original SIDU's paper (its τ) and code do before upsampling;
 * - `stretched`: `(F − min F) / (max F − min F)`, each map over its own values; a flat map becomes an empty mask.
 */
export const FEATURE_MASKS = ['binary', 'stretched'] as const;
export type FeatureMaskKind = (typeof FEATURE_MASKS)[number];

/** Original SIDU's threshold τ. */
const BINARY_THRESHOLD = 0.5;

/** Masks [channels, cells] in [0, 1] of a level's feature maps. */
export function featureMasks({ channels, rows, columns, data }: LevelFeatures, kind: FeatureMaskKind): Float32Array {
  const cells = rows * columns;
  const masks = new Float32Array(channels * cells);
  for (let i = 0; i < channels; i++) {
    const map = data.subarray(i * cells, (i + 1) * cells);
    const into = masks.subarray(i * cells, (i + 1) * cells);
    if (kind === 'binary') into.forEach((_, x) => (into[x] = map[x] > BINARY_THRESHOLD ? 1 : 0));
    else stretch(map, into);
  }
  return masks;
}

function stretch(map: Float32Array, into: Float32Array): void {
  let [low, high] = [Infinity, -Infinity];
  for (const value of map) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (high > low) map.forEach((value, x) => (into[x] = (value - low) / (high - low)));
}
