import { ExpectedError } from '../errors.js';
import type { Frame } from '../images/frame.js';
import type { SensorImage } from '../images/sensorImage.js';
import type { Spectrum } from '../spectrum.js';

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

/**
 * A received Image or CompressedImage as a Frame. The pixels stay in the message's buffer; whether they make an image is the decoder's
 * business.
 * @throws ExpectedError `input` where the message is not what its type promises
 */
export function frameOfMessage(
  message: unknown,
  from: {
    readonly spectrum: Spectrum;
    readonly topic: string;
    readonly transport: Transport;
    readonly receivedNs: bigint;
  },
): Frame {
  const { header, ...fields } = message as ImageMessage;
  const { sec, nanosec } = header?.stamp ?? {};
  if (typeof sec !== 'number' || typeof nanosec !== 'number' || !(fields.data instanceof Uint8Array)) {
    throw new ExpectedError('input', `a message on ${from.topic} has no stamp or no data`, 'check the camera driver');
  }
  return {
    spectrum: from.spectrum,
    topic: from.topic,
    frameId: typeof header?.frame_id === 'string' ? header.frame_id : '',
    stampNs: BigInt(sec) * 1_000_000_000n + BigInt(nanosec),
    receivedNs: from.receivedNs,
    image: imageOf(fields, fields.data, from.transport),
  };
}

function imageOf(fields: Omit<ImageMessage, 'header'>, data: Uint8Array, transport: Transport): SensorImage {
  if (transport === 'compressed') return { kind: 'compressed', format: text(fields.format), data };
  return {
    kind: 'raw',
    width: Number(fields.width),
    height: Number(fields.height),
    encoding: text(fields.encoding),
    bigEndian: Boolean(fields.is_bigendian),
    step: Number(fields.step),
    data,
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
