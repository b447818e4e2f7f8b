import { material, type Material } from '../render/material.js';
import type { Random } from '../random.js';

/** Linear RGB from 0 … 255 display values (square law, as the pictures are encoded). */
export function color(r: number, g: number, b: number): [number, number, number] {
  return [(r / 255) * (r / 255), (g / 255) * (g / 255), (b / 255) * (b / 255)];
}

export const asphalt = material({ rgb: color(112, 112, 114), nir: 0.24, mir: 0.07, fir: 0.95, solar: 17, night: 3.2 });
export const asphaltDark = material({ rgb: color(82, 83, 86), nir: 0.17, mir: 0.06, fir: 0.95, solar: 19, night: 3.4 });
export const paint = material({ rgb: color(214, 214, 208), nir: 0.68, mir: 0.12, fir: 0.92, solar: 11, night: 2.6 });
export const concrete = material({ rgb: color(168, 165, 158), nir: 0.46, mir: 0.1, fir: 0.94, solar: 12, night: 1.8 });
export const tileLight = material({ rgb: color(176, 168, 156), nir: 0.5, mir: 0.1, fir: 0.93, solar: 12, night: 1.6 });
export const tileRed = material({ rgb: color(158, 118, 104), nir: 0.47, mir: 0.1, fir: 0.93, solar: 13, night: 1.8 });
export const grass = material({ rgb: color(98, 118, 58), nir: 0.5, mir: 0.03, fir: 0.975, solar: 4, night: -2.4 });
export const dryGrass = material({ rgb: color(146, 136, 84), nir: 0.46, mir: 0.06, fir: 0.96, solar: 7, night: -1.8 });
export const soil = material({ rgb: color(124, 104, 82), nir: 0.32, mir: 0.09, fir: 0.94, solar: 12, night: 0.2 });
export const leaves = material({ rgb: color(78, 104, 48), nir: 0.58, mir: 0.03, fir: 0.975, solar: 2.5, night: -0.6 });
export const autumnLeaves = material({
  rgb: color(158, 112, 48),
  nir: 0.56,
  mir: 0.04,
  fir: 0.97,
  solar: 3,
  night: -0.6,
});
export const needles = material({ rgb: color(54, 82, 50), nir: 0.46, mir: 0.03, fir: 0.975, solar: 2.5, night: -0.4 });
export const bark = material({ rgb: color(92, 78, 66), nir: 0.36, mir: 0.06, fir: 0.95, solar: 5, night: 0.8 });
export const glass = material({
  rgb: color(38, 46, 52),
  nir: 0.05,
  mir: 0.06,
  fir: 0.84,
  gloss: 0.2,
  solar: 5,
  night: 0,
});
export const darkGlass = material({
  rgb: color(24, 28, 32),
  nir: 0.03,
  mir: 0.05,
  fir: 0.86,
  gloss: 0.12,
  solar: 8,
  night: -0.5,
});
export const rubber = material({ rgb: color(44, 44, 46), nir: 0.06, mir: 0.05, fir: 0.95, solar: 10, night: 0.8 });
export const blackPlastic = material({ rgb: color(46, 47, 50), nir: 0.08, mir: 0.06, fir: 0.93, solar: 12, night: 0 });
export const metal = material({
  rgb: color(150, 152, 156),
  nir: 0.55,
  mir: 0.5,
  fir: 0.4,
  gloss: 0.3,
  solar: 5,
  night: -0.5,
});
export const paintedMetal = material({
  rgb: color(122, 124, 128),
  nir: 0.4,
  mir: 0.2,
  fir: 0.88,
  gloss: 0.05,
  solar: 8,
  night: -0.6,
});
export const white = material({ rgb: color(226, 226, 224), nir: 0.75, mir: 0.12, fir: 0.92, solar: 5, night: 0 });
export const wood = material({ rgb: color(146, 112, 78), nir: 0.55, mir: 0.1, fir: 0.93, solar: 8, night: 0.3 });
export const hair = material({ rgb: color(42, 34, 30), nir: 0.2, mir: 0.05, fir: 0.96, heat: 3.5, solar: 8, night: 0 });

const walls = [
  [196, 188, 172],
  [176, 140, 116],
  [206, 204, 198],
  [168, 172, 176],
  [188, 164, 128],
  [142, 100, 84],
  [150, 152, 150],
] as const;

export function wallMaterial(random: Random): Material {
  const [r, g, b] = random.pick(walls);
  return material({
    rgb: color(r + random.range(-12, 12), g + random.range(-12, 12), b + random.range(-12, 12)),
    nir: random.range(0.4, 0.62),
    mir: random.range(0.08, 0.16),
    fir: 0.93,
    solar: random.range(6, 11),
    night: random.range(1, 3.2),
  });
}

const carColors = [
  [228, 228, 226],
  [222, 222, 224],
  [176, 180, 184],
  [150, 154, 158],
  [40, 42, 46],
  [52, 54, 60],
  [88, 92, 98],
  [150, 34, 36],
  [36, 60, 112],
  [64, 96, 140],
  [182, 160, 120],
  [60, 88, 66],
  [200, 170, 40],
  [120, 60, 40],
] as const;

export function carPaint(random: Random): Material {
  const [r, g, b] = random.pick(carColors);
  const rgb = color(r, g, b);
  const bright = (rgb[0] + rgb[1] + rgb[2]) / 3;
  return material({
    rgb,
    nir: Math.min(0.8, bright * 0.7 + random.range(0.05, 0.3)),
    mir: random.range(0.1, 0.25),
    fir: random.range(0.84, 0.92),
    gloss: 0.06,
    solar: 18 - 9 * bright,
    night: random.range(-2.6, -1.2),
  });
}

/** Clothing: any dye, and a near-infrared brightness that has little to do with the colour that people see. */
export function cloth(random: Random, warmth: number): Material {
  const dark = random.chance(0.5);
  const base = dark ? random.range(25, 75) : random.range(85, 220);
  const tint = dark ? 22 : 60;
  const channel = (): number => Math.max(14, Math.min(240, base + random.range(-tint, tint)));
  return material({
    rgb: color(channel(), channel(), channel()),
    nir: Math.min(0.85, Math.max(0.08, random.range(0.2, 0.75))),
    mir: random.range(0.06, 0.16),
    fir: random.range(0.92, 0.97),
    heat: warmth,
    solar: random.range(3, 7),
    night: 0,
  });
}

export function skin(random: Random): Material {
  const tone = random.range(0.45, 1);
  return material({
    rgb: color(226 * tone, 176 * tone, 148 * tone),
    nir: 0.5 + 0.1 * tone,
    mir: 0.03,
    fir: 0.98,
    heat: random.range(9, 12.5),
    solar: 1.5,
    night: 0,
  });
}

const furColors = [
  [60, 48, 40],
  [150, 110, 70],
  [190, 170, 140],
  [40, 38, 38],
  [128, 122, 118],
  [214, 206, 196],
  [120, 78, 44],
] as const;

export function fur(random: Random): Material {
  const [r, g, b] = random.pick(furColors);
  return material({
    rgb: color(r, g, b),
    nir: random.range(0.35, 0.6),
    mir: 0.05,
    fir: 0.96,
    heat: random.range(5, 8),
    solar: 5,
    night: 0,
  });
}

/** The same stuff in another state of heat. */
export function warmer(base: Material, heat: number): Material {
  return { ...base, heat: base.heat + heat };
}
