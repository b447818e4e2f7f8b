import { Random, mix } from '../random.js';

/** Side of the tileable noise fields, in texels. */
const SIZE = 256;
const MASK = SIZE - 1;

const smooth = makeFractal(0x51ed);
const gaussians = makeGaussians(0x77aa);

/** Fractal noise, about −1 … 1, bilinear, repeating every 256 units of `u` and `v`. */
export function fractal(u: number, v: number): number {
  const iu = Math.floor(u);
  const iv = Math.floor(v);
  const fu = u - iu;
  const fv = v - iv;
  const x0 = iu & MASK;
  const x1 = (iu + 1) & MASK;
  const y0 = (iv & MASK) << 8;
  const y1 = ((iv + 1) & MASK) << 8;
  const top = smooth[y0 | x0] + (smooth[y0 | x1] - smooth[y0 | x0]) * fu;
  const bottom = smooth[y1 | x0] + (smooth[y1 | x1] - smooth[y1 | x0]) * fu;
  return top + (bottom - top) * fv;
}

/** White noise on the integer lattice, −1 … 1. */
export function speckle(u: number, v: number): number {
  return (mixFast(Math.imul(Math.floor(u), 73856093) ^ Math.imul(Math.floor(v), 19349663)) & 0xffff) / 32767.5 - 1;
}

/** A hash of two integers in [0, 1). */
export function cell(u: number, v: number): number {
  return (mixFast(Math.imul(u, 0x27d4eb2f) ^ Math.imul(v, 0x165667b1)) & 0xffff) / 65536;
}

function mixFast(value: number): number {
  let x = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39);
  return (x ^ (x >>> 15)) >>> 0;
}

/** 65,536 standard-normal numbers: a per-pixel hash picks one. */
export function gaussianTable(): Float32Array {
  return gaussians;
}

function makeFractal(seed: number): Float32Array {
  const field = new Float32Array(SIZE * SIZE);
  const lattice = (x: number, y: number, octave: number): number =>
    mix(seed ^ Math.imul(x, 374761393) ^ Math.imul(y, 668265263) ^ Math.imul(octave, 0x9e3779b1)) / 2147483648 - 1;
  let amplitude = 0.55;
  for (let octave = 0, period = 8; period <= SIZE; octave++, period *= 2, amplitude *= 0.62) {
    const stride = SIZE / period;
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++) {
        const gx = Math.floor(x / stride);
        const gy = Math.floor(y / stride);
        const tx = ease(x / stride - gx);
        const ty = ease(y / stride - gy);
        const a = lattice(gx % period, gy % period, octave);
        const b = lattice((gx + 1) % period, gy % period, octave);
        const c = lattice(gx % period, (gy + 1) % period, octave);
        const d = lattice((gx + 1) % period, (gy + 1) % period, octave);
        field[y * SIZE + x] += amplitude * (a + (b - a) * tx + (c + (d - c) * tx - a - (b - a) * tx) * ty);
      }
    }
  }
  return field;
}

function ease(t: number): number {
  return t * t * (3 - 2 * t);
}

function makeGaussians(seed: number): Float32Array {
  const random = new Random(seed, 'sensor noise');
  return Float32Array.from({ length: 65536 }, () => random.gaussian());
}
