import { INFERNO } from './inferno.js';
import type { DetectionMap } from './pictureStore.js';

/**
 * Upsamples a map bilinearly, cell centres at (i + ½) / n of the picture's sides, and keeps the larger of it and what
 * `target` already holds. Values stay 0 to 255.
 */
export function takeMaximum(target: Float32Array, width: number, height: number, map: DetectionMap): void {
  const columns = tapsAlong(width, map.width);
  const rows = tapsAlong(height, map.height);
  const at = (row: number, column: number): number => map.values[row * map.width + column] ?? 0;
  for (let y = 0; y < height; y++) {
    const [top, bottom, down] = rows[y] ?? [0, 0, 0];
    for (let x = 0; x < width; x++) {
      const [left, right, along] = columns[x] ?? [0, 0, 0];
      const upper = at(top, left) * (1 - along) + at(top, right) * along;
      const lower = at(bottom, left) * (1 - along) + at(bottom, right) * along;
      const value = upper * (1 - down) + lower * down;
      if (value > (target[y * width + x] ?? 0)) target[y * width + x] = value;
    }
  }
}

/** For each of `count` target cells: the two source cells that surround its centre and the share of the second. */
function tapsAlong(count: number, cells: number): (readonly [number, number, number])[] {
  return Array.from({ length: count }, (_, index) => {
    const centre = Math.min(Math.max(((index + 0.5) * cells) / count - 0.5, 0), cells - 1);
    const first = Math.floor(centre);
    return [first, Math.min(first + 1, cells - 1), centre - first] as const;
  });
}

/**
 * Colours 0 to 255 by `inferno`. Opaque where the map peaks, fully transparent where it is 0.
 * @returns RGBA, 8 bit
 */
export function colourise(values: Float32Array): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(values.length * 4);
  values.forEach((value, index) => {
    const colour = Math.round(value) * 3;
    pixels[index * 4] = INFERNO[colour] ?? 0;
    pixels[index * 4 + 1] = INFERNO[colour + 1] ?? 0;
    pixels[index * 4 + 2] = INFERNO[colour + 2] ?? 0;
    pixels[index * 4 + 3] = (value / 255) ** 0.75 * 255;
  });
  return pixels;
}

const LONGEST_SIDE = 192;

/** The strongest of `maps` at each point, coloured; null where there is nothing to show. `aspect` is width / height. */
export function heatPicture(maps: readonly DetectionMap[], aspect: number): OffscreenCanvas | null {
  if (maps.length === 0) return null;
  const width = aspect >= 1 ? LONGEST_SIDE : Math.max(1, Math.round(LONGEST_SIDE * aspect));
  const height = aspect >= 1 ? Math.max(1, Math.round(LONGEST_SIDE / aspect)) : LONGEST_SIDE;
  const values = new Float32Array(width * height);
  for (const map of maps) takeMaximum(values, width, height, map);
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.putImageData(new ImageData(colourise(values), width, height), 0, 0);
  return canvas;
}
