import { cos, sin } from '../exactMath.js';
import type { Random } from '../random.js';
import type { Vector } from '../render/vector.js';
import { normalize } from '../render/vector.js';

/** A street lamp that is on: position, intensity (1 lights the ground 1 m below like full sun) and colour with near infrared. */
export interface Lamp {
  readonly position: Vector;
  readonly power: number;
  readonly tint: readonly [number, number, number, number];
}

/**
 * Light, sky and air of one drive. Light is relative: 1 is a white sheet facing the full sun. Temperatures in °C.
 */
export interface Environment {
  readonly night: boolean;
  /** Unit vector towards the sun (or moon). */
  readonly sun: Vector;
  /** Direct light: red, green, blue, near infrared, mid infrared. */
  readonly direct: readonly [number, number, number, number, number];
  /** Light of the open sky from all sides, same order. */
  readonly diffuse: readonly [number, number, number, number, number];
  readonly zenith: readonly [number, number, number, number];
  readonly horizon: readonly [number, number, number, number];
  readonly clouds: number;
  readonly air: number;
  /** Apparent far-infrared temperature straight up. */
  readonly coldSky: number;
  /** Radiance that the visible camera maps to white, and the near-infrared one. */
  readonly exposure: readonly [number, number];
  readonly headlights: number;
  readonly seed: number;
}

export function makeEnvironment(random: Random, night: boolean): Environment {
  const azimuth = random.range(0, 2 * Math.PI);
  const seed = random.bits() & 0xffff;
  const air = night ? random.range(2, 20) : random.range(8, 29);
  const overcast = random.chance(0.3) ? random.range(0.5, 1) : random.range(0, 0.35);
  if (night) {
    const elevation = random.range(0.5, 1.1);
    const sun = normalize([cos(azimuth) * cos(elevation), sin(azimuth) * cos(elevation), sin(elevation)]);
    const moon = random.range(0.0005, 0.0025);
    const glow = random.range(0.0012, 0.005);
    return {
      night,
      sun,
      air,
      seed,
      direct: [moon * 0.8, moon * 0.9, moon, moon * 0.8, 0],
      diffuse: [glow, glow * 0.95, glow * 1.05, glow * 0.5, 0.0],
      zenith: [glow * 0.5, glow * 0.55, glow * 0.8, glow * 0.2],
      horizon: [glow * 2.4, glow * 2, glow * 1.7, glow * 0.8],
      clouds: overcast,
      coldSky: air - random.range(18, 40) * (1 - 0.6 * overcast),
      exposure: [random.range(0.05, 0.1), random.range(0.045, 0.09)],
      headlights: random.range(0.55, 1.1),
    };
  }
  const elevation = random.range(0.28, 1.15);
  const sun = normalize([cos(azimuth) * cos(elevation), sin(azimuth) * cos(elevation), sin(elevation)]);
  const strength = (1 - overcast) * (0.55 + 0.45 * sin(elevation));
  const warm = 1 - sin(elevation);
  const sky = 0.2 + 0.22 * overcast;
  const grey = overcast;
  return {
    night,
    sun,
    air,
    seed,
    direct: [
      strength * (1 + 0.1 * warm),
      strength * (1 - 0.05 * warm),
      strength * (0.92 - 0.3 * warm),
      strength * 0.95,
      strength,
    ],
    diffuse: [
      sky * (0.72 + 0.28 * grey),
      sky * (0.86 + 0.12 * grey),
      sky * (1.12 - 0.1 * grey),
      sky * (0.3 + 0.5 * grey),
      sky * 0.15,
    ],
    zenith: [mixed(0.16, 0.5, grey), mixed(0.34, 0.53, grey), mixed(0.75, 0.58, grey), mixed(0.1, 0.45, grey)],
    horizon: [mixed(0.62, 0.72, grey), mixed(0.72, 0.74, grey), mixed(0.84, 0.78, grey), mixed(0.3, 0.5, grey)],
    clouds: 0.25 + 0.75 * overcast,
    coldSky: air - random.range(22, 48) * (1 - 0.6 * overcast),
    exposure: [(0.32 + 0.46 * strength) * random.range(0.78, 1.1), (0.3 + 0.5 * strength) * random.range(0.8, 1.1)],
    headlights: 0,
  };
}

function mixed(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}
