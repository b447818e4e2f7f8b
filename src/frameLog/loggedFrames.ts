import { z } from 'zod';
import { decodeMessage, unfit } from '../messages/decode.js';
import type { RawMessage } from '../messages/rawMessage.js';
import { fromRosTime } from '../messages/rosTime.js';
import { decodeFrame, isImageType } from '../bag/frames.js';
import { openBag } from '../bag/openBag.js';
import { OUTPUT_TYPES } from '../messages/outputMessages.js';
import { ExpectedError } from '../errors.js';
import type { Frame } from '../images/frame.js';
import { isSpectrum, SPECTRA, type Spectrum } from '../spectrum.js';
import type { NamedDetection } from '../detector/detection.js';

/** One image of a frame log, with what was detected in it and by which model. */
export interface LoggedFrame {
  readonly frame: Frame;
  readonly detections: readonly NamedDetection[];
  readonly modelSha256: string;
}

/** A file of the frame log: one moment, at most one image for each band, in the order of SPECTRA. */
export interface LoggedSet {
  /** Why it was kept. */
  readonly reason: string;
  readonly frames: readonly LoggedFrame[];
  /** Bands that were written, and of which the file (cut, or damaged) holds the image or its detections no more. */
  readonly missing: readonly Spectrum[];
  /** What of the file could not be read, in words; empty for a whole one. */
  readonly losses: string;
}

const MAX_DETECTIONS = 10_000;
const stamp = z.object({ sec: z.int(), nanosec: z.int() });
const explainedSchema = z.object({
  header: z.object({ stamp, frame_id: z.string() }),
  spectrum: z.string(),
  model_sha256: z.string(),
  detections: z
    .array(
      z.object({
        class_name: z.string(),
        score: z.number(),
        x_min: z.number(),
        y_min: z.number(),
        x_max: z.number(),
        y_max: z.number(),
      }),
    )
    .max(MAX_DETECTIONS),
});
type Explained = z.output<typeof explainedSchema>;

/** Whether a bag file is one of a frame log. */
export function isFrameLogFile(topics: readonly { readonly name: string }[]): boolean {
  return topics.some(({ name }) => /^\/frame_log\/\w+\/explained$/.test(name));
}

/**
 * Reads a file of a frame log.
 * @throws ExpectedError `input` where it is no such file, is damaged, or holds no image with detections
 */
export async function readLoggedSet(file: string): Promise<LoggedSet> {
  const bag = await openBag(file);
  try {
    const definitions = new Map(bag.topics.map(({ name, definition }) => [name, definition]));
    const about = bag.metadata.find(({ name }) => name === 'frame_log')?.values ?? {};
    const images: RawMessage[] = [];
    const explained = new Map<Spectrum, Explained>();
    for await (const message of bag.messages()) {
      if (isImageType(message.type)) images.push(message);
      if (message.type !== OUTPUT_TYPES.explained) continue;
      const one = decodeExplained(message, definitions.get(message.topic) ?? '');
      if (isSpectrum(one.spectrum)) explained.set(one.spectrum, one);
    }
    const frames = SPECTRA.flatMap((spectrum): LoggedFrame[] => {
      const one = explained.get(spectrum);
      if (one === undefined) return [];
      const decode = (message: RawMessage): Frame =>
        decodeFrame(message, spectrum, definitions.get(message.topic) ?? '');
      const topic = about[`topic.${spectrum}`];
      // Files of older versions do not name the topic: the image that has the detections' stamp and frame id is meant.
      const frame =
        topic === undefined
          ? images.map(decode).find((image) => isOf(image, one))
          : images.filter((message) => message.topic === topic).map(decode)[0];
      return frame === undefined
        ? []
        : [{ frame, detections: one.detections.map(detectionOf), modelSha256: one.model_sha256 }];
    });
    const losses = bag.losses.map(({ why }) => why).join('; ');
    const there = new Set(frames.map(({ frame }) => frame.spectrum));
    const missing = SPECTRA.filter((spectrum) => `topic.${spectrum}` in about && !there.has(spectrum));
    if (frames.length > 0) return { reason: about['reason'] ?? '', frames, missing, losses };
    throw new ExpectedError(
      'input',
      `${file} holds no image with its detections${losses === '' ? '' : `: ${losses}`}`,
      'give a file that the perception node wrote into its frame log (frame_log.folder)',
    );
  } finally {
    await bag.close();
  }
}

function decodeExplained(message: RawMessage, definition: string): Explained {
  const result = explainedSchema.safeParse(decodeMessage(message.type, definition, message.data));
  if (result.success) return result.data;
  throw unfit(message, z.prettifyError(result.error).replaceAll('\n', ' '));
}

function isOf(image: Frame, { header }: Explained): boolean {
  return image.frameId === header.frame_id && image.stampNs === fromRosTime(header.stamp);
}

function detectionOf({
  class_name,
  score,
  x_min,
  y_min,
  x_max,
  y_max,
}: Explained['detections'][number]): NamedDetection {
  return { className: class_name, score, box: { x1: x_min, y1: y_min, x2: x_max, y2: y_max } };
}
