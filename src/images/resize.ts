import type { Letterbox } from '../geometry/letterbox.js';
import { bytesOf, Color, Interpolation, type Mats, type Mat, MatType, withMats } from './opencv.js';
import { freshMemory, type PixelMemory } from './pixelMemory.js';
import type { Pixels } from './pixels.js';

/**
 * The picture as a detector takes it: `input.height × input.width × 3` bytes, RGB, rows from the top; resized bilinearly
 * (pixel centres at half coordinates) to `content`, grey tripled, the rest filled with `pad`.
 */
export function resizeToInput(
  pixels: Pixels,
  { input, content }: Pick<Letterbox, 'input' | 'content'>,
  pad: readonly [number, number, number] = [0, 0, 0],
  memory: PixelMemory = freshMemory,
): Uint8Array<ArrayBuffer> {
  const canvas = memory(input.width * input.height * 3);
  if (content.width !== input.width || content.height !== input.height) fill(canvas, pad);
  withMats((mats) => {
    const source = matOfPixels(mats, pixels);
    const sized = resizeMat(mats, source, content.width, content.height, Interpolation.linear);
    const rgb = pixels.channels === 3 ? sized : mats.keep(sized.cvtColor(Color.GRAY2RGB));
    mats.copyInto(rgb, canvas, input.width * 3);
  });
  return canvas;
}

/** A copy of `width × height` pixels: the mean over the area where it shrinks, bilinear where it grows. */
export function resizePixels(pixels: Pixels, width: number, height: number): Pixels {
  const shrinks = width < pixels.width && height < pixels.height;
  return withMats((mats) => {
    const source = matOfPixels(mats, pixels);
    const sized = resizeMat(mats, source, width, height, shrinks ? Interpolation.area : Interpolation.linear);
    return { width, height, channels: pixels.channels, data: bytesOf(sized) };
  });
}

/** A picture that fits in `maxSide × maxSide`, aspect kept; the picture itself where it fits already. */
export function thumbnail(pixels: Pixels, maxSide: number): Pixels {
  const scale = maxSide / Math.max(pixels.width, pixels.height);
  if (scale >= 1) return pixels;
  const side = (length: number): number => Math.max(1, Math.round(length * scale));
  return resizePixels(pixels, side(pixels.width), side(pixels.height));
}

/** A mat with a copy of the pixels, RGB order kept. */
export function matOfPixels(mats: Mats, { data, width, height, channels }: Pixels): Mat {
  return mats.from(data, height, width, channels === 3 ? MatType.U8C3 : MatType.U8C1);
}

function resizeMat(mats: Mats, mat: Mat, width: number, height: number, interpolation: number): Mat {
  return mat.cols === width && mat.rows === height ? mat : mats.keep(mat.resize(height, width, 0, 0, interpolation));
}

function fill(canvas: Uint8Array, [red, green, blue]: readonly [number, number, number]): void {
  if (red === green && green === blue) {
    canvas.fill(red);
    return;
  }
  for (let at = 0; at < canvas.length; at += 3) {
    canvas[at] = red;
    canvas[at + 1] = green;
    canvas[at + 2] = blue;
  }
}
