import { sampleMask } from '../../src/explain/masks/gridMask.js';
import type { MaskStreamOptions, Sampler } from '../../src/explain/masks/maskStream.js';

/** A picture of 4×4 pixels under grids of 2×2 cells: sixteen grids at four offsets, few enough to look at all of them. */
export const SIDE = 4;
export const PROBABILITY = 0.3;
const content = { width: SIDE, height: SIDE };

/** Two objects; what the detector thinks of each depends on how much of it is seen, and not in proportion. */
export const BOXES = [
  { x1: 0, y1: 0, x2: 2, y2: 3 },
  { x1: 3, y1: 2, x2: 4, y2: 4 },
];

export function toyStream(sampler: Sampler, seed: number): MaskStreamOptions {
  return { seed, content, grid: { rows: 2, columns: 2 }, probability: PROBABILITY, sampler, targets: BOXES };
}

/** Scores of both objects: nothing below a fifth of the box in sight, else the square of what is seen and a little context. */
export function toyScores(mask: Float64Array): number[] {
  const context = mask.reduce((sum, value) => sum + value, 0) / mask.length;
  return BOXES.map(({ x1, y1, x2, y2 }) => {
    let seen = 0;
    for (let y = y1; y < y2; y++) for (let x = x1; x < x2; x++) seen += mask[y * SIDE + x];
    seen /= (x2 - x1) * (y2 - y1);
    return seen < 0.2 ? 0.1 * context : 0.7 * seen ** 2 + 0.3 * context;
  });
}

/** E[f(M)·M(x)] / E[M] over all masks, by looking at every one of them. */
export function exactMaps(): number[][] {
  const maps = BOXES.map(() => new Array<number>(SIDE * SIDE).fill(0));
  const upsampled = { width: 6, height: 6 };
  const mask = new Float64Array(SIDE * SIDE);
  for (let bits = 0; bits < 16; bits++)
    for (let offset = 0; offset < 4; offset++) {
      const grid = [0, 1, 2, 3].map((k) => (bits >> k) & 1);
      const likelihood = grid.reduce((product, on) => product * (on ? PROBABILITY : 1 - PROBABILITY), 0.25);
      const shape = { rows: 2, columns: 2, grid, offsetY: offset >> 1, offsetX: offset & 1, upsampled };
      sampleMask(shape, content, content, mask);
      toyScores(mask).forEach((score, t) => {
        mask.forEach((value, x) => (maps[t][x] += (likelihood * score * value) / PROBABILITY));
      });
    }
  return maps;
}
