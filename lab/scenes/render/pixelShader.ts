import type { Spectrum } from '../../../src/spectrum.js';
import type { Environment } from '../scene/environment.js';
import { type Lighting, midEmission } from './lighting.js';
import { Optics } from './material.js';
import { fractal } from './noise.js';
import type { Sample } from './texture.js';

const HEADLIGHT_TINT = [1, 0.95, 0.82, 0.9] as const;
/** How far (metres) a point may lie behind the shadow map's surface: one texel's slope towards a grazing sun. */
function shadowBias(facing: number): number {
  const c = facing < 0.12 ? 0.12 : facing;
  return 0.03 + 0.075 * (Math.sqrt(1 - c * c) / c);
}

/** Works out one pixel; the result is left in r, g, b (r alone for one-channel bands) to keep the loop free of objects. */
export class PixelShader {
  r = 0;
  g = 0;
  b = 0;
  readonly #env: Environment;
  readonly #near: boolean;
  readonly #sun: Float64Array;
  readonly #direct: Float64Array;
  readonly #diffuse: Float64Array;
  readonly #zenith: Float64Array;
  readonly #horizon: Float64Array;
  /** Eight numbers a lamp: position, power, tint. */
  readonly #lamps: Float64Array;
  readonly #spectrum: Spectrum;
  readonly #light: Lighting;

  constructor(spectrum: Spectrum, light: Lighting) {
    this.#spectrum = spectrum;
    this.#light = light;
    this.#env = light.environment;
    this.#near = spectrum === 'nir';
    this.#sun = Float64Array.from(this.#env.sun);
    this.#direct = Float64Array.from(this.#env.direct);
    this.#diffuse = Float64Array.from(this.#env.diffuse);
    this.#zenith = Float64Array.from(this.#env.zenith);
    this.#horizon = Float64Array.from(this.#env.horizon);
    this.#lamps = Float64Array.from(light.lamps.flatMap((l) => [...l.position, l.power, ...l.tint]));
  }

  sky(dx: number, dy: number, dz: number): void {
    const env = this.#env;
    const up = dz < 0.02 ? 0.02 : dz;
    const cloud = fractal((dx / (up + 0.12)) * 14 + env.seed, (dy / (up + 0.12)) * 14);
    const cover = Math.min(1, Math.max(0, (cloud * 1.6 + 2 * env.clouds - 0.9) * 1.5));
    const t = Math.sqrt(Math.min(1, up * 1.4));
    if (this.#spectrum === 'fir' || this.#spectrum === 'mir') {
      const clear = env.coldSky + (env.air - 2 - env.coldSky) * (1 - t) * (1 - t);
      const apparent = clear + (env.air - 8 - clear) * 0.6 * cover;
      this.r =
        this.#spectrum === 'fir'
          ? apparent
          : 0.55 * midEmission(apparent) + (env.night ? 0 : this.#diffuse[4] * (0.8 + 2.2 * cover));
      return;
    }
    const sun = dx * this.#sun[0] + dy * this.#sun[1] + dz * this.#sun[2];
    const halo = env.night ? 0 : sun > 0.9 ? (sun - 0.9) * (sun - 0.9) * 60 * this.#direct[0] : 0;
    const white = env.night ? this.#horizon[0] * 0.6 : 0.55 + 0.35 * this.#direct[1];
    const mix = cover * 0.8;
    const cloudy = white * (0.85 + 0.2 * cloud) * mix;
    const keep = 1 - mix;
    const horizon = this.#horizon;
    const zenith = this.#zenith;
    if (this.#near) {
      this.r = (horizon[3] + (zenith[3] - horizon[3]) * t) * keep + 0.8 * cloudy + halo;
      return;
    }
    this.r = (horizon[0] + (zenith[0] - horizon[0]) * t) * keep + cloudy + halo;
    this.g = (horizon[1] + (zenith[1] - horizon[1]) * t) * keep + cloudy + halo;
    this.b = (horizon[2] + (zenith[2] - horizon[2]) * t) * keep + cloudy + halo;
  }

  lit(
    s: Sample,
    px: number,
    py: number,
    pz: number,
    dx: number,
    dy: number,
    dz: number,
    distance: number,
    open: number,
    leaf: boolean,
  ): void {
    const env = this.#env;
    const { nx, ny, nz, optics: m } = s;
    const facing = nx * this.#sun[0] + ny * this.#sun[1] + nz * this.#sun[2];
    const direct = leaf ? Math.max(0, 0.25 + 0.75 * facing) * (0.4 + 0.6 * open) : facing > 0 ? facing : 0;
    const ground = pz < 0.6 ? this.#light.openness.at(px, py) : 1;
    const near = pz < 0.6 ? ground + (1 - ground) * Math.max(0, pz) * 1.6 : 1;
    const sky = (0.62 + 0.38 * nz) * near * (leaf ? open * 0.9 : open);
    if (this.#spectrum === 'fir' || this.#spectrum === 'mir') {
      this.#thermal(s, px, py, pz, direct, sky, near);
      return;
    }
    const bias = shadowBias(facing);
    const shadow =
      direct > 0 && !(env.night && this.#direct[0] < 1e-4) ? this.#light.sunShadow.lit(px, py, pz, bias) : 0;
    const sun = direct * shadow;
    let lampR = 0;
    let lampG = 0;
    let lampB = 0;
    let lampN = 0;
    if (env.night) {
      const lamps = this.#lamps;
      for (let k = 0; k < lamps.length; k += 8) {
        const lx = lamps[k] - px;
        const ly = lamps[k + 1] - py;
        const lz = lamps[k + 2] - pz;
        const d2 = lx * lx + ly * ly + lz * lz + 0.3;
        if (d2 > 900) continue;
        const d = Math.sqrt(d2);
        const cos = (nx * lx + ny * ly + nz * lz) / d;
        const hood = lz / d;
        if (cos <= 0 || hood <= -0.1) continue;
        const cone = 0.15 + hood * hood * 1.1;
        const e = (lamps[k + 3] * (cos + 0.08) * (cone < 1 ? cone : 1)) / d2;
        lampR += e * lamps[k + 4];
        lampG += e * lamps[k + 5];
        lampB += e * lamps[k + 6];
        lampN += e * lamps[k + 7];
      }
      const head = this.#light.headlight;
      const hx = px - head.x;
      const hy = py - head.y;
      const ahead = hx * head.dx + hy * head.dy;
      if (head.power > 0 && ahead > 0.4) {
        const across = (hx * -head.dy + hy * head.dx) / ahead;
        const hz = (pz - 0.65) / ahead;
        const beam = 1 / (1 + across * across * 6);
        const cut =
          hz > -0.012
            ? 0.035 + 0.965 / (1 + (hz + 0.012) * (hz + 0.012) * 8000)
            : 1 / (1 + (hz + 0.02) * (hz + 0.02) * 22);
        const facingHead = Math.max(0.04, -(nx * hx + ny * hy + nz * (pz - 0.65)) / Math.sqrt(hx * hx + hy * hy + 0.4));
        const e = (head.power * 7 * beam * beam * cut * facingHead) / (ahead * ahead + 6);
        lampR += e * HEADLIGHT_TINT[0];
        lampG += e * HEADLIGHT_TINT[1];
        lampB += e * HEADLIGHT_TINT[2];
        lampN += e * HEADLIGHT_TINT[3];
      }
    }
    let mirror = 0;
    if (m[Optics.Gloss] > 0) {
      const c = -(nx * dx + ny * dy + nz * dz);
      const k = 1 - (c < 0 ? 0 : c > 1 ? 1 : c);
      mirror = m[Optics.Gloss] + (1 - m[Optics.Gloss]) * k * k * k * k * k * 0.7;
    }
    const tone = s.tone * (1 - mirror);
    const haze = env.night ? 0 : Math.min(0.5, distance * 0.0022);
    const glow = env.night ? 1 : 0;
    if (this.#near) {
      let v =
        m[Optics.Nir] *
          tone *
          (this.#direct[3] * sun +
            this.#diffuse[3] * sky +
            0.12 * this.#direct[3] * (1 - nz) * near * (env.night ? 0 : 1) +
            lampN) +
        glow * m[Optics.Glow + 3];
      if (mirror > 0) v += mirror * this.#mirrored(dx, dy, dz, nx, ny, nz, 3, shadow);
      this.r = v + (this.#horizon[3] - v) * haze * 0.4;
      return;
    }
    const bounce = env.night ? 0 : 0.1 * (1 - nz * 0.7) * near * open;
    let r =
      m[Optics.Red] * tone * (this.#direct[0] * (sun + bounce) + this.#diffuse[0] * sky + lampR) +
      glow * m[Optics.Glow];
    let g =
      m[Optics.Green] * tone * (this.#direct[1] * (sun + bounce) + this.#diffuse[1] * sky + lampG) +
      glow * m[Optics.Glow + 1];
    let b =
      m[Optics.Blue] * tone * (this.#direct[2] * (sun + bounce) + this.#diffuse[2] * sky + lampB) +
      glow * m[Optics.Glow + 2];
    if (mirror > 0) {
      r += mirror * this.#mirrored(dx, dy, dz, nx, ny, nz, 0, shadow);
      g += mirror * this.#mirrored(dx, dy, dz, nx, ny, nz, 1, shadow);
      b += mirror * this.#mirrored(dx, dy, dz, nx, ny, nz, 2, shadow);
    }
    this.r = r + (this.#horizon[0] * 0.9 - r) * haze;
    this.g = g + (this.#horizon[1] * 0.9 - g) * haze;
    this.b = b + (this.#horizon[2] * 0.95 - b) * haze;
  }

  /** What a glossy surface mirrors: sky above the horizon, dark street below, and the sun's highlight. */
  #mirrored(
    dx: number,
    dy: number,
    dz: number,
    nx: number,
    ny: number,
    nz: number,
    c: 0 | 1 | 2 | 3,
    shadow: number,
  ): number {
    const env = this.#env;
    const k = 2 * (dx * nx + dy * ny + dz * nz);
    const rx = dx - k * nx;
    const ry = dy - k * ny;
    const rz = dz - k * nz;
    const h = rz * 6 - 0.9;
    const up = h < 0 ? 0 : h > 1 ? 1 : h;
    const t = Math.sqrt(Math.min(1, Math.max(0, rz)));
    const sky = this.#horizon[c] + (this.#zenith[c] - this.#horizon[c]) * t;
    const street = 0.16 * this.#diffuse[c] + 0.1 * this.#direct[c];
    const s = rx * this.#sun[0] + ry * this.#sun[1] + rz * this.#sun[2];
    let shine = 0;
    if (!env.night && s > 0.9) {
      const q = (s - 0.9) * 10;
      shine = q * q * q * q * 9 * this.#direct[c] * shadow;
    }
    return street + (sky - street) * up + shine;
  }

  #thermal(s: Sample, px: number, py: number, pz: number, direct: number, sky: number, near: number): void {
    const env = this.#env;
    const m = s.optics;
    const shadow = env.night ? 0 : direct > 0 ? this.#light.restShadow.lit(px, py, pz, shadowBias(direct)) : 0;
    const warmed = env.night
      ? m[Optics.Night] * (0.4 + 0.6 * near)
      : m[Optics.Solar] * (this.#direct[0] * (0.25 + 0.75 * direct * shadow) * 0.75 + this.#diffuse[0] * 0.25 * near);
    const patch = fractal(px * 1.7 + m[Optics.Solar] * 9, py * 1.7 + pz * 2.3) * 0.45;
    const temperature = env.air + warmed + m[Optics.Heat] + s.warm + patch;
    if (this.#spectrum === 'fir') {
      const upward = s.nz > 0 ? s.nz * near : 0;
      const seen = env.air + (env.coldSky - env.air) * upward;
      this.r = m[Optics.Fir] * temperature + (1 - m[Optics.Fir]) * seen;
      return;
    }
    const sunlit = env.night || direct <= 0 ? 0 : direct * this.#light.sunShadow.lit(px, py, pz, shadowBias(direct));
    const rho = Math.min(0.9, m[Optics.Mir] * (0.6 + 0.4 * s.tone));
    this.r =
      (1 - rho) * midEmission(temperature) +
      rho * (2.6 * this.#direct[4] * sunlit + 1.2 * this.#diffuse[4] * sky + 0.5 * midEmission(env.air - 8));
  }
}
