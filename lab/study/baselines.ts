import { Random } from '../scenes/random.js';
import type { Box } from '../../src/geometry/box.js';
import type { Size } from '../../src/geometry/letterbox.js';
import type { SaliencyMap } from '../../src/maps/saliencyMap.js';
import type { Baseline } from './methods.js';

/** Cells along the longer side of a baseline's map. */
const CELLS = 128;

/**
 * A map that no network made: see Baseline.
 * @param box in pixels of a picture of `size`
 */
export function baselineMap({ method }: Baseline, box: Box, size: Size, seed: number): SaliencyMap {
  const scale = CELLS / Math.max(size.width, size.height);
  const width = Math.max(1, Math.round(size.width * scale));
  const height = Math.max(1, Math.round(size.height * scale));
  const random = new Random(seed, 'noise map');
  const values = Float32Array.from({ length: width * height }, (_, i) => {
    if (method === 'random') return random.next();
    const x = (((i % width) + 0.5) * size.width) / width;
    const y = ((Math.floor(i / width) + 0.5) * size.height) / height;
    // Distance from the box's middle in half boxes: 1 on its edges.
    const across = Math.abs(2 * x - box.x1 - box.x2) / (box.x2 - box.x1);
    const down = Math.abs(2 * y - box.y1 - box.y2) / (box.y2 - box.y1);
    return 1 / (1 + Math.max(across, down));
  });
  return { width, height, values };
}
