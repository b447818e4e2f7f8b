import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isSharedArrayBuffer } from 'node:util/types';
import { ExpectedError, reasonOf } from '../errors.js';
import type { PixelMemory } from './pixelMemory.js';

/**
 * The only door to OpenCV. Everything the rooms use of the native binding is declared here, so no `any` leaves this file.
 *
 * The compiled addon is loaded itself rather than through its package's loader, which prints to stdout and searches the
 * disk for builds of OpenCV. What the addon leaves to its caller is done here: buffer lengths are checked (it copies
 * without looking), strings that it throws become Errors, and mats are released at the end of a scope rather than by the
 * garbage collector, which does not feel their weight.
 */
export interface Mat {
  readonly rows: number;
  readonly cols: number;
  readonly channels: number;
  /** OpenCV's element type, for example {@link MatType.U8C3}. */
  readonly type: number;
  readonly empty: 0 | 1;
  getData(): Buffer;
  release(): void;
  cvtColor(code: number): Mat;
  /** Writes into `to`, whose size and type must be this mat's: else it would be given memory of its own. */
  copyTo(to: Mat): Mat;
  resize(rows: number, cols: number, fx: number, fy: number, interpolation: number): Mat;
  convertTo(type: number, alpha: number, beta: number): Mat;
  warpPerspective(homography: Mat, size: object, flags: number, borderMode: number, borderValue: object): Mat;
  drawRectangle(from: object, to: object, color: object, thickness: number, lineType: number, shift: number): void;
  putText(
    text: string,
    origin: object,
    font: number,
    scale: number,
    color: object,
    thickness: number,
    lineType: number,
  ): void;
}

interface Binding {
  readonly version: { readonly major: number; readonly minor: number; readonly revision: number };
  readonly Mat: {
    new (data: Uint8Array, rows: number, cols: number, type: number): Mat;
    /** Over `data` itself, without a copy and without keeping it alive. */
    new (rows: number, cols: number, type: number, data: Uint8Array, step: number): Mat;
  };
  readonly Size: new (width: number, height: number) => object;
  readonly Point2: new (x: number, y: number) => object;
  readonly Vec3: new (x: number, y: number, z: number) => object;
  imdecode(data: Uint8Array, flags: number): Mat;
  imencode(extension: string, mat: Mat, flags: readonly number[]): Buffer;
  applyColorMap(mat: Mat, map: number): Mat;
  getTextSize(text: string, font: number, scale: number, thickness: number): TextSize;
  findHomography(
    from: readonly object[],
    to: readonly object[],
    method: number,
    threshold: number,
  ): { homography: Mat; mask: Mat };
}

interface TextSize {
  readonly size: { readonly width: number; readonly height: number };
  readonly baseLine: number;
}

/** Element types: `depth + 8 · (channels − 1)`. */
export const MatType = {
  U8C1: 0,
  U8C2: 8,
  U8C3: 16,
  U8C4: 24,
  U16C1: 2,
  U16C3: 18,
  U16C4: 26,
  F32C1: 5,
  F64C1: 6,
} as const;
export type MatType = (typeof MatType)[keyof typeof MatType];

/** Conversion codes of `cvtColor`; Bayer names are OpenCV's own, after the second row, see encodings.ts. */
export const Color = {
  RGBA2RGB: 1,
  BGRA2RGB: 3,
  BGR2RGB: 4,
  RGB2BGR: 4,
  GRAY2RGB: 8,
  BayerRG2RGB: 46,
  BayerGR2RGB: 47,
  BayerBG2RGB: 48,
  BayerGB2RGB: 49,
  YUV2RGB_NV12: 90,
  YUV2RGB_NV21: 92,
  YUV2RGB_UYVY: 107,
  YUV2RGB_YUY2: 115,
} as const;

export const Interpolation = { nearest: 0, linear: 1, area: 3 } as const;

let binding: Binding | undefined;

/**
 * The binding, loaded at the first call.
 * @throws ExpectedError `environment` when it is not built, or when another thread of this process has loaded it: OpenCV's
 *   addon serves one thread per process, and a second one, even after the first has ended, brings the process down
 *   (UrielCh/opencv4nodejs#140).
 */
export function opencv(): Binding {
  if (binding) return binding;
  const require = createRequire(import.meta.url);
  let addon: string;
  try {
    addon = join(require.resolve('@u4/opencv4nodejs'), '..', '..', '..', 'build', 'Release', 'opencv4nodejs.node');
  } catch (cause) {
    throw new ExpectedError('environment', 'the package @u4/opencv4nodejs is not installed', 'run `npm run setup`', {
      cause,
    });
  }
  if (isMapped('opencv4nodejs.node'))
    throw new ExpectedError(
      'environment',
      'OpenCV is already loaded by another thread of this process, and it can serve only one',
      'do all image work in one thread; start a new process for another',
    );
  try {
    binding = require(addon) as Binding;
  } catch (cause) {
    throw new ExpectedError(
      'environment',
      `OpenCV's binding cannot be loaded: ${reasonOf(cause)}`,
      'run `npm run setup`, which installs OpenCV and builds the binding',
      { cause },
    );
  }
  return binding;
}

/** Version of the OpenCV library, for example `4.6.0`. */
export function opencvVersion(): string {
  const { major, minor, revision } = opencv().version;
  return `${major}.${minor}.${revision}`;
}

/** Whether a library is in this process's address space; `false` where that cannot be read (not Linux). */
function isMapped(library: string): boolean {
  try {
    return readFileSync('/proc/self/maps', 'latin1').includes(library);
  } catch {
    return false;
  }
}

/** Makes mats and remembers them until the scope ends. */
export class Mats {
  readonly #kept: Mat[] = [];

  /** Remembers a mat that an operation returned. */
  keep(mat: Mat): Mat {
    this.#kept.push(mat);
    return mat;
  }

  /**
   * A mat with a copy of `data`.
   * @throws RangeError unless `data` is exactly `rows · cols` elements of `type` long
   */
  from(data: ArrayBufferView, rows: number, cols: number, type: MatType): Mat {
    const wanted = rows * cols * bytesPerElement(type);
    if (!Number.isInteger(rows) || !Number.isInteger(cols) || rows < 1 || cols < 1)
      throw new RangeError(`a mat cannot be ${rows} × ${cols}`);
    if (data.byteLength !== wanted)
      throw new RangeError(`a mat of ${rows} × ${cols}, type ${type}, takes ${wanted} bytes, got ${data.byteLength}`);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const own = isSharedArrayBuffer(data.buffer) ? Uint8Array.from(bytes) : bytes;
    return this.keep(new (opencv().Mat)(own, rows, cols, type));
  }

  /**
   * Writes a mat's elements into `data`, rows `step` bytes apart.
   * @throws RangeError where they do not fit
   */
  copyInto(mat: Mat, data: Uint8Array<ArrayBuffer>, step = mat.cols * bytesPerElement(mat.type)): void {
    const rowBytes = mat.cols * bytesPerElement(mat.type);
    if (step < rowBytes || (mat.rows - 1) * step + rowBytes > data.byteLength)
      throw new RangeError(
        `${mat.rows} rows of ${rowBytes} bytes, ${step} apart, do not fit in ${data.byteLength} bytes`,
      );
    const over = this.keep(new (opencv().Mat)(mat.rows, mat.cols, mat.type, data, step));
    this.keep(mat.copyTo(over));
  }

  /** A mat's elements in a buffer of `memory`. */
  bytesOf(mat: Mat, memory: PixelMemory): Uint8Array<ArrayBuffer> {
    const bytes = memory(mat.rows * mat.cols * bytesPerElement(mat.type));
    this.copyInto(mat, bytes);
    return bytes;
  }

  release(): void {
    for (const mat of this.#kept) mat.release();
    this.#kept.length = 0;
  }
}

/**
 * Runs `work` with a scope for mats, all of which are released when it returns or throws: nothing of a mat may be used
 * afterwards but bytes copied out of it.
 * @throws Error for what the binding throws as a string (no upstream issue known); other errors pass unchanged
 */
export function withMats<T>(work: (mats: Mats, cv: Binding) => T): T {
  const cv = opencv();
  const mats = new Mats();
  try {
    return work(mats, cv);
  } catch (thrown) {
    throw thrown instanceof Error ? thrown : new Error(`OpenCV: ${reasonOf(thrown)}`);
  } finally {
    mats.release();
  }
}

/** The elements of a mat that no region was taken from, as bytes that fill a buffer of their own. */
export function bytesOf(mat: Mat): Uint8Array<ArrayBuffer> {
  return ownBytes(mat.getData());
}

/** The bytes, at the start of a buffer that holds nothing else, so that views of wider elements can be laid over them. */
export function ownBytes(data: Buffer): Uint8Array<ArrayBuffer> {
  const alone = data.byteOffset === 0 && data.byteLength === data.buffer.byteLength;
  return alone ? new Uint8Array(data.buffer as ArrayBuffer) : Uint8Array.from(data);
}

/** Bytes that one element of a mat takes, all channels together. */
export function bytesPerElement(type: number): number {
  const depthBytes = [1, 1, 2, 2, 4, 4, 8, 2];
  return (depthBytes[type & 7] ?? 1) * ((type >> 3) + 1);
}
