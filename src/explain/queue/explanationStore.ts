import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { BagWriter } from '../../bag/bagWriter.js';
import { OUTPUT_TYPES, toCompressedImage } from '../../messages/outputMessages.js';
import { outputError } from '../../outputError.js';
import { isSpectrum, type Spectrum } from '../../spectrum.js';
import { commitFile, emptyFolder } from '../../frameLog/durableFiles.js';
import type { Explanation } from '../frame/frameExplanation.js';
import { EXPLANATION_TYPE, toExplanationMessage } from '../frame/explanationMessage.js';

/** What was made of one image. */
export interface ExplainedImage {
  /** Of the logged set that the image belongs to; names the file. */
  readonly setStampNs: bigint;
  /** At least one, all of the same image. */
  readonly explanations: readonly [Explanation, ...Explanation[]];
  /** JPEG with the boxes and their maps. */
  readonly overlay: Uint8Array;
}

const RESULT_FILE = /^(\d{19,25})\.(\w+)\.mcap$/;

/**
 * Results on the disk: an MCAP file `<stamp>.<band>.mcap` for each image, which gets its name only when it is complete and on the disk.
 * The name is what says that the image is explained. The oldest files go when all together are too large.
 */
export class ExplanationStore {
  private constructor(
    readonly folder: string,
    readonly maxBytes: number,
  ) {}

  /** @throws ExpectedError `output` where the folder cannot be made */
  static async open(folder: string, maxBytes: number): Promise<ExplanationStore> {
    await emptyFolder(path.join(folder, 'unfinished')).catch((error: unknown) => {
      throw outputError(folder, error);
    });
    return new ExplanationStore(folder, maxBytes);
  }

  /** Bands of a set that are explained. */
  async explained(setStampNs: bigint): Promise<ReadonlySet<Spectrum>> {
    const results = (await this.#results()).filter(({ stampNs }) => stampNs === setStampNs);
    return new Set(results.map(({ band }) => band).filter(isSpectrum));
  }

  /**
   * @returns the file
   * @throws ExpectedError `output` where it cannot be written; there is no result then
   */
  async write({ setStampNs, explanations, overlay }: ExplainedImage): Promise<string> {
    const [{ image, source }] = explanations;
    const { spectrum, stampNs } = image;
    const name = `${setStampNs.toString().padStart(19, '0')}.${spectrum}.mcap`;
    const unfinished = path.join(this.folder, 'unfinished', name);
    const writer = await BagWriter.create(unfinished, { overwrite: true });
    try {
      const topic = `/explanations/${spectrum}`;
      const overlayTopic = `${topic}/overlay/compressed`;
      await writer.addMetadata('multispectral_saliency', source.versions);
      await writer.addTopic({ name: topic, type: EXPLANATION_TYPE });
      await writer.addTopic({ name: overlayTopic, type: OUTPUT_TYPES.overlay });
      for (const explanation of explanations)
        await writer.writeMessage(topic, stampNs, toExplanationMessage(explanation));
      await writer.writeMessage(overlayTopic, stampNs, toCompressedImage(image, 'jpeg', overlay));
    } finally {
      await writer.close();
    }
    const file = path.join(this.folder, name);
    await commitFile(unfinished, file);
    return file;
  }

  /** Deletes the oldest results beyond the size; never those of sets in `unfinished`, whose other bands are still to come. */
  async trim(unfinished: ReadonlySet<bigint>): Promise<void> {
    const newestFirst = (await this.#results()).reverse();
    let bytes = 0;
    for (const [index, { name, stampNs }] of newestFirst.entries()) {
      bytes += (await stat(path.join(this.folder, name))).size;
      if (index > 0 && bytes > this.maxBytes && !unfinished.has(stampNs)) await rm(path.join(this.folder, name));
    }
  }

  async #results(): Promise<{ name: string; stampNs: bigint; band: string }[]> {
    return (await readdir(this.folder)).sort().flatMap((name) => {
      const [, stamp, band] = RESULT_FILE.exec(name) ?? [];
      return stamp === undefined || band === undefined ? [] : [{ name, stampNs: BigInt(stamp), band }];
    });
  }
}
