import { invertHomography } from '../../src/geometry/homography.js';
import type { Spectrum } from '../../src/spectrum.js';
import type { SensorPicture } from './render/sensor.js';
import { placeRig } from './rig.js';

/**
 * The common viewpoint is the RGB camera's. A picture is carried over as if everything stood on one plane that faces the
 * vehicle this many metres ahead: exact there and in line with it, off by parallax (at most 0.47 m × 530 px × |1/z − 1/12|)
 * elsewhere. Real rigs are registered the same way.
 */
export const REGISTRATION_DISTANCE = 12;

/** Row-major 3×3 matrix that takes an RGB pixel (x, y, 1) to the same plane point's pixel in `spectrum`'s picture. */
export function homographyFromRgb(spectrum: Spectrum): Float64Array {
  const rig = placeRig(0, 0, 0, 0, 0);
  const from = rig.rgb;
  const to = rig[spectrum];
  const project = (x: number, y: number): [number, number, number] => {
    const a = (x - from.lens.cx) / from.lens.focal;
    const b = (y - from.lens.cy) / from.lens.focal;
    const ray = [0, 1, 2].map((i) => from.forward[i] + a * from.right[i] + b * from.down[i]);
    // Plane x = distance; kept homogeneous (scaled by the ray's x) so that the map stays linear in (x, y, 1).
    const reach = REGISTRATION_DISTANCE - from.position[0];
    const point = [0, 1, 2].map((i) => reach * ray[i] + ray[0] * (from.position[i] - to.position[i]));
    const along = (axis: readonly number[]): number => axis[0] * point[0] + axis[1] * point[1] + axis[2] * point[2];
    const z = along(to.forward);
    return [to.lens.focal * along(to.right) + to.lens.cx * z, to.lens.focal * along(to.down) + to.lens.cy * z, z];
  };
  // A linear map is known by what it does to three points: columns are f(1,0)−f(0,0), f(0,1)−f(0,0), f(0,0).
  const origin = project(0, 0);
  const right = project(1, 0);
  const down = project(0, 1);
  return Float64Array.from([0, 1, 2].flatMap((i) => [right[i] - origin[i], down[i] - origin[i], origin[i]]));
}

/**
 * Row-major 3×3 matrix, 1 as its last number, that takes a pixel (x, y, 1) of `spectrum`'s picture to the RGB camera's: what fusion needs
 * of a camera. Continuous coordinates, as those of boxes.
 */
export function homographyToRgb(spectrum: Spectrum): number[] {
  return invertHomography([...homographyFromRgb(spectrum)]);
}

/** The picture as the RGB camera would have seen the plane: 640 × 480, bilinear, black where the camera did not look. */
export function registerToRgb(spectrum: Spectrum, picture: SensorPicture): SensorPicture {
  if (spectrum === 'rgb') return picture;
  const { width, height } = placeRig(0, 0, 0, 0, 0).rgb.lens;
  const h = homographyFromRgb(spectrum);
  const { channels, data } = picture;
  const out = new Uint16Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [px, py] = [x + 0.5, y + 0.5];
      const w = h[6] * px + h[7] * py + h[8];
      const u = (h[0] * px + h[1] * py + h[2]) / w - 0.5;
      const v = (h[3] * px + h[4] * py + h[5]) / w - 0.5;
      const i = Math.floor(u);
      const j = Math.floor(v);
      if (i < 0 || j < 0 || i >= picture.width - 1 || j >= picture.height - 1) continue;
      const [fu, fv] = [u - i, v - j];
      for (let c = 0; c < channels; c++) {
        const at = (j * picture.width + i) * channels + c;
        const below = at + picture.width * channels;
        const top = data[at] * (1 - fu) + data[at + channels] * fu;
        const bottom = data[below] * (1 - fu) + data[below + channels] * fu;
        out[(y * width + x) * channels + c] = top * (1 - fv) + bottom * fv + 0.5;
      }
    }
  }
  return { width, height, channels, data: out };
}
