import { z } from 'zod';
import type { Frame } from '../images/frame.js';
import type { Spectrum } from '../spectrum.js';
import type { RawMessage } from '../messages/rawMessage.js';
import { decodeMessage, unfit, type Header } from '../messages/decode.js';
import { toFrame, type ImageFields } from '../messages/imageMessages.js';
import { fromRosTime } from '../messages/rosTime.js';

export const IMAGE = 'sensor_msgs/msg/Image';
export const COMPRESSED_IMAGE = 'sensor_msgs/msg/CompressedImage';
export const CAMERA_INFO = 'sensor_msgs/msg/CameraInfo';

const header = z
  .object({ stamp: z.object({ sec: z.int(), nanosec: z.int() }), frame_id: z.string() })
  .transform(({ stamp, frame_id }) => ({
    stampNs: fromRosTime(stamp),
    frameId: frame_id,
  }));
const bytes = z.instanceof(Uint8Array);
const numbers = z.instanceof(Float64Array);

const imageSchema = z.object({
  header,
  height: z.int().min(0),
  width: z.int().min(0),
  encoding: z.string(),
  is_bigendian: z.int(),
  step: z.int().min(0),
  data: bytes,
});
const compressedImageSchema = z.object({ header, format: z.string(), data: bytes });
const cameraInfoSchema = z.object({
  header,
  height: z.int().min(0),
  width: z.int().min(0),
  distortion_model: z.string(),
  d: numbers,
  k: numbers,
  r: numbers,
  p: numbers,
});
const stampedSchema = z.object({ header });

function check<T extends z.ZodType>(schema: T, message: RawMessage, definition: string): z.output<T> {
  const result = schema.safeParse(decodeMessage(message.type, definition, message.data));
  if (!result.success) throw unfit(message, z.prettifyError(result.error).replaceAll('\n', ' '));
  return result.data;
}

/** True for the two message types that `decodeFrame` takes. */
export function isImageType(type: string): boolean {
  return type === IMAGE || type === COMPRESSED_IMAGE;
}

/**
 * Turns a `sensor_msgs/msg/Image` or `CompressedImage` message into a frame. The pixel data are a view into
 * `message.data`, not a copy, and not looked at: sizes and encodings are the image decoder's business.
 * @param definition the topic's definition from the bag; may be empty
 * @throws ExpectedError `input` for another type or a damaged message
 */
export function decodeFrame(message: RawMessage, spectrum: Spectrum, definition: string): Frame {
  const { topic, logTimeNs: receivedNs } = message;
  return toFrame(imageFields(message, definition), { spectrum, topic, receivedNs });
}

function imageFields(message: RawMessage, definition: string): ImageFields {
  if (message.type === IMAGE) return check(imageSchema, message, definition);
  if (message.type === COMPRESSED_IMAGE) return check(compressedImageSchema, message, definition);
  throw unfit(message, `only ${IMAGE} and ${COMPRESSED_IMAGE} are images`);
}

/** Calibration of a camera: the fields of `sensor_msgs/msg/CameraInfo`. */
export interface CameraInfo extends Header {
  readonly width: number;
  readonly height: number;
  readonly distortionModel: string;
  /** Distortion parameters; their number depends on the model. */
  readonly d: Float64Array;
  /** 3×3 intrinsics, row-major. */
  readonly k: Float64Array;
  /** 3×3 rectification, row-major. */
  readonly r: Float64Array;
  /** 3×4 projection, row-major. */
  readonly p: Float64Array;
}

/** @throws ExpectedError `input` for another type or a damaged message */
export function decodeCameraInfo(message: RawMessage, definition: string): CameraInfo {
  const { header, width, height, distortion_model, d, k, r, p } = check(cameraInfoSchema, message, definition);
  return { ...header, width, height, distortionModel: distortion_model, d, k, r, p };
}

/**
 * Stamp and frame id of any message whose first field is a `std_msgs/msg/Header`.
 * @throws ExpectedError `input` where it has none or is damaged
 */
export function decodeHeader(message: RawMessage, definition: string): Header {
  return check(stampedSchema, message, definition).header;
}
