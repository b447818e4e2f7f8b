import type { Spectrum } from '../../spectrum.js';
import { Texture, type Material, type Surface } from './material.js';
import { cell, fractal, speckle } from './noise.js';

/** What a texture says about one point: its material, its brightness, how much warmer it is, its normal. */
export interface Sample {
  material: Material;
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
  s: Surface,
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
  const qx = px - s.origin[0];
  const qy = py - s.origin[1];
  const qz = pz - s.origin[2];
  const u = qx * s.u[0] + qy * s.u[1] + qz * s.u[2];
  const v = qx * s.v[0] + qy * s.v[1] + qz * s.v[2];
  const fine = depth < 3 ? 1 : 3 / depth;
  const p0 = s.p[0];
  const p1 = s.p[1];
  const p2 = s.p[2];
  const p3 = s.p[3];
  out.material = s.material;
  out.warm = 0;
  out.tone = 1;
  switch (s.texture) {
    case Texture.Plain:
      out.tone = 1 + 0.05 * fractal(u * 40 + s.seed, v * 40);
      return;
    case Texture.Asphalt: {
      const large = fractal(px * 2.3 + s.seed, py * 2.3);
      const crack = fractal(px * 5 + s.seed * 3, py * 5);
      out.tone = 1 + 0.16 * large + fine * (0.16 * speckle(px * 70, py * 70) + 0.1 * fractal(px * 30, py * 30));
      if (crack > -0.012 && crack < 0.012) out.tone *= 0.75;
      out.warm = 0.7 * large;
      return;
    }
    case Texture.Concrete:
      out.tone = 1 + 0.12 * fractal(u * 6 + s.seed, v * 6) + fine * 0.1 * speckle(u * 60, v * 60);
      return;
    case Texture.Grass: {
      const large = fractal(px * 4 + s.seed, py * 4);
      if (large + 0.5 * fractal(px * 21, py * 21) > 0.52) out.material = s.second;
      out.tone = 1 + 0.22 * large + fine * (0.38 * speckle(px * 34, py * 55) + 0.3 * fractal(px * 50, py * 50));
      out.warm = large;
      return;
    }
    case Texture.Paving: {
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
      out.material = s.material.gloss > 0.1 ? s.second : s.material;
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
      if (t - Math.floor(t) < p1) out.material = s.second;
      out.tone = 1 + 0.1 * fractal(u * 30 + s.seed, v * 30) + fine * 0.05 * speckle(u * 80, v * 80);
      return;
    }
    case Texture.Diagonal: {
      const t = (Math.abs(v) + u * 0.8) / p0 + 20;
      if (t - Math.floor(t) < p1) out.material = s.second;
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
      if (patch > 0.25) out.material = s.second;
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

function facadeGlass(s: Surface, column: number, row: number, frame: boolean, out: Sample): void {
  const windscreen = s.material.gloss > 0.1;
  if (windscreen) {
    out.material = s.material;
    return;
  }
  if (frame) {
    out.tone = 0.72;
    return;
  }
  const glows = s.second.glow[0] > 0;
  const on = glows && cell(column + s.seed, row) < 0.3;
  out.material = glows && !on ? unlit(s.second) : s.second;
  out.tone = 0.7 + 0.8 * cell(column * 3 + s.seed, row + 7);
  out.warm = on ? 2.5 : 1.2 * cell(column + 5, row + s.seed);
}

const dark = new WeakMap<Material, Material>();

function unlit(material: Material): Material {
  let other = dark.get(material);
  if (!other) {
    other = { ...material, glow: [0, 0, 0, 0] };
    dark.set(material, other);
  }
  return other;
}

/** A printed person: head, shoulders and legs in ink on paper with a headline; −1 … 1 both ways. */
function poster(s: Surface, u: number, v: number, spectrum: Spectrum, out: Sample): void {
  if (spectrum === 'fir') return;
  const x = Math.abs(u);
  const head = u * u * 9 + (v - 0.45) * (v - 0.45) * 22 < 1;
  const torso = v < 0.24 && v > -0.3 && x < 0.34 - 0.1 * Math.abs(v);
  const legs = v <= -0.3 && v > -0.88 && x > 0.04 && x < 0.22;
  if (head) {
    out.tone = 0.75;
    out.material = s.second;
    if (v < 0.52) out.tone = 1.6;
  } else if (torso || legs) {
    out.material = s.second;
    out.tone = legs ? 0.6 : 1;
  } else if (v > 0.76 && v < 0.9 && cell(Math.floor(u * 14) + s.seed, 3) > 0.35 && x < 0.85) {
    out.material = s.second;
  }
}

/** Looks over the rim into a hole of depth `deep`: floor where the sight line meets it inside, else the wall. */
function holeView(
  s: Surface,
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
    out.material = s.second;
    out.tone = 0.85 + 0.25 * grain;
    return;
  }
  const run = dz < -0.01 ? deep / -dz : deep * 100;
  const fu = u + run * (dx * s.u[0] + dy * s.u[1]);
  const fv = v + run * (dx * s.v[0] + dy * s.v[1]);
  const floor = fu * fu + fv * fv < inner * inner;
  out.tone = (floor ? 0.75 : 0.5) + 0.25 * grain;
  out.warm = floor ? 1 : 0;
}
