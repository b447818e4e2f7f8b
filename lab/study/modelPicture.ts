import { letterbox, type Letterbox, type Size } from '../../src/geometry/letterbox.js';
import type { ModelManifest } from '../../src/detector/manifest.js';

/** A source picture as a model takes it. */
export interface ModelPicture {
  /** uint8 [H, W, 3], RGB. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly placed: Letterbox;
}

/**
 * Lays a source picture into a model's input as images/resize.ts does, to the last bit, without OpenCV, which one thread of a
 * process can use only: the study works on pictures in many threads.
 * @param pixels uint8 [h, w, 3], RGB
 */
export function modelPicture(
  pixels: Uint8Array,
  size: Size,
  input: Pick<ModelManifest['input'], 'width' | 'height' | 'resize'>,
): ModelPicture {
  const placed = letterbox(size, input, input.resize);
  const { content } = placed;
  const canvas = new Uint8Array(input.width * input.height * 3);
  const resized = isHalf(size, content) ? halved(pixels, size, content) : resizeLinear(pixels, size, content);
  for (let row = 0; row < content.height; row++)
    canvas.set(resized.subarray(row * content.width * 3, (row + 1) * content.width * 3), row * input.width * 3);
  return { pixels: canvas, placed };
}

/** Fixed-point one of OpenCV's bilinear weights. */
const ONE = 2048;

interface Taps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly firstWeight: Int32Array;
  readonly secondWeight: Int32Array;
}

/** Neighbours and their weights, which may add up to one more or less than `ONE` as both are rounded; pixel centres at half-integers, border repeated. */
function taps(from: number, to: number, snap: boolean): Taps {
  const first = new Int32Array(to);
  const second = new Int32Array(to);
  const firstWeight = new Int32Array(to);
  const secondWeight = new Int32Array(to);
  // Two divisions, as OpenCV: the last bit counts.
  const scale = 1 / (to / from);
  for (let i = 0; i < to; i++) {
    const position = Math.fround((i + 0.5) * scale - 0.5);
    const cell = Math.floor(position);
    first[i] = Math.min(Math.max(cell, 0), from - 1);
    second[i] = Math.min(Math.max(cell + 1, 0), from - 1);
    // Beyond the border OpenCV reads one column with its whole weight, but a row twice.
    const outside = snap && (cell < 0 || cell >= from - 1);
    const fraction = outside ? 0 : Math.fround(position - cell);
    firstWeight[i] = roundHalfEven(Math.fround(1 - fraction) * ONE);
    secondWeight[i] = roundHalfEven(fraction * ONE);
  }
  return { first, second, firstWeight, secondWeight };
}

/** As the processor's default rounding, which OpenCV uses. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

function resizeLinear(pixels: Uint8Array, from: Size, to: Size): Uint8Array {
  if (from.width === to.width && from.height === to.height) return pixels;
  const across = taps(from.width, to.width, true);
  const down = taps(from.height, to.height, false);
  const values = new Uint8Array(to.width * to.height * 3);
  const stretched = (row: number): Int32Array => {
    const line = new Int32Array(to.width * 3);
    for (let x = 0; x < to.width; x++)
      for (let c = 0; c < 3; c++) {
        const a = pixels[(row * from.width + across.first[x]) * 3 + c];
        const b = pixels[(row * from.width + across.second[x]) * 3 + c];
        line[3 * x + c] = a * across.firstWeight[x] + b * across.secondWeight[x];
      }
    return line;
  };
  const lines = new Map<number, Int32Array>();
  const line = (row: number): Int32Array => {
    const known = lines.get(row) ?? stretched(row);
    lines.set(row, known);
    return known;
  };
  for (let y = 0; y < to.height; y++) {
    const [top, bottom] = [line(down.first[y]), line(down.second[y])];
    const [weight, otherWeight] = [down.firstWeight[y], down.secondWeight[y]];
    for (const row of lines.keys()) if (row < down.first[y]) lines.delete(row);
    for (let i = 0; i < to.width * 3; i++)
      values[y * to.width * 3 + i] =
        (((weight * (top[i] >> 4)) >> 16) + ((otherWeight * (bottom[i] >> 4)) >> 16) + 2) >> 2;
  }
  return values;
}

/** OpenCV averages where both sides shrink to exactly one half. */
function isHalf(from: Size, to: Size): boolean {
  return from.width === 2 * to.width && from.height === 2 * to.height;
}

function halved(pixels: Uint8Array, from: Size, to: Size): Uint8Array {
  const values = new Uint8Array(to.width * to.height * 3);
  for (let y = 0; y < to.height; y++)
    for (let x = 0; x < to.width; x++)
      for (let c = 0; c < 3; c++) {
        const at = (2 * y * from.width + 2 * x) * 3 + c;
        const below = at + from.width * 3;
        values[(y * to.width + x) * 3 + c] = (pixels[at] + pixels[at + 3] + pixels[below] + pixels[below + 3] + 2) >> 2;
      }
  return values;
}
