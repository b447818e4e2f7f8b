import type { Size } from '../../geometry/letterbox.js';
import { axisWeights, type AxisWeights } from '../masks/gridMask.js';
import type { SampledMask } from '../masks/maskStream.js';
import type { MaskStream } from '../masks/maskStream.js';

/** Orders of interaction that are taken out: pairs and triples of cells. */
export const ORDERS = [2, 3] as const;

/**
 * What a map cannot see of a score: cells that act together.
 *
 * A linear model `Σ_k b_k (M(x_k) − p)` is one of the cells, `Σ_c a_c (g_c − p)`. The elementary symmetric polynomials of its terms,
 * `e_2 = Σ_{c<d} a_c a_d (g_c − p)(g_d − p)` and e_3 alike, have no covariance with any single cell, as cells are drawn independently: their
 * map in equation 4 is exactly 0, whatever the slopes are. Yet a score that needs much of a place to be seen, or two places together, follows them. So
 * what follows them can be taken off the scores: noise goes, and the expected map stays.
 */
export class Interactions {
  readonly #lattice: Size;
  readonly #axes = new Map<string, AxisWeights>();

  readonly #content: Size;
  readonly #stream: MaskStream;

  constructor(content: Size, stream: MaskStream, lattice: Size) {
    this.#content = content;
    this.#stream = stream;
    this.#lattice = lattice;
  }

  /**
   * @param slopes b of the lattice
   * @param into [ORDERS.length], overwritten with e_2, e_3
   */
  of(mask: SampledMask, slopes: Float64Array, into: Float64Array): void {
    const terms = this.#cellSlopes(mask, slopes);
    const { probability } = this.#stream.options;
    const polynomials = Float64Array.of(1, 0, 0, 0);
    for (let c = 0; c < terms.length; c++) {
      const term = terms[c] * (mask.grid[c] - probability);
      if (term === 0) continue;
      for (let k = 3; k > 0; k--) polynomials[k] += term * polynomials[k - 1];
    }
    ORDERS.forEach((order, i) => (into[i] = polynomials[order]));
  }

  /** `a = R_yᵀ B R_x`, [cells]: the slopes as slopes of the cells of a mask. */
  #cellSlopes({ offsetY, offsetX, rows, columns, upsampled }: SampledMask, slopes: Float64Array): Float64Array {
    const { width, height } = this.#lattice;
    const down = this.#axis('y', height, this.#content.height, offsetY, rows, upsampled.height);
    const across = this.#axis('x', width, this.#content.width, offsetX, columns, upsampled.width);
    const line = new Float64Array(columns + 1);
    const cells = new Float64Array(rows * columns);
    for (let r = 0; r < height; r++) {
      line.fill(0);
      for (let c = 0; c < width; c++) {
        const slope = slopes[r * width + c];
        if (slope === 0) continue;
        const cell = across.cell[c];
        line[cell] += slope * (1 - across.fraction[c]);
        line[cell + 1] += slope * across.fraction[c];
      }
      const cell = down.cell[r];
      const f = down.fraction[r];
      for (let c = 0; c < columns; c++) {
        if (line[c] === 0) continue;
        cells[cell * columns + c] += line[c] * (1 - f);
        if (f > 0) cells[(cell + 1) * columns + c] += line[c] * f;
      }
    }
    return cells;
  }

  #axis(
    axis: 'x' | 'y',
    points: number,
    pixels: number,
    offset: number,
    cells: number,
    upsampled: number,
  ): AxisWeights {
    const key = `${axis}${offset}`;
    let weights = this.#axes.get(key);
    if (!weights) this.#axes.set(key, (weights = axisWeights(points, pixels / points, offset, cells, upsampled)));
    return weights;
  }
}
