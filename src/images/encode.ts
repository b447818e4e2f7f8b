import { Color, type Mat, type Mats, MatType, ownBytes, withMats } from './opencv.js';
import type { Pixels } from './pixels.js';
import { matOfPixels } from './resize.js';

const JPEG_QUALITY = 1;
const PNG_COMPRESSION = 16;

/** A baseline JPEG file. `quality` 1 (small) to 100 (faithful). */
export function encodeJpeg(pixels: Pixels, quality = 85): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(quality) || quality < 1 || quality > 100)
    throw new RangeError(`JPEG quality must be 1 to 100, not ${quality}`);
  return encode('.jpg', (mats) => inBgr(mats, pixels), [JPEG_QUALITY, quality]);
}

/** An 8-bit PNG file, grey or RGB. `compression` 0 (fast) to 9 (small). */
export function encodePng(pixels: Pixels, compression = 3): Uint8Array<ArrayBuffer> {
  return encode('.png', (mats) => inBgr(mats, pixels), [PNG_COMPRESSION, checkedCompression(compression)]);
}

/**
 * A 16-bit grey PNG file of `width × height` samples, rows without padding.
 * @throws RangeError unless the samples are as many as the size says
 */
export function encodePng16(
  { data, width, height }: { readonly data: Uint16Array; readonly width: number; readonly height: number },
  compression = 3,
): Uint8Array<ArrayBuffer> {
  return encode('.png', (mats) => mats.from(data, height, width, MatType.U16C1), [
    PNG_COMPRESSION,
    checkedCompression(compression),
  ]);
}

function encode(extension: string, make: (mats: Mats) => Mat, flags: readonly number[]): Uint8Array<ArrayBuffer> {
  return withMats((mats, cv) => {
    return ownBytes(cv.imencode(extension, make(mats), flags));
  });
}

/** OpenCV's encoders take colours in the order blue, green, red. */
function inBgr(mats: Mats, pixels: Pixels): Mat {
  const mat = matOfPixels(mats, pixels);
  return pixels.channels === 3 ? mats.keep(mat.cvtColor(Color.RGB2BGR)) : mat;
}

function checkedCompression(level: number): number {
  if (!Number.isInteger(level) || level < 0 || level > 9)
    throw new RangeError(`PNG compression must be 0 to 9, not ${level}`);
  return level;
}
