import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { BagWriter } from '../bag/bagWriter.js';
import { OUTPUT_TYPES, toDetection2DArray, toExplainedDetections, toRosTime } from '../messages/outputMessages.js';
import { commitFile, emptyFolder } from './durableFiles.js';
import type { Frame } from '../images/frame.js';
import type { PerceivedFrame } from '../perception/perceivedSet.js';
import { explainedRecords } from '../messages/explainedRecords.js';
import { TRANSPORTS } from '../messages/imageMessages.js';

/** One frame set that is worth explaining, with what was detected in it. */
export interface LogEntry {
  /** Stamp of the set, nanoseconds; names the file. */
  readonly stampNs: bigint;
  /** Why it was kept, for example `on request`. */
  readonly reason: string;
  readonly frames: readonly { readonly frame: Frame; readonly perceived: PerceivedFrame }[];
  /** Variant of Grad-CAM that made the maps; `off` for none. */
  readonly variant: string;
}

export interface FrameLogOptions {
  readonly folder: string;
  /** The oldest files go when all together are larger; at least the newest one stays. */
  readonly maxBytes: number;
}

/** Entries that may wait for the disk; more are left out and counted. */
const MAX_WAITING = 2;
const FILE = /^\d{19,}\.mcap$/;

/**
 * Durable log of frames: a ring of small MCAP files, one for each frame set. A file gets its name only when it is complete and on the disk
 * (fsync of file and folder), so that any MCAP tool may read the folder at any time, and a power cut loses at most what was being
 * written. A slow disk delays nobody: what it cannot take is left out and counted.
 */
export class FrameLog {
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #written = 0;
  #leftOut = 0;

  private constructor(
    readonly options: FrameLogOptions,
    readonly onError: (error: unknown) => void,
  ) {}

  /** @throws where the folder cannot be made */
  static async open(options: FrameLogOptions, onError: (error: unknown) => void): Promise<FrameLog> {
    // What a power cut left unfinished.
    await emptyFolder(partialFolder(options.folder));
    return new FrameLog(options, onError);
  }

  get counts(): { readonly written: number; readonly leftOut: number } {
    return { written: this.#written, leftOut: this.#leftOut };
  }

  /** @returns whether the entry was taken; it is written behind the caller's back */
  offer(entry: LogEntry): boolean {
    if (this.#waiting >= MAX_WAITING) {
      this.#leftOut++;
      return false;
    }
    this.#waiting++;
    this.#last = this.#last
      .then(() => this.#write(entry))
      .catch((error: unknown) => {
        this.#leftOut++;
        this.onError(error);
      })
      .finally(() => this.#waiting--);
    return true;
  }

  /** Resolves when everything taken so far is on the disk. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async #write(entry: LogEntry): Promise<void> {
    const name = `${entry.stampNs.toString().padStart(19, '0')}.mcap`;
    const partial = path.join(partialFolder(this.options.folder), name);
    // Not compressed: that would keep the node's main thread busy, and camera noise hardly shrinks.
    const writer = await BagWriter.create(partial, { compression: 'none', overwrite: true });
    try {
      // Which band an image topic is cannot always be told by its name.
      const topics = Object.fromEntries(entry.frames.map(({ frame }) => [`topic.${frame.spectrum}`, frame.topic]));
      await writer.addMetadata('frame_log', { reason: entry.reason, ...topics });
      for (const { frame, perceived } of entry.frames) await writeFrame(writer, frame, perceived, entry.variant);
    } finally {
      await writer.close();
    }
    await commitFile(partial, path.join(this.options.folder, name));
    this.#written++;
    await this.#trim();
  }

  async #trim(): Promise<void> {
    const { folder, maxBytes } = this.options;
    const newestFirst = (await readdir(folder))
      .filter((name) => FILE.test(name))
      .sort()
      .reverse();
    let bytes = 0;
    for (const [index, name] of newestFirst.entries()) {
      bytes += (await stat(path.join(folder, name))).size;
      if (index > 0 && bytes > maxBytes) await rm(path.join(folder, name));
    }
  }
}

async function writeFrame(writer: BagWriter, frame: Frame, perceived: PerceivedFrame, variant: string): Promise<void> {
  const { spectrum, image, stampNs, frameId } = frame;
  const { type } = TRANSPORTS[image.kind];
  const base = `/frame_log/${spectrum}`;
  await writer.addTopic({ name: frame.topic, type });
  await writer.addTopic({ name: `${base}/detections`, type: OUTPUT_TYPES.detections });
  await writer.addTopic({ name: `${base}/explained`, type: OUTPUT_TYPES.explained });
  await writer.writeMessage(frame.topic, stampNs, imageMessage(frame));
  const header = { stampNs, frameId };
  await writer.writeMessage(`${base}/detections`, stampNs, toDetection2DArray(header, perceived.detections));
  const made = { spectrum, modelSha256: perceived.model.sha256, method: 'grad-cam', variant };
  const explained = toExplainedDetections(header, made, explainedRecords(perceived.detections, true));
  await writer.writeMessage(`${base}/explained`, stampNs, explained);
}

/** The image as it came, unlike a decoded copy: what is explained later must be what was seen. */
function imageMessage({ image, stampNs, frameId }: Frame): object {
  const header = { stamp: toRosTime(stampNs), frame_id: frameId };
  if (image.kind === 'compressed') return { header, format: image.format, data: image.data };
  const { height, width, encoding, bigEndian, step, data } = image;
  return { header, height, width, encoding, is_bigendian: bigEndian ? 1 : 0, step, data };
}

function partialFolder(folder: string): string {
  return path.join(folder, 'unfinished');
}
