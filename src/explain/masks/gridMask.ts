import type { Size } from '../../geometry/letterbox.js';

/** Weights of one axis of an upsampled grid: each sampled position sees two neighbouring cells. */
export interface AxisWeights {
  /** [length]: the first of the two cells. */
  readonly cell: Int32Array;
  /** [length]: weight of the cell after it; the first one has the rest. 0 where there is no next cell. */
  readonly fraction: Float64Array;
}

/**
 * Bilinear upsampling of one axis, pixel centres at half-integers, border repeated: sample i lies at pixel
 * `(i + 0.5)·stride − 0.5` and sees the grid at `(pixel + 0.5 + offset)·cells/upsampled − 0.5`.
 * @param length samples
 * @param stride pixels from one sample to the next; 1 samples every pixel
 * @param offset pixels that are cut off before the first
 * @param cells of the grid
 * @param upsampled pixels to which the whole grid is stretched
 */
export function axisWeights(
  length: number,
  stride: number,
  offset: number,
  cells: number,
  upsampled: number,
): AxisWeights {
  const cell = new Int32Array(length);
  const fraction = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const position = ((i + 0.5) * stride + offset) * (cells / upsampled) - 0.5;
    const inside = Math.min(Math.max(position, 0), cells - 1);
    cell[i] = Math.floor(inside);
    fraction[i] = inside - cell[i];
  }
  return { cell, fraction };
}

/** A grid of cells and where its upsampled picture is cut. */
export interface GridMask {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns]. */
  readonly grid: ArrayLike<number>;
  /** Pixels cut off at the top and at the left. */
  readonly offsetY: number;
  readonly offsetX: number;
  /** Pixels to which the whole grid is stretched. */
  readonly upsampled: Size;
}

/**
 * The mask itself, `M = R_y · G · R_xᵀ`: eq. 3's M, and the same that detector/maskStages.ts makes in the graph. Where the map
 * is coarser than what it covers, the mask is sampled at the centres of the map's values.
 * @param content pixels that are covered
 * @param into [map.height, map.width], overwritten
 */
export function sampleMask(mask: GridMask, map: Size, content: Size, into: Float64Array): void {
  const { rows, columns, grid, upsampled } = mask;
  const { width, height } = map;
  const down = axisWeights(height, content.height / height, mask.offsetY, rows, upsampled.height);
  const across = axisWeights(width, content.width / width, mask.offsetX, columns, upsampled.width);
  const row = new Float64Array(columns + 1);
  for (let y = 0; y < height; y++) {
    const top = down.cell[y] * columns;
    const bottom = top + (down.fraction[y] > 0 ? columns : 0);
    const f = down.fraction[y];
    for (let k = 0; k < columns; k++) row[k] = grid[top + k] + (grid[bottom + k] - grid[top + k]) * f;
    row[columns] = row[columns - 1];
    for (let x = 0; x < width; x++) {
      const k = across.cell[x];
      into[y * width + x] = row[k] + (row[k + 1] - row[k]) * across.fraction[x];
    }
  }
}
