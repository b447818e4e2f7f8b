import { ExpectedError } from '../errors.js';
import type { Homography, Point } from '../geometry/homography.js';
import { bytesOf, Interpolation, MatType, withMats } from './opencv.js';
import type { Pixels } from './pixels.js';
import { matOfPixels } from './resize.js';

/** OpenCV's RANSAC, whose random numbers start from the same seed at every call. */
const RANSAC = 8;

/**
 * The homography that takes `from[i]` to `to[i]`, fitted to the pairs that agree within `threshold` pixels.
 * @throws ExpectedError `input` for fewer than four pairs, lists of different length, or points that fix no map
 */
export function findHomography(from: readonly Point[], to: readonly Point[], threshold = 3): Homography {
  if (from.length !== to.length || from.length < 4)
    throw new ExpectedError(
      'input',
      `a registration needs at least four pairs of points, got ${from.length} and ${to.length}`,
      'mark the same places in both pictures, as many in one as in the other',
    );
  if (![...from, ...to].every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)))
    throw new ExpectedError('input', 'a registration point is not a finite number', 'correct the list of points');
  if (!spreadOut(from) || !spreadOut(to)) throw noRegistration(from.length);
  return withMats((mats, cv) => {
    const points = (list: readonly Point[]): object[] => list.map(({ x, y }) => new cv.Point2(x, y));
    const found = cv.findHomography(points(from), points(to), RANSAC, threshold);
    mats.keep(found.mask);
    const matrix = mats.keep(found.homography);
    const values = matrix.empty ? [] : [...new Float64Array(bytesOf(matrix).buffer)];
    if (values.length !== 9 || !values.every(Number.isFinite)) throw noRegistration(from.length);
    return values;
  });
}

function noRegistration(pairs: number): ExpectedError {
  return new ExpectedError(
    'input',
    `the ${pairs} pairs of points fix no registration`,
    'choose points that do not lie on one line, spread over the picture',
  );
}

/** Whether points lie further from their best line than a thousandth of their length along it. */
function spreadOut(points: readonly Point[]): boolean {
  const mean = (of: (point: Point) => number): number => points.reduce((sum, p) => sum + of(p), 0) / points.length;
  const [x, y] = [mean((p) => p.x), mean((p) => p.y)];
  const [xx, yy] = [mean((p) => (p.x - x) ** 2), mean((p) => (p.y - y) ** 2)];
  const xy = mean((p) => (p.x - x) * (p.y - y));
  // Eigenvalues of the covariance: half the trace ± the root.
  const root = Math.hypot((xx - yy) / 2, xy);
  return (xx + yy) / 2 - root > 1e-6 * ((xx + yy) / 2 + root);
}

/**
 * The picture as the other camera would see it: `width × height` pixels, bilinear, black where the picture does not reach.
 * Whole coordinates are pixel centres here, as in OpenCV.
 * @throws RangeError unless the homography has nine finite numbers
 */
export function warpPerspective(pixels: Pixels, homography: Homography, width: number, height: number): Pixels {
  if (homography.length !== 9 || !homography.every(Number.isFinite))
    throw new RangeError(`a homography has nine finite numbers, not ${homography.join(', ')}`);
  const data = withMats((mats, cv) => {
    const matrix = mats.from(Float64Array.from(homography), 3, 3, MatType.F64C1);
    const size = new cv.Size(width, height);
    const source = matOfPixels(mats, pixels);
    const warped = source.warpPerspective(matrix, size, Interpolation.linear, 0, new cv.Vec3(0, 0, 0));
    return bytesOf(mats.keep(warped));
  });
  return { width, height, channels: pixels.channels, data };
}
