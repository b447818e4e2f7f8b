import type { SaliencyMap } from './saliencyMap.js';

/** A part of a map in cells; may end between cells. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Bilinear resampling with pixel centres at half-integers (`align_corners=false`) and the border repeated: output pixel
 * (i, j) takes the value at `x = region.x + (j + 0.5)·region.width/width − 0.5`, y alike.
 * @param map any row-major grid
 * @param region part of the grid that the output covers; the grid's cells around it take part in the interpolation
 */
export function resample(map: SaliencyMap, region: Region, width: number, height: number): SaliencyMap {
  const columns = taps(width, region.x, region.width, map.width);
  const rows = taps(height, region.y, region.height, map.height);
  const values = new Float32Array(width * height);
  for (let i = 0; i < height; i++) {
    const top = rows.index[i] * map.width;
    const bottom = rows.next[i] * map.width;
    const down = rows.fraction[i];
    for (let j = 0; j < width; j++) {
      const left = columns.index[j];
      const right = columns.next[j];
      const along = columns.fraction[j];
      const upper = lerp(map.values[top + left], map.values[top + right], along);
      const lower = lerp(map.values[bottom + left], map.values[bottom + right], along);
      values[i * width + j] = lerp(upper, lower, down);
    }
  }
  return { width, height, values };
}

/** The whole map at another resolution, bilinearly (`align_corners=false`). */
export function upsample(map: SaliencyMap, width: number, height: number): SaliencyMap {
  return resample(map, { x: 0, y: 0, width: map.width, height: map.height }, width, height);
}

function lerp(from: number, to: number, fraction: number): number {
  return from + (to - from) * fraction;
}

/** For each output pixel of one axis: the two neighbours and the weight of the second. */
function taps(
  length: number,
  start: number,
  extent: number,
  limit: number,
): { index: Int32Array; next: Int32Array; fraction: Float64Array } {
  const index = new Int32Array(length);
  const next = new Int32Array(length);
  const fraction = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const position = Math.min(Math.max(start + ((i + 0.5) * extent) / length - 0.5, 0), limit - 1);
    index[i] = Math.floor(position);
    next[i] = Math.min(Math.floor(position) + 1, limit - 1);
    fraction[i] = position - Math.floor(position);
  }
  return { index, next, fraction };
}
