import type { SqlitePages } from './sqlitePages.js';

/** As in SQLite itself: no tree of 2^32 pages is deeper. */
const DEEPEST = 20;
const KINDS = { table: { interior: 0x05, leaf: 0x0d }, index: { interior: 0x02, leaf: 0x0a } } as const;

/** A set of page numbers: one bit for each page of a file. */
export class PageSet {
  readonly #bits: Uint8Array;
  readonly count: number;

  constructor(count: number) {
    this.count = count;
    this.#bits = new Uint8Array(Math.ceil((count + 1) / 8));
  }

  /** False where the page was in the set or is none of the file. */
  add(page: number): boolean {
    if (page < 1 || page > this.count) return false;
    const bit = 1 << (page & 7);
    if ((this.#bits[page >> 3] & bit) !== 0) return false;
    this.#bits[page >> 3] |= bit;
    return true;
  }
}

/** A page at the bottom of a tree. */
export interface Leaf {
  readonly page: number;
  readonly bytes: Buffer;
  /** Where each cell begins in `bytes`. */
  readonly cells: readonly number[];
  /** Of a table: the largest row that may lie here. */
  readonly largest: bigint;
}

interface Branch {
  readonly children: readonly { readonly page: number; readonly largest: bigint }[];
  next: number;
}

/**
 * The leaves of the B-tree below `root` from left to right, each page at most once: a page that points back, to where no page
 * is, or to one of another kind is told to `trouble` and passed over. So the walk ends after at most as many pages as the file
 * has, whatever they say. "Database File Format", section 1.6.
 */
export function* leaves(
  pages: SqlitePages,
  root: { readonly page: number; readonly kind: 'table' | 'index' },
  seen: PageSet,
  trouble: (why: string) => void,
): Generator<Leaf> {
  const { interior, leaf } = KINDS[root.kind];
  const path: Branch[] = [{ children: [{ page: root.page, largest: 0x7fff_ffff_ffff_ffffn }], next: 0 }];
  for (let branch = path.at(-1); branch; branch = path.at(-1)) {
    if (branch.next >= branch.children.length) {
      path.pop();
      continue;
    }
    const { page, largest } = branch.children[branch.next++];
    if (!seen.add(page)) {
      trouble(`page ${String(page)} is ${page < 1 || page > pages.count ? 'not in the file' : 'named twice'}`);
      continue;
    }
    const bytes = pages.read(page);
    const start = page === 1 ? 100 : 0;
    const kind = bytes[start];
    if ((kind !== interior && kind !== leaf) || path.length > DEEPEST) {
      trouble(`page ${String(page)} is no page of this ${root.kind}`);
      continue;
    }
    const first = start + (kind === leaf ? 8 : 12);
    const stated = bytes.readUInt16BE(start + 3);
    const room = Math.floor((pages.usable - first) / 2);
    if (stated > room) trouble(`page ${String(page)} claims ${String(stated)} cells`);
    const cells = Array.from({ length: Math.min(stated, room) }, (_, i) => bytes.readUInt16BE(first + 2 * i));
    const inside = cells.filter((at) => at >= first && at + 4 <= pages.usable);
    if (inside.length < cells.length) trouble(`cells of page ${String(page)} lie outside it`);
    if (kind === leaf) {
      yield { page, bytes, cells: inside, largest };
      continue;
    }
    const children = inside.map((at) => ({
      page: bytes.readUInt32BE(at),
      largest: root.kind === 'table' ? (readVarint(bytes, at + 4)?.value ?? largest) : largest,
    }));
    children.push({ page: bytes.readUInt32BE(start + 8), largest });
    path.push({ children, next: 0 });
  }
}

/** A variable-length integer, section 1.6; undefined where it is cut off. */
export function readVarint(
  bytes: Uint8Array,
  at: number,
): { readonly value: bigint; readonly end: number } | undefined {
  let value = 0n;
  for (let i = 0; i < 9; i += 1) {
    const byte = bytes[at + i] as number | undefined;
    if (byte === undefined) return undefined;
    if (i === 8) return { value: BigInt.asIntN(64, (value << 8n) | BigInt(byte)), end: at + 9 };
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return undefined;
}
