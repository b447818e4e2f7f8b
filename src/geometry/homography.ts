import type { Box } from './box.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * A projective map between two cameras' pictures: nine numbers, row by row, known up to a common factor.
 * `(x, y) → ((h0 x + h1 y + h2) / w, (h3 x + h4 y + h5) / w)` with `w = h6 x + h7 y + h8`.
 */
export type Homography = readonly number[];

/** Least determinant of a homography whose columns and rows were brought to length 1; an invertible one has up to 1. */
const SMALLEST_DETERMINANT = 1e-9;

/** Where a homography takes a point; not finite for a point on its horizon (`w = 0`). */
export function transformPoint(h: Homography, { x, y }: Point): Point {
  const w = h[6] * x + h[7] * y + h[8];
  return { x: (h[0] * x + h[1] * y + h[2]) / w, y: (h[3] * x + h[4] * y + h[5]) / w };
}

/**
 * The smallest upright box around the four corners of `box` after the map; `undefined` where the box crosses the map's horizon (its
 * corners then land on both sides of infinity).
 */
export function transformBox(h: Homography, { x1, y1, x2, y2 }: Box): Box | undefined {
  const corners = [
    { x: x1, y: y1 },
    { x: x2, y: y1 },
    { x: x2, y: y2 },
    { x: x1, y: y2 },
  ];
  const sides = corners.map(({ x, y }) => Math.sign(h[6] * x + h[7] * y + h[8]));
  if (sides[0] === 0 || sides.some((side) => side !== sides[0])) return undefined;
  const moved = corners.map((corner) => transformPoint(h, corner));
  const xs = moved.map(({ x }) => x);
  const ys = moved.map(({ y }) => y);
  const box = { x1: Math.min(...xs), y1: Math.min(...ys), x2: Math.max(...xs), y2: Math.max(...ys) };
  return Object.values(box).every(Number.isFinite) ? box : undefined;
}

/**
 * Whether nine numbers have an inverse. Columns, then rows, are brought to length 1 first: whether a map is singular must not depend on
 * how far from the origin its pictures lie, nor on the unit of their pixels.
 */
export function isInvertible(h: Homography): boolean {
  if (h.length !== 9 || !h.every(Number.isFinite)) return false;
  const columns = [0, 1, 2].map((j) => Math.hypot(h[j], h[3 + j], h[6 + j]));
  const scaled = h.map((value, i) => value / columns[i % 3]);
  const rows = [0, 3, 6].map((i) => Math.hypot(scaled[i], scaled[i + 1], scaled[i + 2]));
  return Math.abs(determinant(scaled.map((value, i) => value / rows[Math.floor(i / 3)]))) > SMALLEST_DETERMINANT;
}

/**
 * The map back, with 1 as its last number where that is possible.
 * @throws RangeError for what has no inverse
 */
export function invertHomography(h: Homography): number[] {
  if (!isInvertible(h)) throw new RangeError(`the homography [${h.join(', ')}] has no inverse`);
  const [a, b, c, d, e, f, g, i, j] = h;
  // The adjugate: the inverse but for a factor, which a homography does not know anyhow.
  const adjugate = [
    ...[e * j - f * i, c * i - b * j, b * f - c * e],
    ...[f * g - d * j, a * j - c * g, c * d - a * f],
    ...[d * i - e * g, b * g - a * i, a * e - b * d],
  ];
  return normalized(adjugate);
}

/** The same map with 1 as its last number; as it is where that number is 0. */
export function normalized(h: Homography): number[] {
  return h[8] === 0 ? [...h] : h.map((value) => value / h[8]);
}

function determinant([a, b, c, d, e, f, g, h, i]: Homography): number {
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}
