import type { Camera } from './camera.js';
import { crownPicture } from './crowns.js';
import { type GeometryBuffer, packNormal } from './gbuffer.js';
import type { Mesh } from './mesh.js';

const NEAR = 0.2;

/** Scratch for one polygon after clipping: at most 4 corners of (right, down, forward, nx, ny, nz). */
const clipped = new Float64Array(4 * 6);

/**
 * Draws a mesh into a geometry buffer as `camera` sees it, nearest surface first at every pixel centre. Surface numbers are
 * written as `firstSurface + number` (number 0 is kept for the sky).
 */
export function rasterize(mesh: Mesh, camera: Camera, target: GeometryBuffer, firstSurface: number): void {
  const { focal, cx, cy } = camera.lens;
  const view = toCamera(mesh.positions, camera);
  const { triangles, normals } = mesh;
  for (let t = 0; t < triangles.length; t += 4) {
    const ia = triangles[t] * 3;
    const ib = triangles[t + 1] * 3;
    const ic = triangles[t + 2] * 3;
    const za = view[ia + 2];
    const zb = view[ib + 2];
    const zc = view[ic + 2];
    if (za < NEAR && zb < NEAR && zc < NEAR) continue;
    const surface = firstSurface + triangles[t + 3];
    if (za >= NEAR && zb >= NEAR && zc >= NEAR) {
      const wa = 1 / za;
      const wb = 1 / zb;
      const wc = 1 / zc;
      fillTriangle(
        target,
        surface,
        cx + focal * view[ia] * wa,
        cy + focal * view[ia + 1] * wa,
        wa,
        normals,
        ia,
        cx + focal * view[ib] * wb,
        cy + focal * view[ib + 1] * wb,
        wb,
        normals,
        ib,
        cx + focal * view[ic] * wc,
        cy + focal * view[ic + 1] * wc,
        wc,
        normals,
        ic,
      );
      continue;
    }
    const corners = clipNear(view, normals, ia, ib, ic);
    for (let k = 1; k + 1 < corners; k++) {
      const [p, q, r] = [0, k * 6, (k + 1) * 6];
      const wp = 1 / clipped[p + 2];
      const wq = 1 / clipped[q + 2];
      const wr = 1 / clipped[r + 2];
      fillTriangle(
        target,
        surface,
        cx + focal * clipped[p] * wp,
        cy + focal * clipped[p + 1] * wp,
        wp,
        clipped,
        p + 3,
        cx + focal * clipped[q] * wq,
        cy + focal * clipped[q + 1] * wq,
        wq,
        clipped,
        q + 3,
        cx + focal * clipped[r] * wr,
        cy + focal * clipped[r + 1] * wr,
        wr,
        clipped,
        r + 3,
      );
    }
  }
  for (const board of mesh.billboards) {
    const [x, y, z] = board.center;
    const dx = x - camera.position[0];
    const dy = y - camera.position[1];
    const dz = z - camera.position[2];
    const depth = dx * camera.forward[0] + dy * camera.forward[1] + dz * camera.forward[2];
    if (depth < 1) continue;
    const w = 1 / depth;
    const sx = cx + focal * w * (dx * camera.right[0] + dy * camera.right[1] + dz * camera.right[2]);
    const sy = cy + focal * w * (dx * camera.down[0] + dy * camera.down[1] + dz * camera.down[2]);
    fillBillboard(
      target,
      firstSurface + board.surface,
      board.picture,
      sx,
      sy,
      focal * w * board.halfWidth,
      focal * w * board.halfHeight,
      w,
      camera,
    );
  }
}

/** World points to (right, down, forward) metres from the camera. */
export function toCamera(positions: Float64Array, camera: Camera): Float64Array {
  const out = new Float64Array(positions.length);
  const { position, right, down, forward } = camera;
  for (let i = 0; i < positions.length; i += 3) {
    const x = positions[i] - position[0];
    const y = positions[i + 1] - position[1];
    const z = positions[i + 2] - position[2];
    out[i] = x * right[0] + y * right[1] + z * right[2];
    out[i + 1] = x * down[0] + y * down[1] + z * down[2];
    out[i + 2] = x * forward[0] + y * forward[1] + z * forward[2];
  }
  return out;
}

function clipNear(view: Float64Array, normals: Float64Array, ...indices: readonly number[]): number {
  let count = 0;
  for (let k = 0; k < 3; k++) {
    const i = indices[k];
    const j = indices[(k + 1) % 3];
    const inside = view[i + 2] >= NEAR;
    if (inside) {
      for (let d = 0; d < 3; d++) {
        clipped[count * 6 + d] = view[i + d];
        clipped[count * 6 + 3 + d] = normals[i + d];
      }
      count++;
    }
    if (inside !== view[j + 2] >= NEAR) {
      const t = (NEAR - view[i + 2]) / (view[j + 2] - view[i + 2]);
      for (let d = 0; d < 3; d++) {
        clipped[count * 6 + d] = view[i + d] + (view[j + d] - view[i + d]) * t;
        clipped[count * 6 + 3 + d] = normals[i + d] + (normals[j + d] - normals[i + d]) * t;
      }
      clipped[count * 6 + 2] = NEAR;
      count++;
    }
  }
  return count;
}

/** Fills the pixel centres inside a screen triangle. Nearness and normals are linear on the screen. */
export function fillTriangle(
  target: GeometryBuffer,
  surface: number,
  ax: number,
  ay: number,
  aw: number,
  na: Float64Array,
  ia: number,
  bx: number,
  by: number,
  bw: number,
  nb: Float64Array,
  ib: number,
  cx: number,
  cy: number,
  cw: number,
  nc: Float64Array,
  ic: number,
): void {
  const { width, height, nearness, surface: surfaces, normal } = target;
  const top = ay < by ? (ay < cy ? ay : cy) : by < cy ? by : cy;
  const bottom = ay > by ? (ay > cy ? ay : cy) : by > cy ? by : cy;
  let y0 = Math.ceil(top - 0.5);
  let y1 = Math.ceil(bottom - 0.5) - 1;
  if (y0 < 0) y0 = 0;
  if (y1 >= height) y1 = height - 1;
  if (y0 > y1 || (ax < 0 && bx < 0 && cx < 0) || (ax > width && bx > width && cx > width)) return;
  const det = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay);
  if (det < 1e-9 && det > -1e-9) return;
  const inverse = 1 / det;
  const wdx = ((bw - aw) * (cy - ay) - (cw - aw) * (by - ay)) * inverse;
  const wdy = ((cw - aw) * (bx - ax) - (bw - aw) * (cx - ax)) * inverse;
  const nx = na[ia],
    ny = na[ia + 1],
    nz = na[ia + 2];
  const e1x = nb[ib] - nx,
    e1y = nb[ib + 1] - ny,
    e1z = nb[ib + 2] - nz;
  const e2x = nc[ic] - nx,
    e2y = nc[ic + 1] - ny,
    e2z = nc[ic + 2] - nz;
  const flat = e1x === 0 && e1y === 0 && e1z === 0 && e2x === 0 && e2y === 0 && e2z === 0;
  const packed = packNormal(nx, ny, nz, 1);
  for (let y = y0; y <= y1; y++) {
    const yc = y + 0.5;
    let left = Infinity;
    let right = -Infinity;
    if (ay <= yc !== by <= yc) {
      const x = ax + ((bx - ax) * (yc - ay)) / (by - ay);
      if (x < left) left = x;
      if (x > right) right = x;
    }
    if (by <= yc !== cy <= yc) {
      const x = bx + ((cx - bx) * (yc - by)) / (cy - by);
      if (x < left) left = x;
      if (x > right) right = x;
    }
    if (cy <= yc !== ay <= yc) {
      const x = cx + ((ax - cx) * (yc - cy)) / (ay - cy);
      if (x < left) left = x;
      if (x > right) right = x;
    }
    if (left > right) continue;
    let x0 = Math.ceil(left - 0.5);
    let x1 = Math.ceil(right - 0.5) - 1;
    if (x0 < 0) x0 = 0;
    if (x1 >= width) x1 = width - 1;
    const row = y * width;
    let w = aw + (x0 + 0.5 - ax) * wdx + (yc - ay) * wdy;
    for (let x = x0; x <= x1; x++, w += wdx) {
      const i = row + x;
      if (w <= nearness[i]) continue;
      nearness[i] = w;
      surfaces[i] = surface;
      if (flat) {
        normal[i] = packed;
      } else {
        const px = x + 0.5 - ax;
        const py = yc - ay;
        const s = (px * (cy - ay) - py * (cx - ax)) * inverse;
        const t = (py * (bx - ax) - px * (by - ay)) * inverse;
        normal[i] = packNormal(nx + s * e1x + t * e2x, ny + s * e1y + t * e2y, nz + s * e1z + t * e2z, 1);
      }
    }
  }
}

/** Fills a crown picture's opaque texels; its normals are turned from (right, up, towards the viewer) to the world. */
export function fillBillboard(
  target: GeometryBuffer,
  surface: number,
  picture: number,
  sx: number,
  sy: number,
  halfWidth: number,
  halfHeight: number,
  w: number,
  camera: Pick<Camera, 'right' | 'down' | 'forward'>,
): void {
  const { width, height, nearness, surface: surfaces, normal } = target;
  const crown = crownPicture(picture);
  const x0 = Math.max(0, Math.ceil(sx - halfWidth - 0.5));
  const x1 = Math.min(width - 1, Math.ceil(sx + halfWidth - 0.5) - 1);
  const y0 = Math.max(0, Math.ceil(sy - halfHeight - 0.5));
  const y1 = Math.min(height - 1, Math.ceil(sy + halfHeight - 0.5) - 1);
  const { right, down, forward } = camera;
  const size = crown.size;
  const perX = size / (2 * halfWidth);
  const perY = size / (2 * halfHeight);
  for (let y = y0; y <= y1; y++) {
    const row = Math.min(size - 1, Math.floor((y + 0.5 - sy + halfHeight) * perY)) * size;
    for (let x = x0; x <= x1; x++) {
      const i = y * width + x;
      if (w <= nearness[i]) continue;
      const texel = row + Math.min(size - 1, Math.floor((x + 0.5 - sx + halfWidth) * perX));
      const open = crown.open[texel];
      if (open === 0) continue;
      nearness[i] = w;
      surfaces[i] = surface;
      const r = crown.normals[texel * 3];
      const u = crown.normals[texel * 3 + 1];
      const o = crown.normals[texel * 3 + 2];
      normal[i] = packNormal(
        r * right[0] - u * down[0] - o * forward[0],
        r * right[1] - u * down[1] - o * forward[1],
        r * right[2] - u * down[2] - o * forward[2],
        open,
      );
    }
  }
}
