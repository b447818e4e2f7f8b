import type { SqlitePages } from './sqlitePages.js';
import { leaves, PageSet, readVarint, type Leaf } from './sqliteTree.js';

export type Value = number | bigint | string | Uint8Array | null;

/** Where a row lies. */
export interface RowPlace {
  readonly id: bigint;
  readonly page: number;
  /** Where its cell begins in the page, bytes. */
  readonly cell: number;
}

/**
 * The rows of a table whose pages are damaged, by rising row number and none twice. SQLite itself follows a page that points
 * back for as long as it leads anywhere; here every page is read once. A row whose number contradicts its neighbours' or the
 * pages above it is passed over.
 */
export class SqliteRows {
  /** The page last looked at. */
  #page = 0;
  #bytes: Buffer = Buffer.alloc(0);
  readonly pages: SqlitePages;
  readonly root: number;

  constructor(pages: SqlitePages, root: number) {
    this.pages = pages;
    this.root = root;
  }

  /** @param trouble told of every page that cannot be used */
  *places(trouble: (why: string) => void): Generator<RowPlace> {
    let last: bigint | undefined;
    const root = { page: this.root, kind: 'table' } as const;
    for (const leaf of leaves(this.pages, root, new PageSet(this.pages.count), trouble)) {
      [this.#page, this.#bytes] = [leaf.page, leaf.bytes];
      let misplaced = 0;
      for (const cell of leaf.cells) {
        const id = rowOf(leaf, cell);
        if (id === undefined || id > leaf.largest || (last !== undefined && id <= last)) {
          misplaced += 1;
          continue;
        }
        last = id;
        yield { id, page: leaf.page, cell };
      }
      if (misplaced > 0) trouble(`${String(misplaced)} rows of page ${String(leaf.page)} are out of order`);
    }
  }

  /**
   * A row's columns; the last one is left out where `short`, as that is where a message's data lie.
   * @param limit longest row that is put together, bytes
   * @throws Error where it is damaged or longer
   */
  values(place: RowPlace, limit: number, short = false): Value[] {
    if (place.page !== this.#page) [this.#page, this.#bytes] = [place.page, this.pages.read(place.page)];
    const size = readVarint(this.#bytes, place.cell);
    const id = size && readVarint(this.#bytes, size.end);
    if (!id) throw new Error('its header is cut off');
    const bytes = Number(size.value);
    if (bytes < 2) throw new Error('it has no columns');
    const local = this.#localBytes(bytes);
    const begin = this.#bytes.subarray(id.end, id.end + local);
    if (begin.length < local || id.end + local > this.pages.usable) throw new Error('it does not fit its page');
    const columns = readColumns(begin, bytes);
    if (short) {
      columns.pop();
      if ((columns.at(-1)?.end ?? 0) <= local) return columns.map((column) => readValue(begin, column));
    }
    if (bytes > limit || bytes > this.pages.bytes)
      throw new Error(`${String(bytes)} bytes are over the limit of ${String(Math.min(limit, this.pages.bytes))}`);
    const whole = this.#assemble(begin, bytes, id.end + local);
    return columns.map((column) => readValue(whole, column));
  }

  /** Bytes of a row that lie in its leaf, section 1.6: "M", "K" and "X" there. */
  #localBytes(bytes: number): number {
    const { usable } = this.pages;
    const most = usable - 35;
    if (bytes <= most) return bytes;
    const least = Math.floor(((usable - 12) * 32) / 255) - 23;
    const rest = least + ((bytes - least) % (usable - 4));
    return rest <= most ? rest : least;
  }

  /** Puts a row together from its leaf and its overflow pages. Ends, as its length is known and checked. */
  #assemble(begin: Buffer, bytes: number, pointerAt: number): Buffer {
    if (begin.length === bytes) return begin;
    if (pointerAt + 4 > this.pages.usable) throw new Error('it does not fit its page');
    const whole = Buffer.alloc(bytes);
    let filled = begin.copy(whole);
    let page = this.#bytes.readUInt32BE(pointerAt);
    const perPage = this.pages.usable - 4;
    while (filled < bytes) {
      if (page < 2 || page > this.pages.count) throw new Error(`page ${String(page)} with the rest of it is missing`);
      const next = this.pages.read(page);
      filled += next.copy(whole, filled, 4, 4 + Math.min(perPage, bytes - filled));
      page = next.readUInt32BE(0);
    }
    return whole;
  }
}

function rowOf({ bytes }: Leaf, cell: number): bigint | undefined {
  const size = readVarint(bytes, cell);
  return size && readVarint(bytes, size.end)?.value;
}

interface Column {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

/** Bytes of the serial types 0 to 11; 10 and 11 are not used. Section 2.1. */
const FIXED = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];
/** More columns than any table of rosbag2 has. */
const MOST_COLUMNS = 64;

function readColumns(begin: Buffer, bytes: number): Column[] {
  const header = readVarint(begin, 0);
  if (!header || header.value > BigInt(begin.length)) throw new Error('its header is damaged');
  const columns: Column[] = [];
  let start = Number(header.value);
  for (let at = header.end; at < Number(header.value);) {
    const type = readVarint(begin, at);
    if (!type || columns.length === MOST_COLUMNS) throw new Error('its header is damaged');
    const code = Number(type.value);
    const length = code < 12 ? FIXED.at(code) : Math.floor((code - 12) / 2);
    if (length === undefined || code < 0 || start + length > bytes) throw new Error('its columns are longer than it');
    columns.push({ type: code, start, end: start + length });
    start += length;
    at = type.end;
  }
  return columns;
}

function readValue(bytes: Buffer, { type, start, end }: Column): Value {
  if (type === 0) return null;
  if (type === 8 || type === 9) return type - 8;
  if (type === 7) return bytes.readDoubleBE(start);
  if (type === 6) return bytes.readBigInt64BE(start);
  if (type < 6) return bytes.readIntBE(start, end - start);
  return type % 2 === 0 ? bytes.subarray(start, end) : bytes.toString('utf8', start, end);
}
