import type { Spectrum } from '../../../src/spectrum.js';
import { Optics, type PackedSurface, Texture } from './material.js';
import { cell, fractal, speckle } from './noise.js';

/** What a texture says about one point: its material, its brightness, how much warmer it is, its normal. */
export interface Sample {
  optics: Float64Array;
  tone: number;
  warm: number;
  nx: number;
  ny: number;
  nz: number;
}

/**
 * Looks a surface up at a world point seen along the unit direction (dx, dy, dz) from `depth` metres; `out` brings the
 * geometric normal in and takes the result. Fine grain fades with distance, as a lens would blur it.
 */
export function sample(
  s: PackedSurface,
  px: number,
  py: number,
  pz: number,
  dx: number,
  dy: number,
  dz: number,
  depth: number,
  spectrum: Spectrum,
  out: Sample,
): void {
  const f = s.frame;
  const qx = px - f[0];
  const qy = py - f[1];
  const qz = pz - f[2];
  const u = qx * f[3] + qy * f[4] + qz * f[5];
  const v = qx * f[6] + qy * f[7] + qz * f[8];
  const fine = depth < 3 ? 1 : 3 / depth;
  const p0 = f[9];
  const p1 = f[10];
  const p2 = f[11];
  const p3 = f[12];
  out.optics = s.optics;
  out.warm = 0;
  out.tone = 1;
  // Brightness plays no part in emission: the far infrared needs materials and warmth alone.
  const emission = spectrum === 'fir';
  switch (s.texture) {
    case Texture.Plain:
      out.tone = 1 + 0.05 * fractal(u * 40 + s.seed, v * 40);
      return;
    case Texture.Asphalt: {
      const large = fractal(px * 2.3 + s.seed, py * 2.3);
      out.warm = 0.7 * large;
      if (emission) return;
      const crack = fractal(px * 5 + s.seed * 3, py * 5);
      out.tone = 1 + 0.16 * large + fine * (0.16 * speckle(px * 70, py * 70) + 0.1 * fractal(px * 30, py * 30));
      if (crack > -0.012 && crack < 0.012) out.tone *= 0.75;
      return;
    }
    case Texture.Concrete:
      if (emission) return;
      out.tone = 1 + 0.12 * fractal(u * 6 + s.seed, v * 6) + fine * 0.1 * speckle(u * 60, v * 60);
      return;
    case Texture.Grass: {
      const large = fractal(px * 4 + s.seed, py * 4);
      if (large + 0.5 * fractal(px * 21, py * 21) > 0.52) out.optics = s.second;
      out.warm = large;
      if (emission) return;
      out.tone = 1 + 0.22 * large + fine * (0.38 * speckle(px * 34, py * 55) + 0.3 * fractal(px * 50, py * 50));
      return;
    }
    case Texture.Paving: {
      if (emission) return;
      const ru = u / p0;
      const row = Math.floor(ru);
      const rv = v / p1 + (row & 1) * 0.5;
      const column = Math.floor(rv);
      const joint = 0.006 + 0.0012 * depth;
      const edge = Math.min((ru - row) * p0, (row + 1 - ru) * p0, (rv - column) * p1, (column + 1 - rv) * p1);
      out.tone =
        0.93 +
        0.2 * cell(row + s.seed, column) * (depth < 14 ? 1 : 14 / depth) +
        0.09 * fractal(px * 3, py * 3) +
        fine * 0.07 * speckle(px * 60, py * 60);
      if (edge < joint) out.tone *= 1 - 0.35 * Math.min(1, 8 / depth);
      return;
    }
    case Texture.Brick: {
      if (emission) return;
      const row = Math.floor(v / 0.12);
      const ru = u / 0.36 + (row & 1) * 0.5;
      const column = Math.floor(ru);
      out.tone = 0.9 + 0.22 * cell(row, column + s.seed) * fine * 2 + 0.1 * fractal(u * 3, v * 3);
      if (v - row * 0.12 < 0.014 || (ru - column) * 0.36 < 0.014) out.tone *= 1 + 0.25 * fine;
      return;
    }
    case Texture.Facade: {
      const column = Math.floor(u / p0);
      const row = Math.floor(v / p1);
      const fu = Math.abs(u / p0 - column - 0.5) * 2;
      const fv = Math.abs(v / p1 - row - 0.5) * 2;
      if (fu < p2 && fv < p3) {
        // A windscreen has the frame as its second material, a wall the window: glass is told by its gloss.
        facadeGlass(s, column, row, fu > p2 - 0.06 || (fu < 0.03 && p0 > 1), out);
        return;
      }
      out.optics = s.optics[Optics.Gloss] > 0.1 ? s.second : s.optics;
      out.tone =
        1 +
        0.09 * fractal(u * 3 + s.seed, v * 3) -
        (fv > p3 && fv < p3 + 0.05 && fu < p2 + 0.05 ? 0.2 : 0) +
        fine * 0.05 * speckle(u * 50, v * 50);
      out.warm = 0.6 * fractal(u * 0.9, v * 0.9 + s.seed);
      return;
    }
    case Texture.Cloth:
      out.tone =
        1 + 0.24 * fractal((u + 0.3 * v) * 34 + s.seed, (v + qy * 0.4) * 26) + 0.1 * fractal(u * 90, v * 90 + s.seed);
      out.warm = 0.9 * fractal(v * 24 + s.seed, u * 24);
      return;
    case Texture.Bands: {
      const t = v / p0 + 0.25;
      if (t - Math.floor(t) < p1) out.optics = s.second;
      out.tone = 1 + 0.1 * fractal(u * 30 + s.seed, v * 30) + fine * 0.05 * speckle(u * 80, v * 80);
      return;
    }
    case Texture.Diagonal: {
      const t = (Math.abs(v) + u * 0.8) / p0 + 20;
      if (t - Math.floor(t) < p1) out.optics = s.second;
      out.tone = 1 + 0.12 * fractal(px * 6 + s.seed, py * 6) + fine * 0.12 * speckle(px * 70, py * 70);
      return;
    }
    case Texture.Poster:
      poster(s, u, v, spectrum, out);
      return;
    case Texture.Leaf:
      out.tone =
        1 +
        0.3 * fractal(px * 12 + pz * 9 + s.seed, py * 12 - pz * 11) +
        fine * 0.25 * speckle(px * 30 + pz * 23, py * 30 + pz * 17);
      out.warm = fractal(px * 5 + pz * 4, py * 5 - pz * 4);
      return;
    case Texture.Hole:
      holeView(s, u, v, dx, dy, dz, p0, p1, out);
      return;
    case Texture.CarSide: {
      const z = qz;
      const dirt = z < p0 + 0.25 ? (p0 + 0.25 - z) * 1.1 : 0;
      const seam = Math.abs(u) < 0.008 || Math.abs(u - 0.9) < 0.008;
      out.tone =
        (1 - 0.5 * Math.min(0.6, dirt)) * (seam && depth < 14 ? 0.6 : 1) * (z > p1 - 0.2 && z < p1 - 0.17 ? 0.86 : 1);
      return;
    }
    case Texture.Puddle: {
      out.nx = 0.03 * fractal(px * 20, py * 20);
      out.ny = 0.03 * fractal(py * 20, px * 20);
      return;
    }
    case Texture.Fur: {
      const patch = fractal(u * 9 * p0 + s.seed, v * 9 * p0);
      if (patch > 0.25) out.optics = s.second;
      out.tone = 1 + 0.22 * fractal(u * 60 + s.seed, v * 60) + 0.12 * patch;
      out.warm = 0.8 * patch;
      return;
    }
    case Texture.Bark:
      out.tone = 1 + 0.35 * fractal((u + qy) * 26 + s.seed, v * 5);
      return;
    case Texture.Vent: {
      const t = v / p0;
      if (t - Math.floor(t) < 0.4) out.tone = 0.55;
      return;
    }
    case Texture.Cover: {
      const a = Math.floor(u / 0.07) + Math.floor(v / 0.07);
      out.tone =
        (a & 1 ? 0.8 : 1.1) + (u * u + v * v > 0.26 * p0 * 3.1 * p0 * 3.1 ? -0.35 : 0) + 0.15 * fractal(px * 9, py * 9);
    }
  }
}

function facadeGlass(s: PackedSurface, column: number, row: number, frame: boolean, out: Sample): void {
  const windscreen = s.optics[Optics.Gloss] > 0.1;
  if (windscreen) {
    out.optics = s.optics;
    return;
  }
  if (frame) {
    out.tone = 0.72;
    return;
  }
  const glows = s.second[Optics.Glow] > 0;
  const on = glows && cell(column + s.seed, row) < 0.3;
  out.optics = glows && !on ? unlit(s.second) : s.second;
  out.tone = 0.7 + 0.8 * cell(column * 3 + s.seed, row + 7);
  out.warm = on ? 2.5 : 1.2 * cell(column + 5, row + s.seed);
}

const dark = new WeakMap<Float64Array, Float64Array>();

function unlit(optics: Float64Array): Float64Array {
  let other = dark.get(optics);
  if (!other) {
    other = optics.slice();
    other.fill(0, Optics.Glow);
    dark.set(optics, other);
  }
  return other;
}

/** A printed person: head, shoulders and legs in ink on paper with a headline; −1 … 1 both ways. */
function poster(s: PackedSurface, u: number, v: number, spectrum: Spectrum, out: Sample): void {
  if (spectrum === 'fir') return;
  const x = Math.abs(u);
  const head = u * u * 9 + (v - 0.45) * (v - 0.45) * 22 < 1;
  const torso = v < 0.24 && v > -0.3 && x < 0.34 - 0.1 * Math.abs(v);
  const legs = v <= -0.3 && v > -0.88 && x > 0.04 && x < 0.22;
  if (head) {
    out.tone = 0.75;
    out.optics = s.second;
    if (v < 0.52) out.tone = 1.6;
  } else if (torso || legs) {
    out.optics = s.second;
    out.tone = legs ? 0.6 : 1;
  } else if (v > 0.76 && v < 0.9 && cell(Math.floor(u * 14) + s.seed, 3) > 0.35 && x < 0.85) {
    out.optics = s.second;
  }
}

/** Looks over the rim into a hole of depth `deep`: floor where the sight line meets it inside, else the wall. */
function holeView(
  s: PackedSurface,
  u: number,
  v: number,
  dx: number,
  dy: number,
  dz: number,
  deep: number,
  inner: number,
  out: Sample,
): void {
  const rim = u * u + v * v;
  const grain = fractal(u * 20 + s.seed, v * 20);
  if (rim > inner * inner * (1 + 0.25 * grain)) {
    out.optics = s.second;
    out.tone = 0.85 + 0.25 * grain;
    return;
  }
  const f = s.frame;
  const run = dz < -0.01 ? deep / -dz : deep * 100;
  const fu = u + run * (dx * f[3] + dy * f[4]);
  const fv = v + run * (dx * f[6] + dy * f[7]);
  const floor = fu * fu + fv * fv < inner * inner;
  out.tone = (floor ? 0.75 : 0.5) + 0.25 * grain;
  out.warm = floor ? 1 : 0;
}
