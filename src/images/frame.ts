import type { Spectrum } from '../spectrum.js';
import type { SensorImage } from './sensorImage.js';

/** One image of one camera, not decoded yet, with the stamps that place it in time. */
export interface Frame {
  readonly spectrum: Spectrum;
  /** Topic (or file) that it came from. */
  readonly topic: string;
  /** `header.frame_id` of the message. */
  readonly frameId: string;
  /** `header.stamp` in nanoseconds: when the camera exposed. */
  readonly stampNs: bigint;
  /** Log time of the bag or arrival time on the vehicle, nanoseconds. */
  readonly receivedNs: bigint;
  readonly image: SensorImage;
}
