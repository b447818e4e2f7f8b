import { BagWriter } from '../../src/bag/bagWriter.js';
import { toCameraInfo, toCompressedImage, toDetection2DArray, toImage } from '../../src/messages/outputMessages.js';
import { ExpectedError } from '../../src/errors.js';
import { encodeJpeg } from '../../src/images/encode.js';
import { type Spectrum, SPECTRA } from '../../src/spectrum.js';
import { CLASSES } from './classes.js';
import { frameCount, renderDrive } from './driveFrames.js';
import type { DriveFramesOptions } from './driveFrames.js';
import type { PictureReply } from './renderJobs.js';
import { RIG } from './rig.js';

export type ImageForm = 'raw' | 'png' | 'jpeg';

export interface DriveBagOptions extends Omit<DriveFramesOptions, 'png'> {
  /** `raw`: sensor_msgs/Image; `png`, `jpeg`: CompressedImage. JPEG is 8-bit and goes through OpenCV. */
  readonly images: ImageForm;
  readonly overwrite?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the drive early; the bag is closed properly. */
  readonly signal?: AbortSignal;
}

/** Stamp of a drive's first frame, ns since the epoch (2026-01-01 UTC): fixed, so that a seed gives the same bag. */
export const DRIVE_START_NS = 1_767_225_600_000_000_000n;

/** Topics of a generated drive; see docs/scenes.md. */
export function driveTopics(spectrum: Spectrum, images: ImageForm): { image: string; info: string; truth: string } {
  const camera = `/camera/${spectrum}`;
  return {
    image: images === 'raw' ? `${camera}/image_raw` : `${camera}/image_raw/compressed`,
    info: `${camera}/camera_info`,
    truth: `/ground_truth/${spectrum}/detections`,
  };
}

/**
 * Renders a drive into a rosbag2 recording: pictures, camera infos and true boxes (those not marked `ignore`) of each
 * spectrum, all cameras triggered at once.
 * @returns number of frame sets
 * @throws ExpectedError `usage` for 16-bit JPEG, `output` where the bag cannot be written
 */
export async function writeDriveBag(target: string, options: DriveBagOptions): Promise<number> {
  const { images, spectra = SPECTRA, depth = 8 } = options;
  if (images === 'jpeg' && depth === 16)
    throw new ExpectedError(
      'usage',
      'JPEG cannot hold 16-bit infrared pictures',
      'use --images png or raw, or --depth 8',
    );
  const bag = await BagWriter.create(target, { overwrite: options.overwrite ?? false });
  try {
    for (const spectrum of spectra) {
      const topics = driveTopics(spectrum, images);
      const type = images === 'raw' ? 'sensor_msgs/msg/Image' : 'sensor_msgs/msg/CompressedImage';
      await bag.addTopic({ name: topics.image, type });
      await bag.addTopic({ name: topics.info, type: 'sensor_msgs/msg/CameraInfo' });
      await bag.addTopic({ name: topics.truth, type: 'vision_msgs/msg/Detection2DArray' });
    }
    await bag.addMetadata('generated scene', {
      seed: String(options.seed),
      time: options.night ? 'night' : 'day',
      duration: String(options.duration),
      rate: String(options.rate),
    });
    const total = frameCount(options);
    let done = 0;
    for await (const frame of renderDrive({ ...options, png: images === 'png' })) {
      const stampNs = DRIVE_START_NS + BigInt(Math.round(frame.time * 1e9));
      for (const view of frame.views) await writeView(bag, view, stampNs, images);
      done++;
      options.onProgress?.(done, total);
      if (options.signal?.aborted === true) break;
    }
    return done;
  } finally {
    await bag.close();
  }
}

async function writeView(bag: BagWriter, view: PictureReply, stampNs: bigint, images: ImageForm): Promise<void> {
  const { spectrum, width, height, objects } = view;
  const topics = driveTopics(spectrum, images);
  const header = { stampNs, frameId: `${spectrum}_optical_frame` };
  const { focal, cx, cy } = RIG[spectrum].lens;
  const boxes = objects
    .filter(({ ignore }) => !ignore)
    .map(({ classIndex, box }) => ({ className: CLASSES[classIndex], score: 1, box }));
  await bag.writeMessage(topics.info, stampNs, toCameraInfo(header, { width, height, fx: focal, fy: focal, cx, cy }));
  await bag.writeMessage(topics.image, stampNs, imageMessage(view, header, images));
  await bag.writeMessage(topics.truth, stampNs, toDetection2DArray(header, boxes));
}

function imageMessage(view: PictureReply, header: { stampNs: bigint; frameId: string }, images: ImageForm): unknown {
  const { width, height, channels, depth, data } = view;
  switch (images) {
    case 'png':
      return toCompressedImage(header, 'png', data);
    case 'jpeg':
      return toCompressedImage(header, 'jpeg', encodeJpeg({ width, height, channels, data }, 92));
    case 'raw': {
      const encoding = channels === 3 ? 'rgb8' : depth === 16 ? 'mono16' : 'mono8';
      return toImage(header, { width, height, encoding, data });
    }
  }
}
