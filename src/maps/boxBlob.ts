import type { Box } from '../geometry/box.js';
import type { Size } from '../geometry/letterbox.js';
import type { SaliencyMap } from './saliencyMap.js';

/**
 * A blob at a box: what a map that masks draw looks like where the reason is what fills the box, and what anybody could draw without a single
 * pass. A Gaussian of `σ² = side²/12 + cell²/3` on each axis: a box's variance, and that of two bilinear cells.
 * @param content what the map covers, in the unit of box and cell
 * @param cell side of a mask's cell
 */
export function boxBlob({ x1, y1, x2, y2 }: Box, content: Size, cell: Size, { width, height }: Size): SaliencyMap {
  const axis = (length: number, pixels: number, from: number, to: number, side: number): Float64Array =>
    Float64Array.from({ length }, (_, i) => {
      const at = ((i + 0.5) * pixels) / length - (from + to) / 2;
      return Math.exp(-(at * at) / (2 * ((to - from) ** 2 / 12 + side ** 2 / 3)));
    });
  const across = axis(width, content.width, x1, x2, cell.width);
  const down = axis(height, content.height, y1, y2, cell.height);
  const values = Float32Array.from(
    { length: width * height },
    (_, i) => across[i % width] * down[Math.floor(i / width)],
  );
  return { width, height, values };
}
