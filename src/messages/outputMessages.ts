import type { Header } from './decode.js';
import { type RosTime, toRosTime } from './rosTime.js';

/** The message types that a replay writes. */
export const OUTPUT_TYPES = {
  detections: 'vision_msgs/msg/Detection2DArray',
  overlay: 'sensor_msgs/msg/CompressedImage',
  annotations: 'foxglove_msgs/msg/ImageAnnotations',
  explained: 'multispectral_saliency/msg/ExplainedDetections',
} as const;

/** A detection as it goes into messages. The box is in pixels of the source image, corners included as continuous coordinates. */
export interface DetectionRecord {
  readonly className: string;
  /** In [0, 1]. */
  readonly score: number;
  readonly box: { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number };
}

/** A detection with where its map looks; see `msg/ExplainedDetection.msg`. */
export interface ExplainedRecord extends DetectionRecord {
  readonly level: number;
  readonly energyInBox: number;
  readonly energyGain: number;
  readonly peakInBox: boolean;
  /** Row-major map over the whole source image; left out to save room. */
  readonly map?: { readonly width: number; readonly height: number; readonly values: Float32Array };
}

export function toRosHeader({ stampNs, frameId }: Header): { stamp: RosTime; frame_id: string } {
  return { stamp: toRosTime(stampNs), frame_id: frameId };
}

const UNKNOWN_POSE = {
  pose: { position: { x: 0, y: 0, z: 0 }, orientation: { x: 0, y: 0, z: 0, w: 1 } },
  covariance: new Float64Array(36),
};

/** `vision_msgs/msg/Detection2DArray`: the class name as `class_id`, the box as centre and size in pixels. */
export function toDetection2DArray(header: Header, detections: readonly DetectionRecord[]): unknown {
  const rosHeader = toRosHeader(header);
  return {
    header: rosHeader,
    detections: detections.map(({ className, score, box }) => ({
      header: rosHeader,
      results: [{ hypothesis: { class_id: className, score }, pose: UNKNOWN_POSE }],
      bbox: {
        center: { position: { x: (box.x1 + box.x2) / 2, y: (box.y1 + box.y2) / 2 }, theta: 0 },
        size_x: box.x2 - box.x1,
        size_y: box.y2 - box.y1,
      },
      id: '',
    })),
  };
}

/** `sensor_msgs/msg/CompressedImage` of an encoded picture; `format` is `jpeg` or `png`. */
export function toCompressedImage(header: Header, format: 'jpeg' | 'png', data: Uint8Array): unknown {
  return { header: toRosHeader(header), format, data };
}

/** `sensor_msgs/msg/Image` of pixels without padding between rows. */
export function toImage(
  header: Header,
  image: { readonly width: number; readonly height: number; readonly encoding: string; readonly data: Uint8Array },
): unknown {
  const { width, height, encoding, data } = image;
  const step = height > 0 ? data.byteLength / height : 0;
  return { header: toRosHeader(header), height, width, encoding, is_bigendian: 0, step, data };
}

/** `sensor_msgs/msg/CameraInfo` of a pinhole camera without distortion; focal lengths and centre in pixels. */
export function toCameraInfo(
  header: Header,
  camera: {
    readonly width: number;
    readonly height: number;
    readonly fx: number;
    readonly fy: number;
    readonly cx: number;
    readonly cy: number;
  },
): unknown {
  const { width, height, fx, fy, cx, cy } = camera;
  return {
    header: toRosHeader(header),
    height,
    width,
    distortion_model: 'plumb_bob',
    d: new Float64Array(5),
    k: Float64Array.of(fx, 0, cx, 0, fy, cy, 0, 0, 1),
    r: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
    p: Float64Array.of(fx, 0, cx, 0, 0, fy, cy, 0, 0, 0, 1, 0),
    binning_x: 0,
    binning_y: 0,
    roi: { x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false },
  };
}

/** Colour of a class, components in [0, 1]. */
export interface Colour {
  readonly r: number;
  readonly g: number;
  readonly b: number;
}

const LINE_LOOP = 2;
/** Pixels of the source image. */
const LINE_WIDTH = 2;
const FONT_SIZE = 14;

/** `foxglove_msgs/msg/ImageAnnotations`: each box as a closed line with class and score above it. */
export function toImageAnnotations(
  header: Header,
  detections: readonly DetectionRecord[],
  colourOf: (detection: DetectionRecord) => Colour,
): unknown {
  const timestamp = toRosTime(header.stampNs);
  return {
    timestamp,
    circles: [],
    points: detections.map((detection) => {
      const { x1, y1, x2, y2 } = detection.box;
      return {
        timestamp,
        type: LINE_LOOP,
        points: [
          { x: x1, y: y1 },
          { x: x2, y: y1 },
          { x: x2, y: y2 },
          { x: x1, y: y2 },
        ],
        outline_color: { ...colourOf(detection), a: 1 },
        outline_colors: [],
        fill_color: { r: 0, g: 0, b: 0, a: 0 },
        thickness: LINE_WIDTH,
        metadata: [],
      };
    }),
    texts: detections.map((detection) => ({
      timestamp,
      position: { x: detection.box.x1, y: detection.box.y1 },
      text: `${detection.className} ${detection.score.toFixed(2)}`,
      font_size: FONT_SIZE,
      text_color: { r: 1, g: 1, b: 1, a: 1 },
      background_color: { ...colourOf(detection), a: 0.7 },
      metadata: [],
    })),
    metadata: [],
  };
}

/** `multispectral_saliency/msg/ExplainedDetections`. */
export function toExplainedDetections(
  header: Header,
  made: { readonly spectrum: string; readonly modelSha256: string; readonly method: string; readonly variant: string },
  detections: readonly ExplainedRecord[],
): unknown {
  return {
    header: toRosHeader(header),
    spectrum: made.spectrum,
    model_sha256: made.modelSha256,
    method: made.method,
    variant: made.variant,
    detections: detections.map(({ className, score, box, level, energyInBox, energyGain, peakInBox, map }) => ({
      class_name: className,
      score,
      x_min: box.x1,
      y_min: box.y1,
      x_max: box.x2,
      y_max: box.y2,
      level,
      energy_in_box: energyInBox,
      energy_gain: energyGain,
      peak_in_box: peakInBox,
      map_width: map?.width ?? 0,
      map_height: map?.height ?? 0,
      map: map?.values ?? new Float32Array(0),
    })),
  };
}
