/**
 * What a surface is made of, as the four bands see it. Reflectances and emissivities are 0 … 1; by Kirchhoff's law the
 * mid-infrared emissivity is 1 − `mir`.
 */
export interface Material {
  /** Reflectance for red, green, blue (linear light). */
  readonly rgb: readonly [number, number, number];
  /** Near-infrared reflectance (about 0.8 to 1.0 µm). */
  readonly nir: number;
  /** Mid-infrared reflectance (3 to 5 µm). */
  readonly mir: number;
  /** Far-infrared emissivity (8 to 14 µm). */
  readonly fir: number;
  /** Mirror reflectance at normal incidence in the visible; 0 for matt. */
  readonly gloss: number;
  /** Warmer than the air by its own heat, kelvin. */
  readonly heat: number;
  /** Warmed by full sun, kelvin. */
  readonly solar: number;
  /** Warmer (or colder) than the air at night, kelvin. */
  readonly night: number;
  /** Light that it gives off by itself at night: red, green, blue, near infrared; 1 is a sheet of white in full sun. */
  readonly glow: readonly [number, number, number, number];
}

/** How a surface's colour varies; see texture.ts. */
export const Texture = {
  Plain: 0,
  Asphalt: 1,
  Grass: 2,
  Paving: 3,
  Brick: 4,
  Facade: 5,
  Cloth: 6,
  Bands: 7,
  Diagonal: 8,
  Poster: 9,
  Leaf: 10,
  Hole: 11,
  CarSide: 12,
  Puddle: 13,
  Fur: 14,
  Concrete: 15,
  Bark: 16,
  Vent: 17,
  Cover: 18,
} as const;
export type Texture = (typeof Texture)[keyof typeof Texture];

/** One part of the world that shares a material, a texture frame and an owner. */
export interface Surface {
  readonly material: Material;
  /** Second material of the texture (stripe, window, mortar …); `material` where a texture has only one. */
  readonly second: Material;
  readonly texture: Texture;
  /** Owner's number in the frame's truth, 0 for the surroundings. */
  readonly instance: number;
  /** Texture frame: origin and two axes in metres. */
  readonly origin: readonly [number, number, number];
  readonly u: readonly [number, number, number];
  readonly v: readonly [number, number, number];
  /** Texture parameters, meaning by texture. */
  readonly p: readonly [number, number, number, number];
  /** Decorrelates the noise of surfaces. */
  readonly seed: number;
}

const matt = {
  rgb: [0.4, 0.4, 0.4],
  nir: 0.45,
  mir: 0.12,
  fir: 0.94,
  gloss: 0,
  heat: 0,
  solar: 8,
  night: 0.5,
  glow: [0, 0, 0, 0],
} as const satisfies Material;

/** A matt material with some of its properties given. */
export function material(properties: Partial<Material>): Material {
  return { ...matt, ...properties };
}

/** Positions of a material's numbers in its packed form: see `pack`. */
export const Optics = {
  Red: 0,
  Green: 1,
  Blue: 2,
  Nir: 3,
  Mir: 4,
  Fir: 5,
  Gloss: 6,
  Heat: 7,
  Solar: 8,
  Night: 9,
  Glow: 10,
} as const;

/**
 * A surface as the shader reads it, millions of times a picture: numbers in typed arrays, objects of one shape.
 * `frame` holds origin (0–2), u (3–5), v (6–8) and the texture's parameters (9–12).
 */
export class PackedSurface {
  readonly optics: Float64Array;
  readonly second: Float64Array;
  readonly texture: Texture;
  readonly instance: number;
  readonly seed: number;
  readonly frame: Float64Array;

  constructor(surface: Surface) {
    this.optics = pack(surface.material);
    this.second = pack(surface.second);
    this.texture = surface.texture;
    this.instance = surface.instance;
    this.seed = surface.seed;
    this.frame = Float64Array.of(...surface.origin, ...surface.u, ...surface.v, ...surface.p);
  }
}

const packed = new WeakMap<Material, Float64Array>();

/** A material's numbers in the order of `Optics`; the glow takes four places. */
function pack(m: Material): Float64Array {
  let optics = packed.get(m);
  if (!optics) {
    optics = Float64Array.of(...m.rgb, m.nir, m.mir, m.fir, m.gloss, m.heat, m.solar, m.night, ...m.glow);
    packed.set(m, optics);
  }
  return optics;
}
