import { type ColorMapName, colorTable } from './colorMap.js';
import { bytesOf, Interpolation, MatType, withMats } from './opencv.js';
import type { Pixels } from './pixels.js';

/** How much each part of a picture counts: row-major values of any scale over the whole picture, negative ones as 0. */
export interface HeatMap {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/**
 * Pixels of the picture for one of the grid that maps are joined on: as fine as the finest pyramid level's map, whose
 * stride is 8 pixels of the model's input. Joining at full size would cost more than all the rest of an overlay.
 */
const GRID_PIXELS = 8;

/**
 * Several maps as one grey picture of `width × height`: each divided by its own maximum, the greatest of them at every
 * place, 255 where a map has its peak. A map without a positive finite value adds nothing.
 */
export function heatPixels(maps: readonly HeatMap[], width: number, height: number): Pixels {
  const columns = Math.max(1, Math.ceil(width / GRID_PIXELS));
  const rows = Math.max(1, Math.ceil(height / GRID_PIXELS));
  const joined = new Uint8ClampedArray(columns * rows);
  for (const map of maps) {
    const peak = peakOf(map);
    if (peak > 0) joinMax(joined, resized(map, columns, rows), 255 / peak);
  }
  const data = withMats((mats) => {
    const grid = mats.from(joined, rows, columns, MatType.U8C1);
    return bytesOf(mats.keep(grid.resize(height, width, 0, 0, Interpolation.linear)));
  });
  return { width, height, channels: 1, data };
}

/**
 * Lays heat over an RGB picture, in place: `pixel += opacity · heat/255 · (colour − pixel)`, so where nothing counts the
 * picture stays as it is.
 * @param rgb interleaved, three bytes for each of `heat`
 */
export function blendHeat(rgb: Uint8Array, heat: Uint8Array, opacity: number, colors: ColorMapName): void {
  const table = colorTable(colors);
  const keep = new Uint16Array(256);
  const add = new Uint16Array(768);
  for (let level = 0; level < 256; level++) {
    const share = Math.min(1, Math.max(0, opacity)) * (level / 255);
    keep[level] = Math.round(256 * (1 - share));
    for (let c = 0; c < 3; c++) add[3 * level + c] = Math.round((256 - keep[level]) * table[3 * level + c]) + 128;
  }
  for (let i = 0, at = 0; i < heat.length; i++, at += 3) {
    const level = heat[i];
    if (level === 0) continue;
    const kept = keep[level];
    rgb[at] = (rgb[at] * kept + add[3 * level]) >> 8;
    rgb[at + 1] = (rgb[at + 1] * kept + add[3 * level + 1]) >> 8;
    rgb[at + 2] = (rgb[at + 2] * kept + add[3 * level + 2]) >> 8;
  }
}

function peakOf({ values }: HeatMap): number {
  let peak = 0;
  for (const value of values) if (value > peak && value < Infinity) peak = value;
  return peak;
}

function resized({ values, width, height }: HeatMap, columns: number, rows: number): Float32Array {
  return withMats((mats) => {
    const map = mats.from(values, height, width, MatType.F32C1);
    const shrinks = width > columns && height > rows;
    const interpolation = shrinks ? Interpolation.area : Interpolation.linear;
    return new Float32Array(bytesOf(mats.keep(map.resize(rows, columns, 0, 0, interpolation))).buffer);
  });
}

function joinMax(joined: Uint8ClampedArray, values: Float32Array, scale: number): void {
  for (let i = 0; i < joined.length; i++) {
    const level = values[i] * scale;
    if (level > joined[i]) joined[i] = level;
  }
}
