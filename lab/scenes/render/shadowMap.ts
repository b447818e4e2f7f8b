import { cross, normalize, type Vector } from './vector.js';
import { fillBillboard, fillTriangle } from './rasterize.js';
import { GeometryBuffer } from './gbuffer.js';
import type { Mesh } from './mesh.js';

const SIZE = 1024;
/** Kept positive so that 0 can mean "nothing drawn here". */
const OFFSET = 1000;

/** Which points the sun reaches, within `span` metres around a centre: an orthographic depth picture along the sunlight. */
export class ShadowMap {
  readonly #buffer = new GeometryBuffer(SIZE, SIZE);
  #right: Vector = [1, 0, 0];
  #down: Vector = [0, 1, 0];
  #sun: Vector = [0, 0, 1];
  #perMetre = 1;
  #offsetX = 0;
  #offsetY = 0;

  /** Starts a new picture; `sun` points towards the sun. */
  begin(center: Vector, sun: Vector, span: number): void {
    this.#buffer.clear();
    this.#sun = sun;
    this.#right = normalize(cross([0, 0, 1], sun));
    this.#down = normalize(cross(sun, this.#right));
    this.#down = [-this.#down[0], -this.#down[1], -this.#down[2]];
    this.#perMetre = SIZE / span;
    this.#offsetX = SIZE / 2 - this.#perMetre * along(this.#right, center[0], center[1], center[2]);
    this.#offsetY = SIZE / 2 - this.#perMetre * along(this.#down, center[0], center[1], center[2]);
  }

  /** Takes over what another map of the same view has drawn. */
  copyFrom(other: ShadowMap): void {
    this.#buffer.nearness.set(other.#buffer.nearness);
    this.#right = other.#right;
    this.#down = other.#down;
    this.#sun = other.#sun;
    this.#perMetre = other.#perMetre;
    this.#offsetX = other.#offsetX;
    this.#offsetY = other.#offsetY;
  }

  draw(mesh: Mesh): void {
    const { positions: p, triangles, normals } = mesh;
    const count = p.length / 3;
    const screen = new Float64Array(count * 3);
    for (let i = 0; i < count * 3; i += 3) {
      screen[i] = this.#offsetX + this.#perMetre * along(this.#right, p[i], p[i + 1], p[i + 2]);
      screen[i + 1] = this.#offsetY + this.#perMetre * along(this.#down, p[i], p[i + 1], p[i + 2]);
      screen[i + 2] = OFFSET + along(this.#sun, p[i], p[i + 1], p[i + 2]);
    }
    for (let t = 0; t < triangles.length; t += 4) {
      const a = triangles[t] * 3;
      const b = triangles[t + 1] * 3;
      const c = triangles[t + 2] * 3;
      fillTriangle(
        this.#buffer,
        1,
        screen[a],
        screen[a + 1],
        screen[a + 2],
        normals,
        a,
        screen[b],
        screen[b + 1],
        screen[b + 2],
        normals,
        b,
        screen[c],
        screen[c + 1],
        screen[c + 2],
        normals,
        c,
      );
    }
    const view = {
      right: this.#right,
      down: this.#down,
      forward: [-this.#sun[0], -this.#sun[1], -this.#sun[2]] as Vector,
    };
    for (const { center, halfWidth, halfHeight, picture } of mesh.billboards) {
      const [x, y, z] = center;
      fillBillboard(
        this.#buffer,
        1,
        picture,
        this.#offsetX + this.#perMetre * along(this.#right, x, y, z),
        this.#offsetY + this.#perMetre * along(this.#down, x, y, z),
        this.#perMetre * halfWidth,
        this.#perMetre * halfHeight,
        OFFSET + along(this.#sun, x, y, z),
        view,
      );
    }
  }

  /** Share of the sun (0 … 1) that reaches a point; bilinear over four texels. */
  lit(x: number, y: number, z: number, bias: number): number {
    const sx = this.#offsetX + this.#perMetre * along(this.#right, x, y, z) - 0.5;
    const sy = this.#offsetY + this.#perMetre * along(this.#down, x, y, z) - 0.5;
    const ix = Math.floor(sx);
    const iy = Math.floor(sy);
    if (ix < 0 || iy < 0 || ix >= SIZE - 1 || iy >= SIZE - 1) return 1;
    const here = OFFSET + along(this.#sun, x, y, z) + bias;
    const map = this.#buffer.nearness;
    const i = iy * SIZE + ix;
    const fx = sx - ix;
    const fy = sy - iy;
    const top = (here >= map[i] ? 1 - fx : 0) + (here >= map[i + 1] ? fx : 0);
    const bottom = (here >= map[i + SIZE] ? 1 - fx : 0) + (here >= map[i + SIZE + 1] ? fx : 0);
    return top * (1 - fy) + bottom * fy;
  }
}

function along(axis: Vector, x: number, y: number, z: number): number {
  return axis[0] * x + axis[1] * y + axis[2] * z;
}
