import type { ReportMap } from './reportInput.js';

/** Most cells a side that the report keeps of a map; more would cost size and not be seen. */
export const MAX_MAP_SIDE = 64;
const MAX_INPUT_SIDE = 4096;

/** A map as the page reads it: 8 bit, row-major, 255 = the highest value. */
export interface QuantisedMap {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array;
}

/**
 * Averages a map down to at most 64 cells a side and scales it so that its highest value is 255.
 * Negative and non-finite values count as 0; an empty map stays all zero.
 * @throws RangeError where the size and the number of values do not fit
 */
export function quantiseMap(map: ReportMap): QuantisedMap {
  const { width, height, values } = map;
  const sizeIsSound = [width, height].every((side) => Number.isInteger(side) && side >= 1 && side <= MAX_INPUT_SIDE);
  if (!sizeIsSound || values.length !== width * height) {
    throw new RangeError(`a map of ${width} × ${height} cannot have ${values.length} values`);
  }
  const columns = Math.min(width, MAX_MAP_SIDE);
  const rows = Math.min(height, MAX_MAP_SIDE);
  const averages = new Float64Array(columns * rows);
  let peak = 0;
  for (let row = 0; row < rows; row++) {
    const top = Math.floor((row * height) / rows);
    const bottom = Math.floor(((row + 1) * height) / rows);
    for (let column = 0; column < columns; column++) {
      const left = Math.floor((column * width) / columns);
      const right = Math.floor(((column + 1) * width) / columns);
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const value = values[y * width + x] ?? 0;
          if (value > 0 && Number.isFinite(value)) sum += value;
        }
      }
      const average = sum / ((bottom - top) * (right - left));
      averages[row * columns + column] = average;
      peak = Math.max(peak, average);
    }
  }
  const scale = peak > 0 ? 255 / peak : 0;
  return { width: columns, height: rows, values: Uint8Array.from(averages, (value) => Math.round(value * scale)) };
}
