import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { BagWriter } from '../../bag/bagWriter.js';
import { OUTPUT_TYPES, toCompressedImage } from '../../messages/outputMessages.js';
import { outputError } from '../../outputError.js';
import { isSpectrum, type Spectrum } from '../../spectrum.js';
import { ExpectedError } from '../../errors.js';
import { atomically } from '../../files/atomicWrite.js';
import { claimFolder } from '../../files/ownFolder.js';
import { parseLogFile } from '../../frameLog/fileNames.js';
import type { Explanation } from '../explanation.js';
import { EXPLANATION_TYPE, type ImageOrigin, toExplanationMessages } from '../frame/explanationMessage.js';
import { versions } from '../../versions.js';

/** What was made of one image. */
export interface ExplainedImage {
  /** Id of the logged set that the image belongs to (see LogFile); names the file. */
  readonly set: string;
  readonly image: ImageOrigin;
  readonly explanation: Explanation;
  /** JPEG with the boxes and their maps. */
  readonly overlay: Uint8Array;
}

/** What the marker of the folder says that it is. */
export const RESULTS_KIND = 'explanations of a frame log';
/** Larger than most results: room that is made before one is written. */
const USUAL_BYTES = 1024 * 1024;
/** `<id of the set>.<band>.<number>.mcap`; results of older versions have no number. */
const RESULT_FILE = /^(.+)\.([a-z]+)(?:\.(\d{1,15}))?\.mcap$/;

interface Result {
  readonly name: string;
  readonly set: string;
  readonly band: Spectrum;
  /** Grows with every result that is written, whatever the clock does. */
  readonly number: number;
}

/**
 * Results on the disk: an MCAP file for each image, which gets its name only when it is complete and on the disk. The name is what says
 * that the image is explained. The oldest files, in the order of writing, go when all together are too large.
 */
export class ExplanationStore {
  #newest = 0;
  readonly folder: string;
  readonly maxBytes: number;

  private constructor(folder: string, maxBytes: number) {
    this.folder = folder;
    this.maxBytes = maxBytes;
  }

  /** @throws ExpectedError `output` where the folder cannot be made, `usage` where it is one of another kind */
  static async open(folder: string, maxBytes: number): Promise<ExplanationStore> {
    const store = new ExplanationStore(folder, maxBytes);
    await store.#claim();
    return store;
  }

  /** Bands of a set that are explained. */
  async explained(set: string): Promise<ReadonlySet<Spectrum>> {
    const results = (await this.#results()).filter((result) => result.set === set);
    return new Set(results.map(({ band }) => band));
  }

  /**
   * @param unfinished ids of the sets whose results must stay, as their other bands are still to come
   * @returns the file
   * @throws ExpectedError `output` where it cannot be written; there is no result then, and nothing is left of it
   */
  async write(explained: ExplainedImage, unfinished: ReadonlySet<string>): Promise<string> {
    await this.#claim();
    await this.#makeRoom(USUAL_BYTES, unfinished);
    const number = this.#newest + 1;
    const file = path.join(this.folder, `${explained.set}.${explained.image.spectrum}.${number}.mcap`);
    try {
      await atomically(file, (partial) => writeResult(partial, explained), { durable: true });
    } catch (error) {
      throw error instanceof ExpectedError ? error : outputError(file, error);
    }
    this.#newest = number;
    return file;
  }

  /** Deletes the oldest results beyond the size; never the newest one, nor those of sets in `unfinished`. */
  async trim(unfinished: ReadonlySet<string>): Promise<void> {
    await this.#makeRoom(0, unfinished);
  }

  async #claim(): Promise<void> {
    try {
      await claimFolder(this.folder, RESULTS_KIND, (name) => parseResult(name) !== undefined);
    } catch (error) {
      throw error instanceof ExpectedError ? error : outputError(this.folder, error);
    }
  }

  async #makeRoom(coming: number, unfinished: ReadonlySet<string>): Promise<void> {
    const newestFirst = (await this.#results()).sort((a, b) => b.number - a.number);
    let bytes = coming;
    for (const [index, { name, set, number }] of newestFirst.entries()) {
      this.#newest = Math.max(this.#newest, number);
      bytes += (await stat(path.join(this.folder, name))).size;
      if (index > 0 && bytes > this.maxBytes && !unfinished.has(set)) await rm(path.join(this.folder, name));
    }
  }

  /** By set, oldest first. */
  async #results(): Promise<Result[]> {
    return (await readdir(this.folder)).sort().flatMap((name) => parseResult(name) ?? []);
  }
}

function parseResult(name: string): Result | undefined {
  const [, stem, band, number] = RESULT_FILE.exec(name) ?? [];
  if (stem === undefined || band === undefined || !isSpectrum(band)) return undefined;
  const set = parseLogFile(`${stem}.mcap`)?.id;
  return set === undefined ? undefined : { name, set, band, number: Number(number ?? 0) };
}

async function writeResult(file: string, { image, explanation, overlay }: ExplainedImage): Promise<void> {
  const { spectrum, stampNs } = image;
  const writer = await BagWriter.create(file, { overwrite: true });
  try {
    const topic = `/explanations/${spectrum}`;
    const overlayTopic = `${topic}/overlay/compressed`;
    // MCAP knows no time before 1970; the messages' own stamps stay as they are.
    const logTimeNs = stampNs < 0n ? 0n : stampNs;
    await writer.addMetadata('multispectral_saliency', versions());
    await writer.addTopic({ name: topic, type: EXPLANATION_TYPE });
    await writer.addTopic({ name: overlayTopic, type: OUTPUT_TYPES.overlay });
    for (const message of toExplanationMessages(explanation, image))
      await writer.writeMessage(topic, logTimeNs, message);
    await writer.writeMessage(overlayTopic, logTimeNs, toCompressedImage(image, 'jpeg', overlay));
  } finally {
    await writer.close();
  }
}
