import { sampleMask, type GridMask } from '../../src/explain/masks/gridMask.js';
import type { Size } from '../../src/geometry/letterbox.js';
import type { SaliencyMap } from '../../src/maps/saliencyMap.js';
import { response, SeenShare, valueOf } from './plantedScore.js';
import type { Place, PlantedCase } from './reasons.js';

export interface ExactOptions {
  readonly grid: { readonly rows: number; readonly columns: number };
  readonly probability: number;
  /** Every so many-th offset of each axis; 1 is all of them. */
  readonly offsetStep?: number;
}

/** Steps from none to all of a place being seen, of the distribution of what is seen. */
const BINS = 256;

/**
 * The map that infinitely many plain masks give a planted case, `S(x) = E[f(M)·M(x)] / p`.
 *
 * At given offsets M is linear in the cells g, `M(x) = Σ_c R(x, c) g_c`, so `S(x) = E_offset[Σ_c R(x, c)·E[f | g_c = 1]]`. No cell lies over two
 * places, so that their responses are independent at given offsets and the expectation of a product is the product of expectations, of
 * which the one over cell c is taken given g_c = 1. The expectation of one response, a function of a weighted sum of cells that are
 * on with probability p, is taken over its distribution on a fine scale (256 steps; what falls between two of them is shared, so that its mean is exact).
 */
export function exactMap(
  planted: PlantedCase,
  map: Size,
  { grid, probability, offsetStep = 1 }: ExactOptions,
): SaliencyMap {
  const { content, places } = planted;
  const { rows, columns } = grid;
  const cell = { width: Math.ceil(content.width / columns), height: Math.ceil(content.height / rows) };
  const upsampled = { width: (columns + 1) * cell.width, height: (rows + 1) * cell.height };
  const shares = places.map((place) => new SeenShare(place));
  const sum = new Float64Array(map.width * map.height);
  const sampled = new Float64Array(sum.length);
  let offsets = 0;
  for (let offsetY = Math.floor(offsetStep / 2); offsetY < cell.height; offsetY += offsetStep)
    for (let offsetX = Math.floor(offsetStep / 2); offsetX < cell.width; offsetX += offsetStep) {
      const frame: Omit<GridMask, 'grid'> = { rows, columns, offsetY, offsetX, upsampled };
      const given = expectations(planted, shares, frame, probability);
      sampleMask({ ...frame, grid: given }, map, content, sampled);
      for (let x = 0; x < sum.length; x++) sum[x] += sampled[x];
      offsets++;
    }
  return { ...map, values: Float32Array.from(sum, (value) => value / offsets) };
}

/** E[f | g_c = 1] of every cell. */
function expectations(
  planted: PlantedCase,
  shares: readonly SeenShare[],
  frame: Omit<GridMask, 'grid'>,
  probability: number,
): Float64Array {
  const { rows, columns } = frame;
  const means = new Float64Array(shares.length);
  const over: { cell: number; place: number; mean: number }[] = [];
  shares.forEach((share, place) => {
    const [down, across] = share.weights(frame);
    const cells: { cell: number; weight: number }[] = [];
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        if (down[r] * across[c] > 1e-9) cells.push({ cell: r * columns + c, weight: down[r] * across[c] });
    const weights = cells.map(({ weight }) => weight);
    means[place] = meanResponse(planted.places[place], weights, 0, probability);
    cells.forEach(({ cell, weight }, i) => {
      const others = weights.filter((_, j) => j !== i);
      over.push({ cell, place, mean: meanResponse(planted.places[place], others, weight, probability) });
    });
  });
  const given = new Float64Array(rows * columns).fill(valueOf(planted, means));
  const touched = new Set<number>();
  for (const { cell, place, mean } of over) {
    if (touched.has(cell)) throw new RangeError(`a cell of ${planted.id} lies over two places`);
    touched.add(cell);
    const with1 = means.slice();
    with1[place] = mean;
    given[cell] = valueOf(planted, with1);
  }
  return given;
}

/** E[h(base + Σ_c weight_c g_c)]. */
export function meanResponse(
  place: Pick<Place, 'threshold' | 'width'>,
  weights: readonly number[],
  base: number,
  probability: number,
): number {
  let mass = new Float64Array(BINS + 2);
  share(mass, base, 1);
  let top = base;
  for (const weight of weights) {
    const next = new Float64Array(BINS + 2);
    const last = Math.min(BINS, Math.ceil(top * BINS));
    for (let b = 0; b <= last; b++) {
      if (mass[b] === 0) continue;
      next[b] += mass[b] * (1 - probability);
      share(next, b / BINS + weight, mass[b] * probability);
    }
    mass = next;
    top += weight;
  }
  let mean = 0;
  for (let b = 0; b <= BINS; b++) if (mass[b] > 0) mean += mass[b] * response(place, b / BINS);
  return mean;
}

/** Puts a mass between the two nearest steps. */
function share(mass: Float64Array, value: number, amount: number): void {
  const at = Math.min(value, 1) * BINS;
  const step = Math.floor(at);
  mass[step] += amount * (step + 1 - at);
  mass[step + 1] += amount * (at - step);
}
