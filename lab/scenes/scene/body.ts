import { cos, sin } from '../exactMath.js';
import { type Material, Texture } from '../render/material.js';
import type { Random } from '../random.js';
import type { Mesh } from '../render/mesh.js';
import type { Vector } from '../render/vector.js';

/** Where a thing stands: metres and radians (0 looks along x, positive turns left). */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly heading: number;
}

export interface SurfaceOptions {
  readonly texture?: Texture;
  readonly second?: Material;
  /** Texture origin and axes in the body's own coordinates. */
  readonly origin?: Vector;
  readonly u?: Vector;
  readonly v?: Vector;
  readonly p?: readonly [number, number, number, number];
}

/** Builds one thing's parts in its own coordinates (x ahead, y left, z up) and puts them into the world's mesh. */
export class Body {
  readonly #c: number;
  readonly #s: number;
  readonly mesh: Mesh;
  readonly placement: Placement;
  readonly instance: number;
  readonly seed: number;

  constructor(mesh: Mesh, placement: Placement, instance: number, seed: number) {
    this.mesh = mesh;
    this.placement = placement;
    this.instance = instance;
    this.seed = seed;
    this.#c = cos(placement.heading);
    this.#s = sin(placement.heading);
  }

  /** A point of the body in the world. */
  point(x: number, y: number, z: number): Vector {
    return [
      this.placement.x + this.#c * x - this.#s * y,
      this.placement.y + this.#s * x + this.#c * y,
      this.placement.z + z,
    ];
  }

  /** A direction (or half axis) of the body in the world. */
  direction(x: number, y: number, z: number): Vector {
    return [this.#c * x - this.#s * y, this.#s * x + this.#c * y, z];
  }

  at(v: Vector): Vector {
    return this.point(v[0], v[1], v[2]);
  }

  surface(material: Material, options: SurfaceOptions = {}): number {
    const { origin = [0, 0, 0], u = [1, 0, 0], v = [0, 0, 1] } = options;
    return this.mesh.surface({
      material,
      second: options.second ?? material,
      texture: options.texture ?? Texture.Plain,
      instance: this.instance,
      origin: this.at(origin),
      u: this.direction(u[0], u[1], u[2]),
      v: this.direction(v[0], v[1], v[2]),
      p: options.p ?? [0, 0, 0, 0],
      seed: this.seed,
    });
  }

  /** A box along the body's axes. */
  box(x: number, y: number, z: number, hx: number, hy: number, hz: number, surface: number | readonly number[]): void {
    this.mesh.box(
      this.point(x, y, z),
      this.direction(hx, 0, 0),
      this.direction(0, hy, 0),
      this.direction(0, 0, hz),
      surface,
    );
  }

  ellipsoid(
    x: number,
    y: number,
    z: number,
    hx: number,
    hy: number,
    hz: number,
    surface: number,
    rings = 6,
    sides = 9,
  ): void {
    this.mesh.ellipsoid(
      this.point(x, y, z),
      this.direction(hx, 0, 0),
      this.direction(0, hy, 0),
      this.direction(0, 0, hz),
      surface,
      rings,
      sides,
    );
  }

  limb(from: Vector, to: Vector, r0: number, r1: number, surface: number, sides = 7): void {
    this.mesh.limb(this.at(from), this.at(to), r0, r1, surface, sides);
  }

  rod(from: Vector, to: Vector, radius: number, surface: number, sides = 5): void {
    this.mesh.rod(this.at(from), this.at(to), radius, surface, sides);
  }

  /** A tube of upright-lying rings along z: (z, half depth, half width, x offset). */
  lathe(rings: readonly (readonly [number, number, number, number])[], surface: number, sides = 10, caps = true): void {
    this.mesh.tube(
      rings.map(([z, hx, hy, x]) => ({
        center: this.point(x, 0, z),
        a: this.direction(hx, 0, 0),
        b: this.direction(0, hy, 0),
      })),
      surface,
      sides,
      caps,
    );
  }

  quad(a: Vector, b: Vector, c: Vector, d: Vector, surface: number): void {
    this.mesh.quad(this.at(a), this.at(b), this.at(c), this.at(d), surface);
  }

  /** A flat outline on the ground: an ellipse of `count` corners (4: a rectangle), ragged where `random` is given. */
  flat(count: number, half: number, wide: number, random: Random | undefined, surface: number): void {
    const points = Array.from({ length: count }, (_, i) => {
      const angle = (2 * Math.PI * (i + (count === 4 ? 0.5 : 0))) / count;
      const r = (count === 4 ? Math.SQRT2 : 1) * (random ? random.range(0.72, 1.1) : 1);
      return this.point(half * r * cos(angle), wide * r * sin(angle), 0.005);
    });
    this.mesh.polygon(points, surface, [0, 0, 1]);
  }
}
