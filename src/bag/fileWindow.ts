import { open, type FileHandle } from 'node:fs/promises';

/** Bytes read at once when a small read misses the window. */
const WINDOW = 256 * 1024;

/** Random access to a file of any size; small neighbouring reads are served from one window. */
export class FileWindow {
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;
  /** The name for messages: for a decompressed copy that of the original. */
  readonly path: string;
  readonly size: number;
  readonly handle: FileHandle;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.handle = handle;
  }

  static async open(path: string, shownAs = path): Promise<FileWindow> {
    const handle = await open(path, 'r');
    try {
      return new FileWindow(shownAs, (await handle.stat()).size, handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Bytes `offset` to `offset + length`, fewer at the end of the file. A view that the next call may overwrite: copy
   * what is to be kept.
   */
  async peek(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(offset + length, this.size);
    if (end <= offset) return new Uint8Array(0);
    if (offset < this.#windowStart || end > this.#windowStart + this.#window.byteLength) {
      this.#window = await this.read(offset, Math.max(WINDOW, end - offset));
      this.#windowStart = offset;
    }
    return this.#window.subarray(offset - this.#windowStart, end - this.#windowStart);
  }

  /** Bytes `offset` to `offset + length` in a buffer of their own, fewer at the end of the file. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    const bytes = Buffer.allocUnsafeSlow(wanted);
    let filled = 0;
    while (filled < wanted) {
      const { bytesRead } = await this.handle.read(bytes, filled, wanted - filled, offset + filled);
      if (bytesRead === 0) break; // the file shrank while we read it
      filled += bytesRead;
    }
    return filled === wanted ? bytes : bytes.subarray(0, filled);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
