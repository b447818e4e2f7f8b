import type { Size } from '../../geometry/letterbox.js';
import { axisWeights, type AxisWeights } from '../masks/gridMask.js';
import type { MaskStream } from '../masks/maskStream.js';
import type { MapGeometry } from './riseEstimate.js';

/** Features on each axis for each cell of the grid. */
const FEATURES_PER_CELL = 2;

/** Points on each axis at which masks are looked at as features: two for each cell. */
export function latticeOf({ grid }: MaskStream['options']): Size {
  return { width: FEATURES_PER_CELL * grid.columns, height: FEATURES_PER_CELL * grid.rows };
}

/**
 * The maps of linear models of a mask, which are known exactly. Of `f(M) = a + Σ_k b_k (M(x_k) − p)`, x_k the points of a lattice, it is
 * `E[f(M)·M(x)]/p = a + (1 − p) Σ_k b_k K(x_k, x)` with `K(x, y) = E[Σ_cells R(x, cell) R(y, cell)]` over the offsets, a product of one kernel for
 * each axis.
 */
export class LinearMaps {
  readonly geometry: MapGeometry;
  readonly lattice: Size;
  /** [lattice height, map height] and [lattice width, map width]: the kernel of each axis. */
  readonly down: Float64Array;
  readonly across: Float64Array;
  /** Variance over mean of a cell, 1 − p. */
  readonly factor: number;

  constructor(geometry: MapGeometry, { options, upsampled }: MaskStream) {
    this.geometry = geometry;
    const { grid, probability } = options;
    const { content } = geometry;
    this.lattice = latticeOf(options);
    this.factor = 1 - probability;
    this.down = kernel(this.lattice.height, geometry.height, content.height, grid.rows, upsampled.height);
    this.across = kernel(this.lattice.width, geometry.width, content.width, grid.columns, upsampled.width);
  }

  /** @param slopes b [lattice height, lattice width] @param into [map height, map width], overwritten */
  mapOf(slopes: ArrayLike<number>, intercept: number, into: Float64Array): void {
    const { width, height } = this.geometry;
    const { width: columns, height: rows } = this.lattice;
    const line = new Float64Array(rows * width);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        const slope = slopes[r * columns + c] * this.factor;
        if (slope === 0) continue;
        for (let x = 0; x < width; x++) line[r * width + x] += slope * this.across[c * width + x];
      }
    into.fill(intercept);
    for (let r = 0; r < rows; r++)
      for (let y = 0; y < height; y++) {
        const weight = this.down[r * height + y];
        if (weight === 0) continue;
        for (let x = 0; x < width; x++) into[y * width + x] += weight * line[r * width + x];
      }
  }
}

/**
 * `E[Σ_cells R(x_k, cell) R(x, cell)]` of one axis over the offsets, [features, length].
 * @param pixels that both the features and the map cover
 */
function kernel(features: number, length: number, pixels: number, cells: number, upsampled: number): Float64Array {
  const offsets = upsampled / (cells + 1);
  const values = new Float64Array(features * length);
  for (let offset = 0; offset < offsets; offset++) {
    const a = axisWeights(features, pixels / features, offset, cells, upsampled);
    const b = axisWeights(length, pixels / length, offset, cells, upsampled);
    for (let k = 0; k < features; k++)
      for (let x = 0; x < length; x++) values[k * length + x] += overlap(a, k, b, x) / offsets;
  }
  return values;
}

/** Σ over cells of the products of two positions' weights. */
function overlap(a: AxisWeights, k: number, b: AxisWeights, x: number): number {
  const apart = b.cell[x] - a.cell[k];
  const [f, g] = [a.fraction[k], b.fraction[x]];
  if (apart === 0) return (1 - f) * (1 - g) + f * g;
  if (apart === 1) return f * (1 - g);
  if (apart === -1) return (1 - f) * g;
  return 0;
}
