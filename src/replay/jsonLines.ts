import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { giveName, unfinishedName } from '../files/atomicWrite.js';
import { outputError } from '../outputError.js';

/** A text file with one JSON value per line, written as the values come. */
export class JsonLinesWriter {
  #failure: Error | undefined;
  readonly path: string;
  /** The file has its name only when it is whole. */
  readonly #unfinished: string;
  readonly #stream: WriteStream;

  private constructor(path: string, unfinished: string, stream: WriteStream) {
    this.path = path;
    this.#unfinished = unfinished;
    this.#stream = stream;
    stream.on('error', (error) => (this.#failure = error));
  }

  /** @throws ExpectedError `output` where the file cannot be made */
  static async create(path: string): Promise<JsonLinesWriter> {
    const unfinished = unfinishedName(path);
    const writer = new JsonLinesWriter(path, unfinished, createWriteStream(unfinished));
    try {
      await once(writer.#stream, 'open');
    } catch (error) {
      throw outputError(path, error);
    }
    return writer;
  }

  /** Writes one value; resolves when there is room for the next. Stamps (bigint) are written as decimal text. */
  async write(value: unknown): Promise<void> {
    if (this.#failure !== undefined) throw outputError(this.path, this.#failure);
    const line = JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));
    if (this.#stream.write(`${line}\n`)) return;
    try {
      await once(this.#stream, 'drain');
    } catch (error) {
      throw outputError(this.path, error);
    }
  }

  /** @throws ExpectedError `output` where what was written did not reach the disk */
  async close(): Promise<void> {
    if (this.#failure !== undefined) throw outputError(this.path, this.#failure);
    this.#stream.end();
    try {
      await finished(this.#stream);
      await giveName(this.#unfinished, this.path);
    } catch (error) {
      throw outputError(this.path, error);
    }
  }
}
