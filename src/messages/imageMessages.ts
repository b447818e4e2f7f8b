import { ExpectedError } from '../errors.js';
import type { Frame } from '../images/frame.js';
import type { SensorImage } from '../images/sensorImage.js';
import type { Spectrum } from '../spectrum.js';
import type { Header } from './decode.js';
import { fromRosTime } from './rosTime.js';

/** Messages as rclnodejs hands them over: untrusted, whatever their declared type says. */
interface ImageMessage {
  readonly header?: {
    readonly stamp?: { readonly sec?: unknown; readonly nanosec?: unknown };
    readonly frame_id?: unknown;
  };
  readonly width?: unknown;
  readonly height?: unknown;
  readonly encoding?: unknown;
  readonly is_bigendian?: unknown;
  readonly step?: unknown;
  readonly format?: unknown;
  readonly data?: unknown;
}

/** How an image arrives. */
export const TRANSPORTS = {
  raw: { type: 'sensor_msgs/msg/Image', suffix: '' },
  compressed: { type: 'sensor_msgs/msg/CompressedImage', suffix: '/compressed' },
} as const;
export type Transport = keyof typeof TRANSPORTS;

/** What an image message says, each field of the type that the message's definition promises. */
export type ImageFields = { readonly header: Header; readonly data: Uint8Array } & (
  | {
      readonly width: number;
      readonly height: number;
      readonly encoding: string;
      readonly is_bigendian: number;
      readonly step: number;
    }
  | { readonly format: string }
);

/** Where a frame comes from, besides what its message says. */
export interface FrameSource {
  readonly spectrum: Spectrum;
  readonly topic: string;
  readonly receivedNs: bigint;
}

/**
 * The Frame of an Image or a CompressedImage, recorded or received. The pixels stay in the message's buffer; whether they make an image is
 * the decoder's business.
 */
export function toFrame(fields: ImageFields, { spectrum, topic, receivedNs }: FrameSource): Frame {
  const { stampNs, frameId } = fields.header;
  return { spectrum, topic, frameId, stampNs, receivedNs, image: sensorImage(fields) };
}

function sensorImage(fields: ImageFields): SensorImage {
  const { data } = fields;
  if ('format' in fields) return { kind: 'compressed', format: fields.format, data };
  const { width, height, encoding, is_bigendian, step } = fields;
  return { kind: 'raw', width, height, encoding, bigEndian: is_bigendian !== 0, step, data };
}

/**
 * A received Image or CompressedImage as a Frame.
 * @throws ExpectedError `input` where the message has no stamp or no data
 */
export function frameOfMessage(message: unknown, from: FrameSource & { readonly transport: Transport }): Frame {
  const { header, ...fields } = message as ImageMessage;
  const { data } = fields;
  const { sec, nanosec } = header?.stamp ?? {};
  if (typeof sec !== 'number' || typeof nanosec !== 'number' || !(data instanceof Uint8Array)) {
    throw new ExpectedError('input', `a message on ${from.topic} has no stamp or no data`, 'check the camera driver');
  }
  const checked = { header: { stampNs: fromRosTime({ sec, nanosec }), frameId: text(header?.frame_id) }, data };
  if (from.transport === 'compressed') return toFrame({ ...checked, format: text(fields.format) }, from);
  const numbers = {
    width: Number(fields.width),
    height: Number(fields.height),
    is_bigendian: Number(Boolean(fields.is_bigendian)),
    step: Number(fields.step),
  };
  return toFrame({ ...checked, ...numbers, encoding: text(fields.encoding) }, from);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
