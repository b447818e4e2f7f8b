import { Random } from '../random.js';
import { cos, sin } from '../exactMath.js';

/** A picture of foliage: per texel how open to the sky it is (0 = see-through) and its normal (right, up, outward). */
export interface CrownPicture {
  readonly size: number;
  readonly open: Float32Array;
  readonly normals: Float32Array;
}

const SIZE = 192;
/** Pictures 0–3 are broad-leaved crowns, 4–5 conifers, 6–7 bushes. */
export const CROWN_COUNT = 8;
const pictures: (CrownPicture | undefined)[] = [];

export function crownPicture(index: number): CrownPicture {
  return (pictures[index] ??= draw(index));
}

/** Splats leaf clusters from the back to the front: each is a ragged disc with a round normal; the inside is darker. */
function draw(index: number): CrownPicture {
  const random = new Random(index, 'crown');
  const open = new Float32Array(SIZE * SIZE);
  const normals = new Float32Array(SIZE * SIZE * 3);
  const conifer = index >= 4 && index < 6;
  const bush = index >= 6;
  const clusters = conifer ? 620 : bush ? 520 : 560;
  for (let n = 0; n < clusters; n++) {
    const front = n / clusters;
    const [x, y, inside] = conifer ? coniferPoint(random) : crownPoint(random, bush ? 0.92 : 0.86);
    const radius = random.range(0.016, 0.05) * (conifer ? 0.8 : 1);
    const light = Math.min(1, 0.3 + 0.5 * front + 0.22 * (y + 0.3) + 0.18 * (1 - inside) + random.range(-0.12, 0.12));
    splat(open, normals, random, x, y, radius, Math.max(0.12, light));
  }
  return { size: SIZE, open, normals };
}

function crownPoint(random: Random, fill: number): [number, number, number] {
  for (;;) {
    const x = random.range(-1, 1);
    const y = random.range(-1, 1);
    const r2 = x * x + y * y * (y < 0 ? 1.5 : 1);
    if (r2 < fill * fill) return [x * 0.94, y * 0.94, 1 - r2];
  }
}

function coniferPoint(random: Random): [number, number, number] {
  const y = random.range(-0.95, 0.95);
  const half = 0.1 + (0.95 - y) * 0.4 * (0.75 + 0.25 * cos(y * 26));
  const x = random.range(-half, half);
  return [x, y, 0.5];
}

function splat(
  open: Float32Array,
  normals: Float32Array,
  random: Random,
  x: number,
  y: number,
  radius: number,
  light: number,
): void {
  const cx = (x * 0.5 + 0.5) * SIZE;
  const cy = (0.5 - y * 0.5) * SIZE;
  const r = radius * SIZE;
  const phase = random.range(0, 6);
  const lobes = random.integer(3, 6);
  for (let py = Math.max(0, Math.floor(cy - r * 1.4)); py <= Math.min(SIZE - 1, cy + r * 1.4); py++) {
    for (let px = Math.max(0, Math.floor(cx - r * 1.4)); px <= Math.min(SIZE - 1, cx + r * 1.4); px++) {
      const dx = (px + 0.5 - cx) / r;
      const dy = (py + 0.5 - cy) / r;
      const ragged = 1 + 0.28 * sin(phase + lobes * (dx * 1.7 + dy)) + 0.2 * sin(phase * 2 + lobes * (dy * 2.3 - dx));
      const d2 = (dx * dx + dy * dy) * ragged;
      if (d2 > 1) continue;
      const i = py * SIZE + px;
      const nx = x * 0.55 + dx * 0.6;
      const ny = y * 0.45 - dy * 0.6 + 0.15;
      const nz = 0.75 * Math.sqrt(1 - d2) + 0.25;
      const size = Math.sqrt(nx * nx + ny * ny + nz * nz);
      open[i] = Math.max(0.02, light * (1 - 0.25 * d2));
      normals[i * 3] = nx / size;
      normals[i * 3 + 1] = ny / size;
      normals[i * 3 + 2] = nz / size;
    }
  }
}
