import { open, rm, type FileHandle } from 'node:fs/promises';

/** Where a line lies in the spool file. */
export interface SpooledLine {
  /** Position of the item in the whole sequence, from 0. */
  readonly ordinal: number;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * A temporary file of text lines that never grows past a budget: when it would, every other item is given up, so that
 * what remains is spread evenly over the sequence so far. Memory: one small entry for each line on disk.
 */
export class LineSpool {
  #lines: SpooledLine[] = [];
  #end = 0;
  #stride = 1;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #budgetBytes: number;

  private constructor(path: string, file: FileHandle, budgetBytes: number) {
    this.#path = path;
    this.#file = file;
    this.#budgetBytes = budgetBytes;
  }

  /** Creates (or empties) the file at `path`. `budgetBytes` must hold at least one line. */
  static async create(path: string, budgetBytes: number): Promise<LineSpool> {
    return new LineSpool(path, await open(path, 'w+'), budgetBytes);
  }

  /** Only items whose ordinal is a multiple of this are held. */
  get stride(): number {
    return this.#stride;
  }

  get lines(): readonly SpooledLine[] {
    return this.#lines;
  }

  /** Appends one item unless the stride leaves it out. Ordinals must ascend. `line` must not contain a line break. */
  async append(ordinal: number, line: string): Promise<void> {
    if (ordinal % this.#stride !== 0) return;
    const data = Buffer.from(`${line}\n`, 'utf8');
    await this.#writeAt(data, this.#end);
    this.#lines.push({ ordinal, offset: this.#end, bytes: data.length });
    this.#end += data.length;
    while (this.#end > this.#budgetBytes && this.#lines.length > 1) await this.thin();
  }

  /** Gives up every other item and closes the gaps in the file. */
  async thin(): Promise<void> {
    this.#stride *= 2;
    const kept: SpooledLine[] = [];
    let end = 0;
    for (const line of this.#lines) {
      if (line.ordinal % this.#stride !== 0) continue;
      // Lines only move towards the start, so a copy never overwrites a line that is still to be read.
      await this.#writeAt(await this.#readBytes(line), end);
      kept.push({ ...line, offset: end });
      end += line.bytes;
    }
    await this.#file.truncate(end);
    this.#lines = kept;
    this.#end = end;
  }

  /** The text of one held line, without its line break. */
  async read(line: SpooledLine): Promise<string> {
    return (await this.#readBytes(line)).toString('utf8', 0, line.bytes - 1);
  }

  /** Closes and deletes the file. */
  async dispose(): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  async #readBytes(line: SpooledLine): Promise<Buffer> {
    const data = Buffer.allocUnsafe(line.bytes);
    let filled = 0;
    while (filled < data.length) {
      const { bytesRead } = await this.#file.read(data, filled, data.length - filled, line.offset + filled);
      if (bytesRead === 0) throw new Error(`${this.#path} is shorter than what was written to it`);
      filled += bytesRead;
    }
    return data;
  }

  async #writeAt(data: Buffer, offset: number): Promise<void> {
    let written = 0;
    while (written < data.length) {
      written += (await this.#file.write(data, written, data.length - written, offset + written)).bytesWritten;
    }
  }
}
