import { cos, sin } from '../exactMath.js';
import { GrowingNumbers } from './growingNumbers.js';
import { PackedSurface, type Surface } from './material.js';
import type { Vector } from './vector.js';
import { add, cross, normalize, scale, subtract } from './vector.js';

/** A flat picture that always faces the viewer: tree crowns and bushes. */
export interface Billboard {
  readonly center: Vector;
  readonly halfWidth: number;
  readonly halfHeight: number;
  /** Which of the crown pictures. */
  readonly picture: number;
  readonly surface: number;
}

/**
 * Triangles with a normal per corner. `triangles` holds four numbers each: three vertex numbers and a surface number.
 * Winding does not matter: nothing is culled, the depth buffer decides.
 */
export class Mesh {
  readonly surfaces: PackedSurface[] = [];
  readonly billboards: Billboard[] = [];
  readonly #corners = new GrowingNumbers();
  readonly #directions = new GrowingNumbers();
  readonly #faces: number[] = [];

  /** Three coordinates a vertex, metres. */
  get positions(): Float64Array {
    return this.#corners.values();
  }

  /** Three components a vertex; unit length. */
  get normals(): Float64Array {
    return this.#directions.values();
  }

  get triangles(): readonly number[] {
    return this.#faces;
  }

  surface(surface: Surface): number {
    this.surfaces.push(new PackedSurface(surface));
    return this.surfaces.length - 1;
  }

  vertex(position: Vector, normal: Vector): number {
    this.#directions.push(normal[0], normal[1], normal[2]);
    return this.#corners.push(position[0], position[1], position[2]);
  }

  triangle(a: number, b: number, c: number, surface: number): void {
    this.#faces.push(a, b, c, surface);
  }

  /** A flat quadrilateral a-b-c-d; its normal is (b−a)×(d−a), or `normal`. */
  quad(a: Vector, b: Vector, c: Vector, d: Vector, surface: number, normal?: Vector): void {
    const n = normal ?? normalize(cross(subtract(b, a), subtract(d, a)));
    const i = this.vertex(a, n);
    this.vertex(b, n);
    this.vertex(c, n);
    this.vertex(d, n);
    this.triangle(i, i + 1, i + 2, surface);
    this.triangle(i, i + 2, i + 3, surface);
  }

  /** A flat convex polygon as a fan. */
  polygon(points: readonly Vector[], surface: number, normal: Vector): void {
    const first = this.#corners.count;
    for (const point of points) this.vertex(point, normal);
    for (let i = 1; i + 1 < points.length; i++) this.triangle(first, first + i, first + i + 1, surface);
  }

  /** A box by its centre and three half axes (right-handed); `surface` may differ by face: +a −a +b −b +c −c. */
  box(center: Vector, a: Vector, b: Vector, c: Vector, surface: number | readonly number[]): void {
    const of = (face: number): number => (typeof surface === 'number' ? surface : surface[face]);
    const face = (n: Vector, s: Vector, t: Vector, index: number): void => {
      const m = add(center, n);
      const corner = (i: number, j: number): Vector => add(m, add(scale(s, i), scale(t, j)));
      this.quad(corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1), of(index), normalize(n));
    };
    face(a, b, c, 0);
    face(scale(a, -1), b, c, 1);
    face(b, a, c, 2);
    face(scale(b, -1), a, c, 3);
    face(c, a, b, 4);
    face(scale(c, -1), a, b, 5);
  }

  /** An ellipsoid by its centre and three half axes; `rings` × `sides` facets with smooth normals. */
  ellipsoid(center: Vector, a: Vector, b: Vector, c: Vector, surface: number, rings = 6, sides = 9): void {
    const first = this.#corners.count;
    const la = a[0] * a[0] + a[1] * a[1] + a[2] * a[2];
    const lb = b[0] * b[0] + b[1] * b[1] + b[2] * b[2];
    const lc = c[0] * c[0] + c[1] * c[1] + c[2] * c[2];
    for (let i = 0; i <= rings; i++) {
      const [sinLat, cosLat] = circle(rings * 2, i);
      for (let j = 0; j < sides; j++) {
        const [sinLon, cosLon] = circle(sides, j);
        const [x, y, z] = [sinLat * cosLon, sinLat * sinLon, cosLat];
        this.vertex(
          add(center, add(add(scale(a, x), scale(b, y)), scale(c, z))),
          normalize(add(add(scale(a, x / la), scale(b, y / lb)), scale(c, z / lc))),
        );
      }
    }
    this.#stitch(first, rings, sides, surface);
  }

  /**
   * A tube through rings: each ring is a centre and two half axes. Normals are smooth around and along; the ends are
   * closed by flat caps.
   */
  tube(rings: readonly { center: Vector; a: Vector; b: Vector }[], surface: number, sides = 8, caps = true): void {
    const first = this.#corners.count;
    for (const { center, a, b } of rings) {
      const la = Math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]) || 1;
      const lb = Math.sqrt(b[0] * b[0] + b[1] * b[1] + b[2] * b[2]) || 1;
      for (let j = 0; j < sides; j++) {
        const [s, c] = circle(sides, j);
        this.vertex(
          add(center, add(scale(a, c), scale(b, s))),
          normalize(add(scale(a, c / (la * la)), scale(b, s / (lb * lb)))),
        );
      }
    }
    this.#stitch(first, rings.length - 1, sides, surface);
    if (!caps) return;
    for (const end of [0, rings.length - 1]) {
      const ring = rings[end];
      const inner = rings[end === 0 ? 1 : rings.length - 2];
      if (!ring || !inner) continue;
      const normal = normalize(subtract(ring.center, inner.center));
      const points = Array.from({ length: sides }, (_, j): Vector => {
        const [s, c] = circle(sides, j);
        return add(ring.center, add(scale(ring.a, c), scale(ring.b, s)));
      });
      this.polygon(points, surface, normal);
    }
  }

  /** A straight round limb from `from` to `to` with radii `r0`, `r1`. */
  limb(from: Vector, to: Vector, r0: number, r1: number, surface: number, sides = 7): void {
    const along = normalize(subtract(to, from));
    const side = normalize(cross(along, Math.abs(along[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0]));
    const other = cross(along, side);
    const middle = scale(add(from, to), 0.5);
    const rm = (r0 + r1) * 0.53;
    this.tube(
      [
        { center: subtract(from, scale(along, r0 * 0.5)), a: scale(side, r0 * 0.6), b: scale(other, r0 * 0.6) },
        { center: from, a: scale(side, r0), b: scale(other, r0) },
        { center: middle, a: scale(side, rm), b: scale(other, rm) },
        { center: to, a: scale(side, r1), b: scale(other, r1) },
        { center: add(to, scale(along, r1 * 0.5)), a: scale(side, r1 * 0.6), b: scale(other, r1 * 0.6) },
      ],
      surface,
      sides,
    );
  }

  /** A plain rod with flat ends. */
  rod(from: Vector, to: Vector, radius: number, surface: number, sides = 5): void {
    const along = normalize(subtract(to, from));
    const side = normalize(cross(along, Math.abs(along[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0]));
    const a = scale(side, radius);
    const b = scale(cross(along, side), radius);
    this.tube(
      [
        { center: from, a, b },
        { center: to, a, b },
      ],
      surface,
      sides,
    );
  }

  #stitch(first: number, rings: number, sides: number, surface: number): void {
    for (let i = 0; i < rings; i++) {
      for (let j = 0; j < sides; j++) {
        const a = first + i * sides + j;
        const b = first + i * sides + ((j + 1) % sides);
        this.triangle(a, b, a + sides, surface);
        this.triangle(b, b + sides, a + sides, surface);
      }
    }
  }
}

const circles = new Map<number, readonly (readonly [number, number])[]>();

/** Sine and cosine of the `index`-th of `count` directions around a circle. */
function circle(count: number, index: number): readonly [number, number] {
  let table = circles.get(count);
  if (!table) {
    table = Array.from(
      { length: count + 1 },
      (_, i) => [sin((2 * Math.PI * i) / count), cos((2 * Math.PI * i) / count)] as const,
    );
    circles.set(count, table);
  }
  return table[index];
}
