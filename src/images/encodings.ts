import { Color } from './opencv.js';

/** Sizes of one picture in bytes and rows, as an encoding lays it out. */
interface Layout {
  /** Bytes that the pixels of one row need; `step` may be more. */
  readonly rowBytes: number;
  /** Rows of `rowBytes` in the data: the height, or more where colour planes follow. */
  readonly rows: number;
}

/** How the samples of a ROS encoding lie in `data`, and what turns them into grey or RGB. */
export interface Encoding {
  /** Type of one sample. */
  readonly sample: 'u8' | 'u16' | 'f32';
  /** Samples per pixel in a row, as OpenCV sees it (2 for 4:2:2, 1 for planes and mosaics). */
  readonly channels: 1 | 2 | 3 | 4;
  readonly layout: (width: number, height: number) => Layout;
  /** `cvtColor` code to RGB; absent where the samples are grey or RGB already, `'nv24'` for what OpenCV lacks. */
  readonly toRgb?: number | 'nv24';
  /** What the sides must be multiples of: chroma is shared by pairs of columns (and rows). */
  readonly multiple: readonly [width: number, height: number];
  /** Fewest columns and rows that can be decoded. */
  readonly smallest: number;
}

function packed(sample: Encoding['sample'], channels: 1 | 3 | 4, toRgb?: number): Encoding {
  const bytes = { u8: 1, u16: 2, f32: 4 }[sample];
  return {
    sample,
    channels,
    layout: (width, height) => ({ rowBytes: width * channels * bytes, rows: height }),
    ...(toRgb === undefined ? {} : { toRgb }),
    multiple: [1, 1],
    smallest: 1,
  };
}

/** OpenCV's bilinear demosaicing fills the outermost pixels from their neighbours, so it needs three rows and columns. */
function mosaic(sample: 'u8' | 'u16', toRgb: number): Encoding {
  return { ...packed(sample, 1), toRgb, smallest: 3 };
}

function yuv422(toRgb: number): Encoding {
  return {
    sample: 'u8',
    channels: 2,
    layout: (width, height) => ({ rowBytes: width * 2, rows: height }),
    toRgb,
    multiple: [2, 1],
    smallest: 1,
  };
}

function yuv420(toRgb: number): Encoding {
  return {
    sample: 'u8',
    channels: 1,
    layout: (width, height) => ({ rowBytes: width, rows: (height * 3) / 2 }),
    toRgb,
    multiple: [2, 2],
    smallest: 2,
  };
}

const uyvy = yuv422(Color.YUV2RGB_UYVY);
const yuy2 = yuv422(Color.YUV2RGB_YUY2);

/**
 * Every encoding that is understood, by its name in `sensor_msgs/image_encodings.hpp`. The generic `8UC3`, `8UC4`, `16UC3`
 * say nothing of order; they are read as OpenCV's blue-green-red, which is what cv_bridge users publish.
 *
 * Bayer: ROS names the first two rows from the left (`rggb`: red green / green blue); OpenCV names the second and third
 * column of the second and third row, so `rggb` is its `BayerBG`, and so on around the diagonal.
 */
const ENCODINGS: ReadonlyMap<string, Encoding> = new Map<string, Encoding>([
  ['mono8', packed('u8', 1)],
  ['8UC1', packed('u8', 1)],
  ['rgb8', packed('u8', 3)],
  ['bgr8', packed('u8', 3, Color.BGR2RGB)],
  ['8UC3', packed('u8', 3, Color.BGR2RGB)],
  ['rgba8', packed('u8', 4, Color.RGBA2RGB)],
  ['bgra8', packed('u8', 4, Color.BGRA2RGB)],
  ['8UC4', packed('u8', 4, Color.BGRA2RGB)],
  ['mono16', packed('u16', 1)],
  ['16UC1', packed('u16', 1)],
  ['rgb16', packed('u16', 3)],
  ['bgr16', packed('u16', 3, Color.BGR2RGB)],
  ['16UC3', packed('u16', 3, Color.BGR2RGB)],
  ['rgba16', packed('u16', 4, Color.RGBA2RGB)],
  ['bgra16', packed('u16', 4, Color.BGRA2RGB)],
  ['32FC1', packed('f32', 1)],
  ['bayer_rggb8', mosaic('u8', Color.BayerBG2RGB)],
  ['bayer_bggr8', mosaic('u8', Color.BayerRG2RGB)],
  ['bayer_gbrg8', mosaic('u8', Color.BayerGR2RGB)],
  ['bayer_grbg8', mosaic('u8', Color.BayerGB2RGB)],
  ['bayer_rggb16', mosaic('u16', Color.BayerBG2RGB)],
  ['bayer_bggr16', mosaic('u16', Color.BayerRG2RGB)],
  ['bayer_gbrg16', mosaic('u16', Color.BayerGR2RGB)],
  ['bayer_grbg16', mosaic('u16', Color.BayerGB2RGB)],
  ['yuv422', uyvy],
  ['uyvy', uyvy],
  ['yuv422_yuy2', yuy2],
  ['yuyv', yuy2],
  ['nv12', yuv420(Color.YUV2RGB_NV12)],
  ['nv21', yuv420(Color.YUV2RGB_NV21)],
  [
    'nv24',
    {
      sample: 'u8',
      channels: 1,
      layout: (width, height) => ({ rowBytes: width, rows: height * 3 }),
      toRgb: 'nv24',
      multiple: [1, 1],
      smallest: 1,
    },
  ],
]);

const BY_FOLDED_NAME = new Map([...ENCODINGS].map(([name, encoding]) => [name.toLowerCase(), encoding]));

/** The encoding of that name, letter case aside; undefined where it is not understood. */
export function encodingOf(name: string): Encoding | undefined {
  return BY_FOLDED_NAME.get(name.toLowerCase());
}

/** Names for messages and documentation. */
export function encodingNames(): readonly string[] {
  return [...ENCODINGS.keys()];
}
