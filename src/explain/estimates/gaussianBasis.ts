import type { Size } from '../../geometry/letterbox.js';
import type { LinearMaps } from './linearMaps.js';

/** Standard deviation of the basis functions, in cells. Chosen on the tuning half of the planted cases: docs/reasons.md. */
const SPREAD = 0.5;

/**
 * Linear models made of bumps: basis function k weighs a mask's values at the lattice with a Gaussian around point k, `φ = G z`, a product of one
 * matrix for each axis whose rows sum to 1.
 */
export class GaussianBasis {
  readonly #lattice: Size;
  /** [points, points] of each axis. */
  readonly #down: Float64Array;
  readonly #across: Float64Array;
  /** [points, map height] and [points, map width]: the axes' kernels of the bumps. */
  readonly #mapDown: Float64Array;
  readonly #mapAcross: Float64Array;

  readonly #maps: LinearMaps;

  constructor(maps: LinearMaps, pointsPerCell: Size) {
    this.#maps = maps;
    const { lattice, geometry } = maps;
    this.#lattice = lattice;
    this.#down = bumps(lattice.height, SPREAD * pointsPerCell.height);
    this.#across = bumps(lattice.width, SPREAD * pointsPerCell.width);
    this.#mapDown = product(this.#down, maps.down, lattice.height, geometry.height);
    this.#mapAcross = product(this.#across, maps.across, lattice.width, geometry.width);
  }

  /** `G z` [K]. */
  of(z: ArrayLike<number>): Float64Array {
    const into = new Float64Array(z.length);
    smooth(z, 0, into, 0, this.#lattice, this.#down, this.#across);
    return into;
  }

  /** One basis function of z. */
  at(k: number, z: ArrayLike<number>): number {
    const { width, height } = this.#lattice;
    const [row, column] = [Math.floor(k / width), k % width];
    let value = 0;
    for (let r = 0; r < height; r++) {
      const weight = this.#down[row * height + r];
      if (weight < 1e-9) continue;
      let along = 0;
      for (let c = 0; c < width; c++) along += this.#across[column * width + c] * z[r * width + c];
      value += weight * along;
    }
    return value;
  }

  /** `G C Gᵀ` of a symmetric C [K, K]. */
  gram(covariance: Float64Array): Float64Array {
    const n = this.#lattice.width * this.#lattice.height;
    const half = new Float64Array(n * n);
    for (let k = 0; k < n; k++) smooth(covariance, k * n, half, k * n, this.#lattice, this.#down, this.#across);
    for (let k = 0; k < n; k++)
      for (let l = 0; l < k; l++) [half[k * n + l], half[l * n + k]] = [half[l * n + k], half[k * n + l]];
    const whole = new Float64Array(n * n);
    for (let k = 0; k < n; k++) smooth(half, k * n, whole, k * n, this.#lattice, this.#down, this.#across);
    return whole;
  }

  /** Slopes of bumps as slopes of the lattice, `b = Gᵀ μ`. */
  latticeSlopes(active: readonly number[], slopes: ArrayLike<number>): Float64Array {
    const { width, height } = this.#lattice;
    const into = new Float64Array(width * height);
    active.forEach((k, i) => {
      const [row, column] = [Math.floor(k / width), k % width];
      for (let r = 0; r < height; r++) {
        const weight = slopes[i] * this.#down[row * height + r];
        for (let c = 0; c < width; c++) into[r * width + c] += weight * this.#across[column * width + c];
      }
    });
    return into;
  }

  /** The map of bump k at pixel (x, y) of the map, and of nothing else: see LinearMaps. */
  mapAt(k: number, x: number, y: number): number {
    const { width, height } = this.#maps.geometry;
    const { width: points } = this.#lattice;
    return (
      this.#maps.factor * this.#mapDown[Math.floor(k / points) * height + y] * this.#mapAcross[(k % points) * width + x]
    );
  }
}

/** Gaussian weights of neighbours, [points, points]; each row sums to 1. */
function bumps(points: number, sigma: number): Float64Array {
  const matrix = new Float64Array(points * points);
  for (let k = 0; k < points; k++) {
    const row = matrix.subarray(k * points, (k + 1) * points);
    for (let l = 0; l < points; l++) row[l] = Math.exp(-((k - l) ** 2) / (2 * sigma ** 2));
    const sum = row.reduce((a, b) => a + b, 0);
    for (let l = 0; l < points; l++) row[l] = row[l] / sum < 1e-6 ? 0 : row[l] / sum;
  }
  return matrix;
}

function product(a: Float64Array, b: Float64Array, inner: number, length: number): Float64Array {
  const into = new Float64Array(inner * length);
  for (let k = 0; k < inner; k++)
    for (let l = 0; l < inner; l++) {
      const weight = a[k * inner + l];
      if (weight !== 0) for (let x = 0; x < length; x++) into[k * length + x] += weight * b[l * length + x];
    }
  return into;
}

/** `down · Z · acrossᵀ` of one lattice of values. */
function smooth(
  from: ArrayLike<number>,
  start: number,
  into: Float64Array,
  at: number,
  { width, height }: Size,
  down: Float64Array,
  across: Float64Array,
): void {
  const line = new Float64Array(width * height);
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      let sum = 0;
      for (let l = 0; l < width; l++) sum += across[c * width + l] * from[start + r * width + l];
      line[r * width + c] = sum;
    }
  for (let r = 0; r < height; r++)
    for (let l = 0; l < height; l++) {
      const weight = down[r * height + l];
      if (weight === 0) continue;
      for (let c = 0; c < width; c++) into[at + r * width + c] += weight * line[l * width + c];
    }
}
