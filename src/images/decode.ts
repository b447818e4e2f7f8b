import { ExpectedError } from '../errors.js';
import { readEncodedHeader } from './encodedHeader.js';
import { encodingOf } from './encodings.js';
import { IntensityNormalizer } from './intensity.js';
import { bytesOf, Color, withMats } from './opencv.js';
import { freshMemory, type PixelMemory } from './pixelMemory.js';
import { quoted } from '../printable.js';
import type { Pixels } from './pixels.js';
import { checkSize, convert, DEFAULT_LIMITS, type ImageLimits, type Samples, unpackRawImage } from './rawImage.js';
import type { CompressedImage, SensorImage } from './sensorImage.js';

export interface DecodeOptions {
  /** Brings 16-bit and float samples to 8 bit; one per camera. Without it, each image's own percentiles do. */
  readonly normalizer?: IntensityNormalizer;
  /** When the image was taken, for a normalizer that follows the scene over time. */
  readonly stampNs?: bigint;
  readonly limits?: ImageLimits;
  /** Where the pixels are laid; fresh memory unless given. */
  readonly memory?: PixelMemory;
}

/** Decodes as stored: all channels, full depth, and without turning the picture as EXIF asks (128). */
const AS_STORED = -1;

/**
 * Grey or RGB pixels of any image that a camera topic carries; a copy, so the message may be reused.
 * Raw: every encoding in encodings.ts. Compressed: JPEG and PNG, 8 and 16 bit, alpha dropped.
 * @throws ExpectedError `input` when the image cannot be decoded, saying which field is wrong
 */
export function decodeImage(image: SensorImage, options: DecodeOptions = {}): Pixels {
  const { stampNs, limits, memory } = options;
  const { width, height, channels, data } = unpackSamples(image, limits, memory);
  if (data instanceof Uint8Array) return { width, height, channels, data };
  const normalizer = options.normalizer ?? new IntensityNormalizer();
  return {
    width,
    height,
    channels,
    data: normalizer.normalize({ data, rowLength: width * channels }, stampNs, memory),
  };
}

/** The image as grey or RGB samples of the depth it was sent in; deep ones may be a view of the message. */
export function unpackSamples(
  image: SensorImage,
  limits: ImageLimits = DEFAULT_LIMITS,
  memory: PixelMemory = freshMemory,
): Samples {
  return image.kind === 'raw' ? unpackRawImage(image, limits, memory) : unpackCompressedImage(image, limits, memory);
}

function unpackCompressedImage({ format, data }: CompressedImage, limits: ImageLimits, memory: PixelMemory): Samples {
  refuseOtherFormats(format, data.length);
  const header = readEncodedHeader(data);
  checkSize(header.width, header.height, limits, header.codec.toUpperCase());
  const samples = decodeEncoded(data, header.codec, memory);
  if (samples.width !== header.width || samples.height !== header.height)
    throw damaged(header.codec, 'its header and its content differ in size');
  return demosaiced(samples, format, memory);
}

/**
 * `format` is free text; image_transport writes `<encoding>; <codec> compressed <encoding of the pixels>`. The data say
 * themselves whether they are JPEG or PNG, so only what names something else is refused here.
 */
function refuseOtherFormats(format: string, length: number): void {
  if (/compressedDepth/i.test(format))
    throw new ExpectedError(
      'input',
      `compressed image format ${quoted(format)} holds depths, not a picture`,
      "use the camera's image topic (…/compressed), not its compressedDepth topic",
    );
  if (format.trim() !== '' && !/\b(jpe?g|png)\b/i.test(format))
    throw new ExpectedError(
      'input',
      `compressed image format ${quoted(format)} is not known`,
      'record the topic as JPEG, PNG or raw images',
    );
  if (length === 0)
    throw new ExpectedError(
      'input',
      `compressed image (format ${quoted(format)}) without data`,
      'check the camera driver',
    );
}

function decodeEncoded(data: Uint8Array, codec: string, memory: PixelMemory): Samples {
  return withMats((mats, cv) => {
    const mat = mats.keep(cv.imdecode(data, AS_STORED));
    if (mat.empty) throw damaged(codec, 'it cannot be decoded');
    const { rows: height, cols: width, channels } = mat;
    const code = channels === 4 ? Color.BGRA2RGB : channels === 3 ? Color.BGR2RGB : undefined;
    if (code === undefined && channels !== 1) throw damaged(codec, `it has ${channels} channels`);
    const rgb = code === undefined ? mat : mats.keep(mat.cvtColor(code));
    const deep = (mat.type & 7) === 2;
    const samples = deep ? new Uint16Array(bytesOf(rgb).buffer) : mats.bytesOf(rgb, memory);
    return { width, height, channels: channels === 1 ? 1 : 3, data: samples };
  });
}

/** Cameras with a Bayer sensor may send the mosaic itself as a grey picture, its pattern named at the start of `format`. */
function demosaiced(samples: Samples, format: string, memory: PixelMemory): Samples {
  const pattern = /^\s*(bayer_[rgb]{4}(8|16))\s*;/i.exec(format)?.[1];
  const encoding = pattern === undefined ? undefined : encodingOf(pattern);
  if (typeof encoding?.toRgb !== 'number' || samples.channels !== 1) return samples;
  if (Math.min(samples.width, samples.height) < encoding.smallest)
    throw damaged(format, `${samples.width} × ${samples.height} pixels are too few for a Bayer mosaic`);
  const { width, height, data } = samples;
  return { width, height, channels: 3, data: convert(data, width, height, 1, encoding.toRgb, memory) };
}

function damaged(codec: string, why: string): ExpectedError {
  return new ExpectedError(
    'input',
    `${codec.toUpperCase()} image is damaged: ${why}`,
    'the frame is lost; check the recording',
  );
}
