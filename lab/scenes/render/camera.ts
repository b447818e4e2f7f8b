import { cos, sin } from '../exactMath.js';
import type { Vector } from './vector.js';

/** A pinhole camera's inner geometry: pixels. No distortion. */
export interface Lens {
  readonly width: number;
  readonly height: number;
  readonly focal: number;
  readonly cx: number;
  readonly cy: number;
}

/** A camera in the world: its optical centre and unit axes (right, down, forward). */
export interface Camera {
  readonly lens: Lens;
  readonly position: Vector;
  readonly right: Vector;
  readonly down: Vector;
  readonly forward: Vector;
}

/** A camera at `position`, turned left by `yaw`, up by `pitch`, clockwise by `roll` (radians). */
export function placeCamera(lens: Lens, position: Vector, yaw: number, pitch: number, roll: number): Camera {
  const [sy, cy, sp, cp, sr, cr] = [sin(yaw), cos(yaw), sin(pitch), cos(pitch), sin(roll), cos(roll)];
  const forward: Vector = [cy * cp, sy * cp, sp];
  const level: Vector = [sy, -cy, 0];
  const plumb: Vector = [cy * sp, sy * sp, -cp];
  const right: Vector = [level[0] * cr + plumb[0] * sr, level[1] * cr + plumb[1] * sr, plumb[2] * sr];
  const down: Vector = [plumb[0] * cr - level[0] * sr, plumb[1] * cr - level[1] * sr, plumb[2] * cr];
  return { lens, position, right, down, forward };
}
