import { endianness } from 'node:os';
import { ExpectedError } from '../errors.js';
import { quoted } from '../printable.js';
import { type Encoding, encodingNames, encodingOf } from './encodings.js';
import { bytesOf, MatType, withMats } from './opencv.js';
import type { PixelMemory } from './pixelMemory.js';
import type { RawImage } from './sensorImage.js';

/**
 * A picture before its depth is brought to 8 bit: rows without padding, three channels in RGB order. Samples of 8 bit are a copy; deeper
 * ones may be a view of the message.
 */
export interface Samples {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array<ArrayBuffer> | Uint16Array | Float32Array;
}

/** Bounds on pictures from outside. */
export interface ImageLimits {
  /** Longest side in pixels. */
  readonly maxSide: number;
  /** Most pixels; a decoded picture takes three bytes for each, and a few copies of it exist at a time. */
  readonly maxPixels: number;
}

export const DEFAULT_LIMITS: ImageLimits = { maxSide: 16_384, maxPixels: 64 * 1024 * 1024 };

const HOST_IS_BIG_ENDIAN = endianness() === 'BE';

/**
 * Pixels of a `sensor_msgs/msg/Image`, as grey or RGB samples of the depth they were sent in.
 * @throws ExpectedError `input` for unknown encodings and for fields that contradict each other
 */
export function unpackRawImage(image: RawImage, limits: ImageLimits, memory: PixelMemory): Samples {
  const encoding = encodingOf(image.encoding);
  if (!encoding)
    throw new ExpectedError(
      'input',
      `image encoding ${quoted(image.encoding)} is not known`,
      `publish one of ${encodingNames().join(', ')}`,
    );
  checkSize(image.width, image.height, limits, image.encoding);
  const layout = checkedLayout(image, encoding);
  const { width, height } = image;
  const { toRgb, channels, sample } = encoding;
  if (toRgb === undefined) {
    const grey = { width, height, channels: channels === 3 ? (3 as const) : (1 as const) };
    if (sample === 'u8') return { ...grey, data: packedRows(image, layout, memory(layout.rowBytes * layout.rows)) };
    return { ...grey, data: inHostOrder(plainRows(image, layout), sample, image.bigEndian) };
  }
  const bytes = plainRows(image, layout);
  if (toRgb === 'nv24') return { width, height, channels: 3, data: nv24ToRgb(bytes, width * height, memory) };
  const samples = sample === 'u8' ? bytes : inHostOrder(bytes, sample, image.bigEndian);
  return { width, height, channels: 3, data: convert(samples, width, layout.rows, channels, toRgb, memory) };
}

/** @throws ExpectedError `input` for sides that are no positive whole numbers or beyond the limits */
export function checkSize(width: number, height: number, limits: ImageLimits, encoding: string): void {
  const size = `${encoding} image of ${width} × ${height} pixels`;
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1)
    throw new ExpectedError('input', `${size} has no content`, 'the frame is damaged; check the camera driver');
  if (width > limits.maxSide || height > limits.maxSide || width * height > limits.maxPixels)
    throw new ExpectedError(
      'input',
      `${size} is too large: sides of ${limits.maxSide} and ${limits.maxPixels} pixels in all are the limit`,
      'have the driver send smaller images (binning or a region of interest)',
    );
}

function checkedLayout(image: RawImage, encoding: Encoding): { rowBytes: number; rows: number } {
  const { width, height, step, data } = image;
  const [columns, lines] = encoding.multiple;
  const what = `${image.encoding} image of ${width} × ${height} pixels`;
  if (width % columns !== 0 || height % lines !== 0)
    throw new ExpectedError(
      'input',
      `${what}: its ${width % columns !== 0 ? 'width' : 'height'} must be even`,
      'pixels of this encoding share colour in pairs; correct the size that the driver announces',
    );
  if (width < encoding.smallest || height < encoding.smallest)
    throw new ExpectedError(
      'input',
      `${what} is too small: at least ${encoding.smallest} × ${encoding.smallest} are needed`,
      'correct the size that the driver announces',
    );
  const layout = encoding.layout(width, height);
  if (!Number.isInteger(step) || step < layout.rowBytes)
    throw new ExpectedError(
      'input',
      `${what} has step ${step}, but a row of it takes ${layout.rowBytes} bytes`,
      'correct step, width or encoding in the driver',
    );
  // The last row needs no padding: some drivers leave it out.
  const least = step * (layout.rows - 1) + layout.rowBytes;
  if (data.length < least)
    throw new ExpectedError(
      'input',
      `${what} with step ${step} takes at least ${least} bytes, but its data has ${data.length}`,
      data.length === 0 ? 'the driver sends empty images; check it' : 'the frame is cut off, or its fields are wrong',
    );
  return layout;
}

interface Layout {
  readonly rowBytes: number;
  readonly rows: number;
}

/** The rows without what `step` adds to them, copied to `out`. */
function packedRows(
  { data, step }: RawImage,
  { rowBytes, rows }: Layout,
  out: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (step === rowBytes) out.set(data.subarray(0, rowBytes * rows));
  else for (let row = 0; row < rows; row++) out.set(data.subarray(row * step, row * step + rowBytes), row * rowBytes);
  return out;
}

/** The rows without what `step` adds to them; a view of the message where it adds nothing. */
function plainRows(image: RawImage, layout: Layout): Uint8Array {
  const length = layout.rowBytes * layout.rows;
  if (image.step === layout.rowBytes) return image.data.subarray(0, length);
  return packedRows(image, layout, new Uint8Array(length));
}

/** Samples wider than a byte; a view of `bytes` where these lie as the host wants them. */
function inHostOrder(
  bytes: Uint8Array,
  sample: Exclude<Encoding['sample'], 'u8'>,
  bigEndian: boolean,
): Uint16Array | Float32Array {
  const width = sample === 'u16' ? 2 : 4;
  const swap = bigEndian !== HOST_IS_BIG_ENDIAN;
  const { buffer, byteOffset, byteLength } = swap || bytes.byteOffset % width !== 0 ? Uint8Array.from(bytes) : bytes;
  if (swap && width === 2) Buffer.from(buffer).swap16();
  if (swap && width === 4) Buffer.from(buffer).swap32();
  return width === 2
    ? new Uint16Array(buffer, byteOffset, byteLength / 2)
    : new Float32Array(buffer, byteOffset, byteLength / 4);
}

/** Rows of `channels` samples per pixel to RGB of the same depth, by OpenCV. */
export function convert(
  data: Uint8Array | Uint16Array | Float32Array,
  width: number,
  rows: number,
  channels: number,
  code: number,
  memory: PixelMemory,
): Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  const deep = data instanceof Uint16Array;
  const type = ((deep ? MatType.U16C1 : MatType.U8C1) + 8 * (channels - 1)) as MatType;
  return withMats((mats) => {
    const rgb = mats.keep(mats.from(data, rows, width, type).cvtColor(code));
    return deep ? new Uint16Array(bytesOf(rgb).buffer) : mats.bytesOf(rgb, memory);
  });
}

/**
 * NV24, which OpenCV does not know: a plane of Y, then Cb and Cr in turn for every pixel. ITU-R BT.601 with the limited
 * range (Y 16 to 235), as OpenCV takes the other YUV encodings:
 * `R = 1.164 (Y−16) + 1.596 (Cr−128)`, `G = 1.164 (Y−16) − 0.813 (Cr−128) − 0.391 (Cb−128)`,
 * `B = 1.164 (Y−16) + 2.018 (Cb−128)`.
 */
function nv24ToRgb(planes: Uint8Array, pixels: number, memory: PixelMemory): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8ClampedArray(memory(pixels * 3).buffer);
  for (let i = 0; i < pixels; i++) {
    const y = 1.164 * Math.max(0, planes[i] - 16);
    const cb = planes[pixels + 2 * i] - 128;
    const cr = planes[pixels + 2 * i + 1] - 128;
    rgb[3 * i] = y + 1.596 * cr;
    rgb[3 * i + 1] = y - 0.813 * cr - 0.391 * cb;
    rgb[3 * i + 2] = y + 2.018 * cb;
  }
  return new Uint8Array(rgb.buffer);
}
