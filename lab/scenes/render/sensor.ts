import type { Spectrum } from '../../../src/spectrum.js';
import { Random, mix } from '../random.js';
import type { Environment } from '../scene/environment.js';
import type { Lens } from './camera.js';
import { gaussianTable } from './noise.js';
import { midEmission } from './lighting.js';

/** A camera's own faults, the same in every picture that it takes. */
export interface Sensor {
  readonly spectrum: Spectrum;
  readonly lens: Lens;
  /** Vignetting: signal factor at each pixel. */
  readonly falloff: Float32Array;
  /** Fixed-pattern offset at each pixel, in full-scale shares. */
  readonly pattern: Float32Array;
  /** Dead pixels: pixel number and the value (full-scale share) that it is stuck at. */
  readonly dead: readonly { readonly pixel: number; readonly value: number }[];
  readonly blur: number;
  readonly seed: number;
}

/** A picture in 16 bits: `width × height × channels`, full scale 65535. */
export interface SensorPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint16Array<ArrayBuffer>;
}

const FAULTS = {
  rgb: { vignette: 0.28, column: 0, pixel: 0.0008, dead: 4, blur: 0.24 },
  nir: { vignette: 0.35, column: 0.003, pixel: 0.004, dead: 8, blur: 0.2 },
  mir: { vignette: 0.12, column: 0.004, pixel: 0.006, dead: 14, blur: 0.2 },
  fir: { vignette: 0.06, column: 0.005, pixel: 0.005, dead: 16, blur: 0.3 },
} as const;

export function makeSensor(spectrum: Spectrum, lens: Lens, seed: number): Sensor {
  const random = new Random(seed, `sensor ${spectrum}`);
  const faults = FAULTS[spectrum];
  const { width, height } = lens;
  const falloff = new Float32Array(width * height);
  const pattern = new Float32Array(width * height);
  const columns = Float32Array.from({ length: width }, () => random.gaussian() * faults.column);
  const corner = (width * width + height * height) / 4;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const r2 =
        ((x + 0.5 - width / 2) * (x + 0.5 - width / 2) + (y + 0.5 - height / 2) * (y + 0.5 - height / 2)) / corner;
      falloff[y * width + x] = 1 - faults.vignette * r2 * (0.6 + 0.4 * r2);
      pattern[y * width + x] = columns[x] + random.gaussian() * faults.pixel;
    }
  }
  const dead = Array.from({ length: random.integer(2, faults.dead) }, () => ({
    pixel: random.integer(0, width * height - 1),
    value: random.chance(0.5) ? 1 : 0,
  }));
  return { spectrum, lens, falloff, pattern, dead, blur: faults.blur, seed: random.bits() };
}

/**
 * Radiance (see shade.ts) to what the camera sends: lens blur, vignetting, exposure or temperature window, shot and read
 * noise, fixed pattern, dead pixels. `frame` makes the noise of this moment. `radiance` is used up.
 */
export function expose(sensor: Sensor, radiance: Float32Array, environment: Environment, frame: number): SensorPicture {
  const { width, height } = sensor.lens;
  const channels = sensor.spectrum === 'rgb' ? 3 : 1;
  const signal = blur(radiance, width, height, channels, sensor.blur);
  const scratch =
    sensor.spectrum === 'rgb' && environment.night ? bloom(signal, width, height, environment.exposure[0]) : signal;
  const data = new Uint16Array(width * height * channels);
  const gauss = gaussianTable();
  const salt = mix(sensor.seed ^ Math.imul(frame + 1, 0x9e3779b1));
  const tone = toneOf(sensor.spectrum, environment);
  const { gain, offset, read, shot } = tone;
  const { falloff, pattern } = sensor;
  const curve = tabulate(tone.curve);
  let state = salt | 1;
  for (let i = 0, k = 0; i < width * height; i++) {
    const f = gain * falloff[i];
    const base = offset + tone.veil * (1 - falloff[i]) + pattern[i] * tone.pattern;
    for (let c = 0; c < channels; c++, k++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      const value = scratch[k] * f + base;
      const noisy = value + gauss[state & 0xffff] * (read + shot * Math.sqrt(value > 0 ? value : 0));
      const entry = (noisy - CURVE_FROM) * CURVE_STEPS;
      data[k] = curve[entry <= 0 ? 0 : entry >= curve.length - 1 ? curve.length - 1 : (entry + 0.5) | 0];
    }
  }
  for (const { pixel, value } of sensor.dead) {
    for (let c = 0; c < channels; c++) data[pixel * channels + c] = value * 65535;
  }
  return { width, height, channels, data };
}

interface Tone {
  /** Signal = radiance × gain × falloff + offset + veil × (1 − falloff), in shares of full scale. */
  readonly gain: number;
  readonly offset: number;
  readonly veil: number;
  /** Noise: standard deviation read + shot × √signal. */
  readonly read: number;
  readonly shot: number;
  readonly pattern: number;
  /** Signal (0 … 1) to output (0 … 1). */
  readonly curve: (signal: number) => number;
}

const CURVE_FROM = -0.5;
const CURVE_TO = 8;
const CURVE_STEPS = 16384;

/** A tone curve as 16-bit outputs for signals from CURVE_FROM to CURVE_TO. */
function tabulate(curve: (signal: number) => number): Uint16Array {
  const known = tables.get(curve);
  if (known) return known;
  const table = new Uint16Array((CURVE_TO - CURVE_FROM) * CURVE_STEPS);
  for (let i = 0; i < table.length; i++) table[i] = Math.floor(curve(CURVE_FROM + i / CURVE_STEPS) * 65535 + 0.5);
  tables.set(curve, table);
  return table;
}
const tables = new Map<(signal: number) => number, Uint16Array>();

/** Exposure and tone curve of a band. Visible and NIR: square-root encoding with a soft shoulder; MIR, FIR: a linear window. */
function toneOf(spectrum: Spectrum, environment: Environment): Tone {
  const { night, air } = environment;
  if (spectrum === 'rgb' || spectrum === 'nir') {
    const gain = 1 / environment.exposure[spectrum === 'rgb' ? 0 : 1];
    const read = spectrum === 'rgb' ? (night ? 0.006 : 0.0008) : night ? 0.008 : 0.002;
    return { gain, offset: 0, veil: 0, read, shot: night ? 0.03 : 0.012, pattern: night ? 1 : 0.6, curve: film };
  }
  if (spectrum === 'mir') {
    const low = midEmission(air - (night ? 9 : 8)) * 0.9;
    const high = night
      ? midEmission(air + 13)
      : midEmission(air + 11 + 7 * environment.direct[0]) + 0.1 * environment.direct[4];
    const gain = 1 / (high - low);
    return { gain, offset: -low * gain, veil: low * gain, read: 0.011, shot: 0.008, pattern: 1, curve: soft };
  }
  const low = air - (night ? 8 : 5);
  const high = air + (night ? 12 : 10 + 13 * environment.direct[0]);
  const gain = 1 / (high - low);
  return { gain, offset: -low * gain, veil: air * gain, read: 0.009, shot: 0, pattern: 1, curve: soft };
}

/** Square-root encoding whose bright end bends over: a signal of 1 gives 0.86, 3 gives white. */
function film(v: number): number {
  if (v <= 0) return 0;
  const bent = v < 0.6 ? v * 0.82 : 1 - 0.26 / (1 + (v - 0.6) * 3.2) - 0.248 / (1 + (v - 0.6) * 0.5);
  return Math.sqrt(bent >= 1 ? 1 : bent);
}

/** Linear in the middle, bent softly into black and white. */
function soft(v: number): number {
  if (v < 0.08) return v <= -0.4 ? 0 : 0.0064 / (0.16 - v);
  if (v > 0.85) return 1 - 0.0225 / (v - 0.7);
  return v;
}

/** Lens blur in place: a separable 1-2-1-like kernel with `side` weight on each neighbour. */
function blur(picture: Float32Array, width: number, height: number, channels: number, side: number): Float32Array {
  const middle = 1 - 2 * side;
  const stride = width * channels;
  const above = new Float32Array(stride);
  const row = new Float32Array(stride);
  for (let y = 0; y < height; y++) {
    const start = y * stride;
    row.set(picture.subarray(start, start + stride));
    for (let i = channels; i < stride - channels; i++) {
      picture[start + i] = row[i] * middle + (row[i - channels] + row[i + channels]) * side;
    }
  }
  for (let y = 0; y < height; y++) {
    const here = y * stride;
    const below = y + 1 < height ? here + stride : here;
    row.set(picture.subarray(here, here + stride));
    if (y === 0) above.set(row);
    for (let i = 0; i < stride; i++) {
      picture[here + i] = row[i] * middle + (above[i] + picture[below + i]) * side;
    }
    above.set(row);
  }
  return picture;
}

/** Light scattered in the lens around lamps: what is over-exposed, spread over tens of pixels, added faintly. */
function bloom(source: Float32Array, width: number, height: number, white: number): Float32Array {
  const w = width >> 2;
  const h = height >> 2;
  const small = new Float32Array(w * h * 3);
  let any = false;
  for (let y = 0; y < h * 4; y++) {
    for (let x = 0; x < w * 4; x++) {
      const from = (y * width + x) * 3;
      const to = ((y >> 2) * w + (x >> 2)) * 3;
      for (let c = 0; c < 3; c++) {
        const over = source[from + c] - white;
        if (over > 0) {
          any = true;
          small[to + c] += (over > 60 * white ? 60 * white : over) / 16;
        }
      }
    }
  }
  if (!any) return source;
  const glow = small;
  for (let pass = 0; pass < 6; pass++) blur(glow, w, h, 3, 0.33);
  const wide = glow.slice();
  for (let pass = 0; pass < 10; pass++) blur(wide, w, h, 3, 0.33);
  const out = source;
  for (let y = 0; y < h * 4; y++) {
    for (let x = 0; x < w * 4; x++) {
      const to = (y * width + x) * 3;
      const from = ((y >> 2) * w + (x >> 2)) * 3;
      for (let c = 0; c < 3; c++) out[to + c] += 0.12 * glow[from + c] + 0.1 * wide[from + c];
    }
  }
  return out;
}

/** The upper eight bits, rounded. */
export function toEightBit(picture: SensorPicture): Uint8Array<ArrayBuffer> {
  const { data } = picture;
  const out = new Uint8Array(data.length);
  // 257 × 255 = 65535, so this is the rounded quotient.
  for (let i = 0; i < data.length; i++) out[i] = (data[i] + 128) / 257;
  return out;
}
