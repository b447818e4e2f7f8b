import { openFileReadable, type Readable } from './readable.js';

/** Bytes read at once when a small read misses the window. */
const WINDOW = 256 * 1024;

/** Random access to a file of any size, wherever it lies; small neighbouring reads are served from one window. */
export class FileWindow {
  /** The name for messages: for a decompressed copy that of the original. */
  readonly path: string;
  readonly size: number;
  readonly #source: Readable;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;

  constructor(source: Readable, shownAs: string) {
    this.#source = source;
    this.path = shownAs;
    this.size = source.size;
  }

  static async open(path: string, shownAs = path): Promise<FileWindow> {
    return new FileWindow(await openFileReadable(path), shownAs);
  }

  /**
   * Bytes `offset` to `offset + length`, fewer at the end of the file. A view that the next call may overwrite: copy
   * what is to be kept.
   */
  async peek(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(offset + length, this.size);
    if (end <= offset) return new Uint8Array(0);
    const held = this.#source.held?.(offset, end - offset);
    if (held) return held;
    if (offset < this.#windowStart || end > this.#windowStart + this.#window.byteLength) {
      this.#window = await this.read(offset, Math.max(WINDOW, end - offset));
      this.#windowStart = offset;
    }
    return this.#window.subarray(offset - this.#windowStart, end - this.#windowStart);
  }

  /** Bytes `offset` to `offset + length` in a buffer of their own, fewer at the end of the file. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    return this.#source.read(offset, length);
  }

  async close(): Promise<void> {
    await this.#source.close();
  }
}
