import type { Box } from '../../src/geometry/box.js';
import { CLASSES, type ClassName } from './classes.js';
import type { Camera } from './render/camera.js';
import { GeometryBuffer } from './render/gbuffer.js';
import type { PackedSurface } from './render/material.js';
import type { Placement } from './scene/body.js';
import type { Mesh } from './render/mesh.js';
import { fillTriangle, toCamera } from './render/rasterize.js';

/** One labelled thing in one picture. */
export interface TruthObject {
  /** Number of the thing in its drive: the same in every picture and spectrum. */
  readonly track: number;
  readonly label: ClassName;
  /** Category number, 0 … 8. */
  readonly classIndex: number;
  /** Extent of the visible pixels. */
  readonly box: Box;
  /** Visible pixels. */
  readonly pixels: number;
  /** Visible share of what would be seen with nothing in front and an endless picture, 0 … 1. */
  readonly visibility: number;
  /** Too small or too hidden to be asked for: see IGNORE_*. */
  readonly ignore: boolean;
}

export const IGNORE_VISIBILITY = 0.25;
/** Boxes whose shorter side has fewer pixels than this are marked `ignore` … */
export const IGNORE_SHORT_SIDE = 8;
/** … and those whose longer side has fewer than this. */
export const IGNORE_LONG_SIDE = 16;

/** What was drawn as an instance: `mesh` holds it alone. */
export interface DrawnInstance {
  readonly track: number;
  readonly label: ClassName;
  readonly mesh: Mesh;
  readonly place: Placement;
  /** Half its size on the ground, metres. */
  readonly radius: number;
}

const PROBE = 128;
const probe = new GeometryBuffer(PROBE, PROBE);

/** The owner of every pixel: 0 for the surroundings, else the instance number (index in `drawn` plus one). */
export function instanceMap(buffer: GeometryBuffer, surfaces: readonly PackedSurface[]): Uint16Array {
  const out = new Uint16Array(buffer.surface.length);
  for (let i = 0; i < out.length; i++) {
    const s = buffer.surface[i];
    if (s > 0) out[i] = surfaces[s - 1].instance;
  }
  return out;
}

/** Boxes, pixel counts and visibility of everything that shows at least four pixels. */
export function truthObjects(
  instances: Uint16Array,
  width: number,
  drawn: readonly DrawnInstance[],
  camera: Camera,
): TruthObject[] {
  const count = drawn.length + 1;
  const x1 = new Int32Array(count).fill(1 << 20);
  const y1 = new Int32Array(count).fill(1 << 20);
  const x2 = new Int32Array(count).fill(-1);
  const y2 = new Int32Array(count).fill(-1);
  const pixels = new Int32Array(count);
  for (let i = 0; i < instances.length; i++) {
    const n = instances[i];
    if (n === 0) continue;
    const y = Math.floor(i / width);
    const x = i - y * width;
    pixels[n]++;
    if (x < x1[n]) x1[n] = x;
    if (x > x2[n]) x2[n] = x;
    if (y < y1[n]) y1[n] = y;
    if (y > y2[n]) y2[n] = y;
  }
  const objects: TruthObject[] = [];
  drawn.forEach(({ track, label, mesh }, index) => {
    const n = index + 1;
    if (pixels[n] < 4) return;
    const box = { x1: x1[n], y1: y1[n], x2: x2[n] + 1, y2: y2[n] + 1 };
    const visibility = Math.min(1, pixels[n] / Math.max(1, silhouette(mesh, camera)));
    const sides = [box.x2 - box.x1, box.y2 - box.y1];
    const small = Math.min(...sides) < IGNORE_SHORT_SIDE || Math.max(...sides) < IGNORE_LONG_SIDE;
    const ignore = small || visibility < IGNORE_VISIBILITY;
    objects.push({ track, label, classIndex: CLASSES.indexOf(label), box, pixels: pixels[n], visibility, ignore });
  });
  return objects;
}

/** Pixels that a mesh alone would cover on an endless picture, from a probe drawing of at most 128 × 128. */
function silhouette(mesh: Mesh, camera: Camera): number {
  const view = toCamera(mesh.positions, camera);
  const { focal } = camera.lens;
  const n = view.length / 3;
  const sx = new Float64Array(n);
  const sy = new Float64Array(n);
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < n; i++) {
    const w = 1 / Math.max(0.3, view[i * 3 + 2]);
    sx[i] = focal * view[i * 3] * w;
    sy[i] = focal * view[i * 3 + 1] * w;
    left = Math.min(left, sx[i]);
    right = Math.max(right, sx[i]);
    top = Math.min(top, sy[i]);
    bottom = Math.max(bottom, sy[i]);
  }
  // Whole magnifications of the pixel grid keep small things' counts exact.
  const k = Math.min(1, (PROBE - 2) / Math.max(right - left, bottom - top));
  const ox = k === 1 ? Math.floor(left) - (camera.lens.cx - Math.floor(camera.lens.cx)) : left;
  const oy = k === 1 ? Math.floor(top) - (camera.lens.cy - Math.floor(camera.lens.cy)) : top;
  probe.clear();
  const { triangles, normals } = mesh;
  for (let t = 0; t < triangles.length; t += 4) {
    const [a, b, c] = [triangles[t], triangles[t + 1], triangles[t + 2]];
    fillTriangle(
      probe,
      1,
      (sx[a] - ox) * k,
      (sy[a] - oy) * k,
      1,
      normals,
      a * 3,
      (sx[b] - ox) * k,
      (sy[b] - oy) * k,
      1,
      normals,
      b * 3,
      (sx[c] - ox) * k,
      (sy[c] - oy) * k,
      1,
      normals,
      c * 3,
    );
  }
  let covered = 0;
  for (let i = 0; i < probe.surface.length; i++) covered += probe.surface[i];
  return covered / (k * k);
}
