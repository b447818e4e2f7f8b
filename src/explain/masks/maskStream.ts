import type { Box } from '../../geometry/box.js';
import type { Size } from '../../geometry/letterbox.js';
import type { GridMask } from './gridMask.js';
import { uniforms } from './philox.js';

export const SAMPLERS = ['plain', 'importance'] as const;
export type Sampler = (typeof SAMPLERS)[number];

/** What the masks of one explanation have in common. */
export interface MaskStreamOptions {
  readonly seed: number;
  /** Size in pixels of what is masked. */
  readonly content: Size;
  readonly grid: { readonly rows: number; readonly columns: number };
  /** That a cell is on, in (0, 1). */
  readonly probability: number;
  readonly sampler: Sampler;
  /** Boxes in content pixels that `importance` draws masks for. */
  readonly targets: readonly Box[];
}

/** A random mask, and what it counts for: the mean of `weight · f(mask)` is the mean of f over plain masks. */
export interface SampledMask extends GridMask {
  readonly grid: Uint8Array;
  readonly weight: number;
}

/** Streams of random numbers. */
const CELLS = 0;
const CHOICE = 2;

/** Share of masks that `importance` leaves plain: what makes its weights bounded and exact whatever the detector does. */
const PLAIN_SHARE = 0.1;

/**
 * The masks of RISE (Petsiuk et al. 2018, section 3.2; the study's parameters are 8×8 cells, probability 0.1): binary grids
 * whose cells are on with probability p, stretched bilinearly to `(cells + 1)·⌈side/cells⌉` pixels and cut out at an offset of
 * 0 to `⌈side/cells⌉ − 1` pixels. Every mask is a pure function of the options and its index, and masks are independent of each
 * other:
 * - `plain`: as above.
 * - `importance`: nine of ten masks show something of a target: one of the targets is drawn, one of the `K_t` cells over its
 *   box is drawn and switched on, all else is plain. The weight, plain over actual probability, is
 *   `1 / (0.1 + 0.9 · mean_t(on_t / (K_t·p)))` with `on_t` of the `K_t` cells on.
 */
export class MaskStream {
  /** To what the grid is stretched. */
  readonly upsampled: Size;
  readonly #cell: Size;
  readonly options: MaskStreamOptions;

  constructor(options: MaskStreamOptions) {
    this.options = options;
    const { content, grid } = options;
    this.#cell = { width: Math.ceil(content.width / grid.columns), height: Math.ceil(content.height / grid.rows) };
    this.upsampled = {
      width: (grid.columns + 1) * this.#cell.width,
      height: (grid.rows + 1) * this.#cell.height,
    };
  }

  /** @param index a whole number from 0 */
  mask(index: number): SampledMask {
    const { rows, columns } = this.options.grid;
    const { seed, probability, sampler } = this.options;
    const numbers = uniforms(seed, CELLS, index, rows * columns + 2);
    const offsetY = Math.floor(numbers[0] * this.#cell.height);
    const offsetX = Math.floor(numbers[1] * this.#cell.width);
    const grid = new Uint8Array(rows * columns);
    for (let k = 0; k < grid.length; k++) grid[k] = numbers[k + 2] < probability ? 1 : 0;
    const mask = { rows, columns, grid, offsetY, offsetX, upsampled: this.upsampled };
    return { ...mask, weight: sampler === 'importance' ? this.#favour(index, mask) : 1 };
  }

  /** Switches a cell over a target on in nine of ten masks; returns the mask's weight. */
  #favour(index: number, mask: GridMask & { readonly grid: Uint8Array }): number {
    const { seed, targets, probability } = this.options;
    if (targets.length === 0) return 1;
    const [coin = 0, which = 0, where = 0] = uniforms(seed, CHOICE, index, 3);
    const covers = targets.map((box) => cellsOver(box, mask));
    if (coin >= PLAIN_SHARE) {
      const cover = covers[Math.floor(which * covers.length)];
      mask.grid[cover[Math.floor(where * cover.length)]] = 1;
    }
    let favour = 0;
    for (const cover of covers) {
      let on = 0;
      for (const cell of cover) on += mask.grid[cell];
      favour += on / (cover.length * probability);
    }
    return 1 / (PLAIN_SHARE + ((1 - PLAIN_SHARE) * favour) / covers.length);
  }
}

/** The cells whose stretched and shifted squares touch the box; at least one. */
export function cellsOver({ x1, y1, x2, y2 }: Box, mask: Omit<GridMask, 'grid'>): number[] {
  const span = (from: number, to: number, offset: number, cells: number, pixels: number): [number, number] => {
    const cellAt = (position: number): number => ((position + offset) * cells) / pixels;
    const first = Math.min(Math.max(Math.floor(cellAt(from)), 0), cells - 1);
    return [first, Math.min(Math.max(Math.ceil(cellAt(to)) - 1, first), cells - 1)];
  };
  const [top, bottom] = span(y1, y2, mask.offsetY, mask.rows, mask.upsampled.height);
  const [left, right] = span(x1, x2, mask.offsetX, mask.columns, mask.upsampled.width);
  const cells: number[] = [];
  for (let row = top; row <= bottom; row++)
    for (let column = left; column <= right; column++) cells.push(row * mask.columns + column);
  return cells;
}
