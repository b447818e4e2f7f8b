import { type Spectrum, SPECTRA } from '../../src/spectrum.js';
import { type Camera, type Lens, placeCamera } from './render/camera.js';
import type { Vector } from './render/vector.js';
import { cos, sin } from './exactMath.js';

/** Where a camera sits on the vehicle (metres ahead, left, up of its middle on the ground) and looks (radians). */
export interface Mount {
  readonly lens: Lens;
  readonly offset: Vector;
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
}

const lens = (width: number, height: number, focal: number, dx: number, dy: number): Lens => ({
  width,
  height,
  focal,
  cx: width / 2 + dx,
  cy: height / 2 + dy,
});

/** The vehicle's four cameras: different places, lenses and resolutions, as in the study's data set. */
export const RIG: Readonly<Record<Spectrum, Mount>> = {
  rgb: { lens: lens(640, 480, 530, 3.2, -2.4), offset: [0, 0.05, 1.45], yaw: 0, pitch: -0.075, roll: 0 },
  nir: { lens: lens(320, 256, 268, -1.8, 1.1), offset: [-0.03, -0.2, 1.52], yaw: 0.012, pitch: -0.07, roll: 0.006 },
  mir: { lens: lens(320, 256, 290, 2.1, 1.9), offset: [0.02, 0.33, 1.5], yaw: -0.015, pitch: -0.08, roll: -0.004 },
  fir: { lens: lens(640, 480, 560, -2.7, 3.4), offset: [-0.05, -0.42, 1.36], yaw: 0.01, pitch: -0.066, roll: 0.005 },
};

/** All four cameras of a vehicle at (x, y) with the given heading, pitching and rolling a little as it drives. */
export function placeRig(x: number, y: number, heading: number, pitch: number, roll: number): Record<Spectrum, Camera> {
  const [s, c] = [sin(heading), cos(heading)];
  const place = ({ lens: l, offset: [ahead, left, up], yaw, pitch: p, roll: r }: Mount): Camera =>
    placeCamera(l, [x + c * ahead - s * left, y + s * ahead + c * left, up], heading + yaw, p + pitch, r + roll);
  return Object.fromEntries(SPECTRA.map((name) => [name, place(RIG[name])])) as Record<Spectrum, Camera>;
}
