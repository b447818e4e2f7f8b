import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const WAL_HEADER = 32;
const FRAME_HEADER = 24;

/**
 * The pages of an SQLite file as they lie there, a write-ahead log beside it laid over them. Layout: "Database File Format",
 * sections 1.3 (header) and 4 (the log).
 */
export class SqlitePages {
  /** Bytes of a page that hold data; the rest is reserved. */
  readonly usable: number;
  /** Pages of the file, the last one perhaps cut off, and of its log. */
  readonly count: number;
  /** Bytes of both: more than that cannot be in it. */
  readonly bytes: number;
  readonly pageSize: number;
  readonly file: OpenFile;
  readonly log: WriteAheadLog | undefined;

  private constructor(pageSize: number, reserved: number, file: OpenFile, log: WriteAheadLog | undefined) {
    this.pageSize = pageSize;
    this.file = file;
    this.log = log;
    this.usable = pageSize - reserved;
    this.count = Math.max(Math.ceil(file.size / pageSize), log?.lastPage ?? 0);
    this.bytes = file.size + (log?.file.size ?? 0);
  }

  /** @throws Error where the file cannot be read or its header is no SQLite file's */
  static open(path: string, logPath?: string): SqlitePages {
    const file = new OpenFile(path);
    let logFile: OpenFile | undefined;
    try {
      const header = file.read(0, 100);
      const stated = header.readUInt16BE(16);
      const pageSize = stated === 1 ? 65536 : stated;
      const sound = header.toString('latin1', 0, 15) === 'SQLite format 3' && pageSize >= 512;
      if (!sound || (pageSize & (pageSize - 1)) !== 0 || pageSize - header[20] < 480)
        throw new Error('file is not a database');
      logFile = logPath === undefined ? undefined : new OpenFile(logPath);
      const log = logFile && WriteAheadLog.read(logFile, pageSize);
      return new SqlitePages(pageSize, header[20], file, log);
    } catch (error) {
      logFile?.close();
      file.close();
      throw error;
    }
  }

  /** Page `page`, counted from 1; zeros where the file is cut off. */
  read(page: number): Buffer {
    const logged = this.log?.offsets.get(page);
    if (this.log && logged !== undefined) return this.log.file.read(logged, this.pageSize);
    return this.file.read((page - 1) * this.pageSize, this.pageSize);
  }

  close(): void {
    this.file.close();
    this.log?.file.close();
  }
}

/** A file that is read at once where asked. */
class OpenFile {
  readonly size: number;
  readonly #descriptor: number;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r');
    this.size = fstatSync(this.#descriptor).size;
  }

  /** `length` bytes from `offset` on; zeros behind the end. */
  read(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      const count = readSync(this.#descriptor, bytes, filled, length - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Which pages a write-ahead log replaces: those of its committed transactions, as far as its checksums hold. */
class WriteAheadLog {
  readonly file: OpenFile;
  /** Where the newest copy of a page lies in the log, bytes. */
  readonly offsets: ReadonlyMap<number, number>;
  /** Pages of the data base after the last transaction. */
  readonly lastPage: number;

  private constructor(file: OpenFile, offsets: ReadonlyMap<number, number>, lastPage: number) {
    this.file = file;
    this.offsets = offsets;
    this.lastPage = lastPage;
  }

  static read(file: OpenFile, pageSize: number): WriteAheadLog {
    const header = file.read(0, WAL_HEADER);
    const magic = header.readUInt32BE(0);
    const offsets = new Map<number, number>();
    let lastPage = 0;
    const littleEndian = magic === 0x377f0682;
    if ((!littleEndian && magic !== 0x377f0683) || header.readUInt32BE(8) !== pageSize)
      return new WriteAheadLog(file, offsets, lastPage);
    const salts = header.subarray(16, 24);
    let sum = checksum([0, 0], header.subarray(0, 24), littleEndian);
    let open: [number, number][] = [];
    for (let at = WAL_HEADER; at + FRAME_HEADER + pageSize <= file.size; at += FRAME_HEADER + pageSize) {
      const frame = file.read(at, FRAME_HEADER + pageSize);
      sum = checksum(sum, frame.subarray(0, 8), littleEndian);
      sum = checksum(sum, frame.subarray(FRAME_HEADER), littleEndian);
      const stated = [frame.readUInt32BE(16), frame.readUInt32BE(20)];
      if (!frame.subarray(8, 16).equals(salts) || stated[0] !== sum[0] || stated[1] !== sum[1]) break;
      open.push([frame.readUInt32BE(0), at + FRAME_HEADER]);
      const pagesAfterCommit = frame.readUInt32BE(4);
      if (pagesAfterCommit === 0) continue;
      for (const [page, offset] of open) offsets.set(page, offset);
      open = [];
      lastPage = pagesAfterCommit;
    }
    return new WriteAheadLog(file, offsets, lastPage);
  }
}

/** The log's running checksum, section 4.2 of the format. */
function checksum([s0, s1]: readonly [number, number], bytes: Buffer, littleEndian: boolean): [number, number] {
  const word = (at: number): number => (littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  for (let at = 0; at < bytes.length; at += 8) {
    s0 = (s0 + word(at) + s1) >>> 0;
    s1 = (s1 + word(at + 4) + s0) >>> 0;
  }
  return [s0, s1];
}
