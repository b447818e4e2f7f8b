import { axisWeights, type GridMask } from '../../src/explain/masks/gridMask.js';
import { mix } from '../scenes/random.js';
import type { Place, PlantedCase } from './reasons.js';

/** The scores of a case: what its detector says of a masked picture. */
export class PlantedScore {
  readonly #places: readonly SeenShare[];

  readonly #planted: PlantedCase;

  constructor(planted: PlantedCase) {
    this.#planted = planted;
    this.#places = planted.places.map((place) => new SeenShare(place));
  }

  /** f(M), with its roughness. */
  score(mask: GridMask): number {
    const seen = this.#planted.places.map((place, k) => response(place, this.#places[k].of(mask)));
    const value = valueOf(this.#planted, seen);
    return value * (1 + this.#planted.roughness * (2 * noise(mask) - 1));
  }
}

/** `Σ_j weight_j Π_{k ∈ of_j} h_k`. */
export function valueOf({ terms }: Pick<PlantedCase, 'terms'>, seen: ArrayLike<number>): number {
  let sum = 0;
  for (const { weight, of } of terms) sum += of.reduce((product, k) => product * seen[k], weight);
  return sum;
}

/** h(v): see Place. */
export function response({ threshold, width }: Pick<Place, 'threshold' | 'width'>, share: number): number {
  const sigmoid = (t: number): number => 1 / (1 + Math.exp(-t / width));
  const [low, high] = [sigmoid(-threshold), sigmoid(1 - threshold)];
  return (sigmoid(share - threshold) - low) / (high - low);
}

/** Which share of a place a mask shows: the mean of the mask over it, `v = w_yᵀ G w_x`. */
export class SeenShare {
  readonly #down = new Map<number, Float64Array>();
  readonly #across = new Map<number, Float64Array>();

  readonly #place: Pick<Place, 'region'>;

  constructor(place: Pick<Place, 'region'>) {
    this.#place = place;
  }

  of(mask: GridMask): number {
    const { rows, columns, grid } = mask;
    const [down, across] = this.weights(mask);
    let share = 0;
    for (let r = 0; r < rows; r++) {
      if (down[r] === 0) continue;
      let row = 0;
      for (let c = 0; c < columns; c++) row += across[c] * grid[r * columns + c];
      share += down[r] * row;
    }
    return share;
  }

  /** w_y [rows] and w_x [columns] at a mask's offsets; each sums to 1. */
  weights({ rows, columns, offsetY, offsetX, upsampled }: Omit<GridMask, 'grid'>): [Float64Array, Float64Array] {
    const { x1, y1, x2, y2 } = this.#place.region;
    return [
      known(this.#down, offsetY, () => meanWeights(y1, y2, offsetY, rows, upsampled.height)),
      known(this.#across, offsetX, () => meanWeights(x1, x2, offsetX, columns, upsampled.width)),
    ];
  }
}

function known(table: Map<number, Float64Array>, key: number, make: () => Float64Array): Float64Array {
  let value = table.get(key);
  if (!value) table.set(key, (value = make()));
  return value;
}

/** Mean weights of the cells over the pixels whose centres lie from `from` to `to`; at least one pixel. */
function meanWeights(from: number, to: number, offset: number, cells: number, upsampled: number): Float64Array {
  const first = Math.max(0, Math.ceil(from - 0.5));
  const last = Math.max(first, Math.ceil(to - 0.5) - 1);
  const { cell, fraction } = axisWeights(last + 1, 1, offset, cells, upsampled);
  const weights = new Float64Array(cells);
  const count = last - first + 1;
  for (let x = first; x <= last; x++) {
    weights[cell[x]] += (1 - fraction[x]) / count;
    if (fraction[x] > 0) weights[cell[x] + 1] += fraction[x] / count;
  }
  return weights;
}

/** Uniform in [0, 1), by the mask's cells and offsets. */
function noise({ grid, offsetY, offsetX }: GridMask): number {
  let hash = mix((offsetY << 16) ^ offsetX);
  for (let k = 0; k < grid.length; k++)
    hash = mix(hash ^ (grid[k] === 0 ? 0x51ed27 : 0x2545f4) ^ Math.imul(k, 0x9e3779b9));
  return hash / 4294967296;
}
