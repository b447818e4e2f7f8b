import type { IWritable } from '@mcap/core';
import { open, type FileHandle } from 'node:fs/promises';
import { outputError } from '../outputError.js';

/**
 * A file that MCAP records are appended to. Each `write` lands as a whole or not at all: where the disk is full, the
 * file is cut back to the end of the last whole write, so that it ends with a whole record.
 */
export class OutputFile implements IWritable {
  #position = 0n;
  readonly path: string;
  readonly handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  /** @throws ExpectedError `output` where it cannot be made, or exists and may not be overwritten */
  static async create(path: string, overwrite: boolean): Promise<OutputFile> {
    try {
      return new OutputFile(path, await open(path, overwrite ? 'w' : 'wx'));
    } catch (error) {
      throw outputError(path, error);
    }
  }

  position(): bigint {
    return this.#position;
  }

  async write(buffer: Uint8Array): Promise<void> {
    try {
      for (let written = 0; written < buffer.byteLength;) {
        const at = Number(this.#position) + written;
        written += (await this.handle.write(buffer, written, buffer.byteLength - written, at)).bytesWritten;
      }
      this.#position += BigInt(buffer.byteLength);
    } catch (error) {
      await this.handle.truncate(Number(this.#position)).catch(() => undefined); // the reader copes with a torn record
      throw outputError(this.path, error);
    }
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
