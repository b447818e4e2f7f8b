import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { BagWriter } from '../bag/bagWriter.js';
import { codeOf, ExpectedError, reasonOf } from '../errors.js';
import { atomically } from '../files/atomicWrite.js';
import { claimFolder, MARKER } from '../files/ownFolder.js';
import { outputError } from '../outputError.js';
import { logFile, logFilesIn, parseLogFile, type LogFile } from './fileNames.js';
import { OUTPUT_TYPES, toDetection2DArray, toExplainedDetections } from '../messages/outputMessages.js';
import { toRosTime } from '../messages/rosTime.js';
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

export interface FrameLogCounts {
  readonly written: number;
  /** Entries that the disk did not take: it was busy, or failed. */
  readonly leftOut: number;
  /** Entries that were deleted because the log was full. */
  readonly deleted: number;
}

/** What the marker of a frame log's folder says that it is. */
export const FRAME_LOG_KIND = 'frame log';
/** Entries that may wait for the disk; more are left out and counted. */
const MAX_WAITING = 2;
/** What an entry takes beside its images, more or less: definitions, detections, maps, summary. */
const OVERHEAD_BYTES = 64 * 1024;

/**
 * Durable log of frames: a ring of small MCAP files, one for each frame set, numbered in the order of writing. A file gets its name only
 * when it is complete and on the disk (fsync of file and folder), so that any MCAP tool may read the folder at any time, and a power cut
 * loses at most what was being written. A slow disk delays nobody: what it cannot take is left out and counted. A folder that is not there
 * is made, also later: a disk may be mounted late, or come back.
 */
export class FrameLog {
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #written = 0;
  #leftOut = 0;
  #deleted = 0;
  #claimed = false;
  /** Number of the newest file that is known. */
  #newest = 0;
  #trouble: string | undefined;
  readonly options: FrameLogOptions;
  readonly onError: (error: unknown) => void;

  /** Makes the folder, and makes room in it, behind the caller's back. @param onError told once for each entry that is lost */
  constructor(options: FrameLogOptions, onError: (error: unknown) => void) {
    this.options = options;
    this.onError = onError;
    this.#last = this.#makeRoom(0, 1).catch((error: unknown) => this.#failed(error));
  }

  get counts(): FrameLogCounts {
    return { written: this.#written, leftOut: this.#leftOut, deleted: this.#deleted };
  }

  /** Why the last write failed; `undefined` where it did not. */
  get trouble(): string | undefined {
    return this.#trouble;
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
      .then(
        () => (this.#trouble = undefined),
        (error: unknown) => {
          this.#leftOut++;
          this.#failed(error);
        },
      )
      .finally(() => this.#waiting--)
      .then(() => undefined);
    return true;
  }

  /** Resolves when everything taken so far is on the disk. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async #write(entry: LogEntry): Promise<void> {
    // The newest of those that are there stays until the new one is there: the log is never empty, whatever fails.
    await this.#makeRoom(bytesOf(entry), 1);
    const file = logFile(this.#newest + 1, entry.stampNs);
    const target = path.join(this.options.folder, file.name);
    await atomically(target, (unfinished) => writeEntry(unfinished, entry), { durable: true }).catch(
      (error: unknown) => {
        throw error instanceof ExpectedError ? error : outputError(target, error);
      },
    );
    this.#newest = file.sequence;
    this.#written++;
    await this.#makeRoom(0, 1);
  }

  /**
   * Deletes the oldest files until `coming` more bytes would fit; never the newest `kept`.
   * @throws ExpectedError `output` where the folder cannot be made or read
   */
  async #makeRoom(coming: number, kept: number): Promise<void> {
    const { folder, maxBytes } = this.options;
    try {
      const newestFirst = (await this.#files()).reverse();
      let bytes = coming;
      for (const [index, { name, sequence }] of newestFirst.entries()) {
        this.#newest = Math.max(this.#newest, sequence);
        bytes += await sizeOf(path.join(folder, name));
        if (index < kept || bytes <= maxBytes) continue;
        await rm(path.join(folder, name), { force: true });
        this.#deleted++;
      }
    } catch (error) {
      throw error instanceof ExpectedError ? error : outputError(folder, error);
    }
  }

  /** The folder is claimed anew where its marker is missing: it was removed, or another disk is mounted there now. */
  async #files(): Promise<LogFile[]> {
    const { folder } = this.options;
    const names = await readdir(folder).catch((error: unknown): string[] => {
      if (codeOf(error) !== 'ENOENT') throw error;
      return [];
    });
    if (this.#claimed && names.includes(MARKER)) return logFilesIn(names);
    await claimFolder(folder, FRAME_LOG_KIND, (name) => parseLogFile(name) !== undefined);
    this.#claimed = true;
    return logFilesIn(names);
  }

  #failed(error: unknown): void {
    this.#trouble = reasonOf(error);
    this.onError(error);
  }
}

function bytesOf({ frames }: LogEntry): number {
  return frames.reduce((sum, { frame }) => sum + frame.image.data.byteLength, OVERHEAD_BYTES);
}

/** 0 for a file that has gone meanwhile. */
async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

async function writeEntry(file: string, { reason, frames, variant }: LogEntry): Promise<void> {
  // Not compressed: that would keep the node's main thread busy, and camera noise hardly shrinks.
  const writer = await BagWriter.create(file, { compression: 'none', overwrite: true });
  try {
    // Which band an image topic is cannot always be told by its name.
    const topics = Object.fromEntries(frames.map(({ frame }) => [`topic.${frame.spectrum}`, frame.topic]));
    await writer.addMetadata('frame_log', { reason, ...topics });
    for (const { frame, perceived } of frames) await writeFrame(writer, frame, perceived, variant);
  } finally {
    await writer.close();
  }
}

async function writeFrame(writer: BagWriter, frame: Frame, perceived: PerceivedFrame, variant: string): Promise<void> {
  const { spectrum, image, stampNs, frameId } = frame;
  const { type } = TRANSPORTS[image.kind];
  const base = `/frame_log/${spectrum}`;
  await writer.addTopic({ name: frame.topic, type });
  await writer.addTopic({ name: `${base}/detections`, type: OUTPUT_TYPES.detections });
  await writer.addTopic({ name: `${base}/explained`, type: OUTPUT_TYPES.explained });
  // MCAP knows no time before 1970; the messages' own stamps stay as they are.
  const logTimeNs = stampNs < 0n ? 0n : stampNs;
  await writer.writeMessage(frame.topic, logTimeNs, imageMessage(frame));
  const header = { stampNs, frameId };
  await writer.writeMessage(`${base}/detections`, logTimeNs, toDetection2DArray(header, perceived.detections));
  const made = { spectrum, modelSha256: perceived.model.sha256, method: 'grad-cam', variant };
  const explained = toExplainedDetections(header, made, explainedRecords(perceived.detections, true));
  await writer.writeMessage(`${base}/explained`, logTimeNs, explained);
}

/** The image as it came, unlike a decoded copy: what is explained later must be what was seen. */
function imageMessage({ image, stampNs, frameId }: Frame): object {
  const header = { stamp: toRosTime(stampNs), frame_id: frameId };
  if (image.kind === 'compressed') return { header, format: image.format, data: image.data };
  const { height, width, encoding, bigEndian, step, data } = image;
  return { header, height, width, encoding, is_bigendian: bigEndian ? 1 : 0, step, data };
}
