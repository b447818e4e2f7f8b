import type { FileWindow } from './fileWindow.js';
import type { McapContents } from './mcapContents.js';
import {
  CHUNK_HEADER_BYTES,
  looksLikeRecord,
  OPCODE,
  readChunkHeader,
  readHeader,
  RECORD_HEADER,
} from './mcapRecord.js';

/** Believable records in a row (or the end of the file) before a place is taken for the way back. */
const IN_A_ROW = 3;
/** Bytes looked through at once. */
const STRIDE = 1024 * 1024;

/** How many promising places may be looked at closely before a file is given up: a crafted one could hold millions. */
export interface ResyncBudget {
  left: number;
}

export const RESYNC_BUDGET = 200_000;

interface ResyncContext {
  readonly file: FileWindow;
  readonly contents: McapContents;
  readonly budget: ResyncBudget;
}

/**
 * The first byte at or after `from` where records can be read again after damage; `to` where there is none. A place
 * counts if it and the records that its lengths lead to (three in a row, or up to `to`) are believable.
 */
export async function findNextRecord(context: ResyncContext, from: number, to: number): Promise<number> {
  const { file, budget } = context;
  for (let start = from; start < to; start += STRIDE) {
    const bytes = await file.read(start, Math.min(STRIDE + RECORD_HEADER, to - start));
    for (let at = 0; at < Math.min(STRIDE, bytes.byteLength - RECORD_HEADER + 1); at += 1) {
      const opcode = bytes[at];
      // Cheap test first: a kind of record that we know, shorter than 2^40 bytes.
      if (opcode === 0 || opcode > 15 || bytes[at + 6] !== 0 || bytes[at + 7] !== 0 || bytes[at + 8] !== 0) continue;
      if (budget.left <= 0) return to;
      budget.left -= 1;
      if (await isChain(context, start + at, to)) return start + at;
    }
  }
  return to;
}

async function isChain({ file, contents }: ResyncContext, from: number, to: number): Promise<boolean> {
  const isChannel = (id: number): boolean => contents.channels.has(id);
  let position = from;
  for (let records = 0; records < IN_A_ROW; records += 1) {
    if (position === to) return records > 0;
    const bytes = await file.peek(position, Math.min(CHUNK_HEADER_BYTES, to - position));
    const header = readHeader(bytes);
    if (!header) return false;
    if (!looksLikeRecord(bytes, to - position, isChannel)) return records > 0 && readChunkHeader(bytes) !== undefined; // cut off
    position += RECORD_HEADER + header.length;
    if (header.opcode === OPCODE.FOOTER) return position + 8 === file.size; // a footer stands right before the closing magic
  }
  return true;
}
