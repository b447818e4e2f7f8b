import type { BagLimits } from './bag.js';
import type { FileWindow } from './fileWindow.js';
import type { LossLog } from './losses.js';
import type { McapContents } from './mcapContents.js';
import {
  CHUNK_HEADER_BYTES,
  isKnownOpcode,
  MESSAGE_PREFIX,
  OPCODE,
  parseRecord,
  readChunkHeader,
  readHeader,
  readMessageIndex,
  RECORD_HEADER,
  viewOf,
  type RecordHeader,
} from './mcapRecord.js';
import { findNextRecord, type ResyncBudget } from './mcapResync.js';

/** Neighbouring messages outside chunks are read together up to this many bytes. */
const LOOSE_BYTES = 1024 * 1024;
/** Longest schema, channel or metadata record that is taken. */
const DEFINITION_BYTES = 16 * 1024 * 1024;
/** Compressions of which the beginning is worth something without the end. */
const DECODES_IN_PART: ReadonlySet<string> = new Set(['', 'zstd']);

interface ScanContext {
  readonly file: FileWindow;
  readonly contents: McapContents;
  readonly limits: BagLimits;
  readonly losses: LossLog;
  readonly budget: ResyncBudget;
}

/**
 * Goes through the records from byte `from` to byte `to`, reading only their headers, and adds what it finds to
 * `contents`. Damage is noted in `losses`, and the scan goes on at the next byte that begins a believable record.
 */
export async function scanRecords(context: ScanContext, from: number, to: number): Promise<void> {
  const { file, contents, losses } = context;
  const loose = new LooseRun(contents);
  let position = from;
  while (position < to) {
    const header = readHeader(await file.peek(position, Math.min(RECORD_HEADER, to - position)));
    const end = header ? position + RECORD_HEADER + header.length : Infinity;
    const trouble = await takeRecord(context, loose, position, header, to);
    if (trouble === undefined) {
      position = end;
      continue;
    }
    loose.close();
    if (trouble === 'end') return;
    const next = await findNextRecord(context, position + 1, to);
    losses.add({ file: file.path, what: 'bytes', why: trouble, bytes: { start: position, end: next } });
    position = next;
  }
  loose.close();
}

/** Handles the record at `position`. Returns what is wrong with it, or `end` after the footer. */
async function takeRecord(
  context: ScanContext,
  loose: LooseRun,
  position: number,
  header: RecordHeader | undefined,
  to: number,
): Promise<string | undefined> {
  const { file, contents, limits, losses } = context;
  if (!header) return 'the file is cut off inside a record header';
  const end = position + RECORD_HEADER + header.length;
  if (!isKnownOpcode(header.opcode)) return `unknown record kind ${String(header.opcode)}`;
  if (header.opcode === OPCODE.CHUNK) return takeChunk(context, loose, position, end, to);
  if (end > to) {
    return `record of kind ${String(header.opcode)} claims ${String(header.length)} bytes, more than are left`;
  }
  switch (header.opcode) {
    case OPCODE.MESSAGE: {
      if (header.length < MESSAGE_PREFIX) return `message record of ${String(header.length)} bytes is too short`;
      if (header.length > limits.recordBytes) {
        const why = `message of ${String(header.length)} bytes is over the limit of ${String(limits.recordBytes)}`;
        losses.add({ file: file.path, what: 'message', why, bytes: { start: position, end }, messages: 1 });
        loose.close();
        return undefined;
      }
      const view = viewOf(await file.peek(position + RECORD_HEADER, MESSAGE_PREFIX));
      loose.addMessage(position, end, view.getUint16(0, true), view.getBigUint64(6, true));
      return undefined;
    }
    case OPCODE.SCHEMA:
    case OPCODE.CHANNEL:
    case OPCODE.METADATA:
      if (header.length > DEFINITION_BYTES) return `definition record of ${String(header.length)} bytes is too long`;
      try {
        contents.define(parseRecord(await file.peek(position, end - position)));
        return undefined;
      } catch (error) {
        return `damaged record of kind ${String(header.opcode)}: ${(error as Error).message}`;
      }
    case OPCODE.MESSAGE_INDEX:
    case OPCODE.HEADER:
    case OPCODE.CHUNK_INDEX:
    case OPCODE.ATTACHMENT:
    case OPCODE.ATTACHMENT_INDEX:
    case OPCODE.STATISTICS:
    case OPCODE.METADATA_INDEX:
    case OPCODE.SUMMARY_OFFSET:
    case OPCODE.DATA_END:
      loose.close();
      return undefined;
    case OPCODE.FOOTER:
      return header.length === 20 && end + 8 >= file.size ? 'end' : 'footer before the end of the file';
    default:
      loose.close(); // a private record
      return undefined;
  }
}

async function takeChunk(
  context: ScanContext,
  loose: LooseRun,
  position: number,
  end: number,
  to: number,
): Promise<string | undefined> {
  const { file, contents, limits, losses } = context;
  loose.close();
  const chunk = readChunkHeader(await file.peek(position, Math.min(CHUNK_HEADER_BYTES, to - position)));
  if (!chunk) return 'chunk header is damaged: its lengths contradict each other';
  const timeNs = { start: chunk.startNs, end: chunk.endNs };
  const cutOff = end > to;
  if (cutOff && !DECODES_IN_PART.has(chunk.compression)) {
    const missing = end - to;
    const why = `the file ends inside a ${chunk.compression} chunk, ${String(missing)} bytes are missing`;
    losses.add({ file: file.path, what: 'chunk', why, bytes: { start: position, end: to }, timeNs });
    return 'end';
  }
  const largest = Math.max(chunk.uncompressedSize, chunk.recordsLength);
  if (chunk.uncompressedSize > limits.decompressedBytes || chunk.recordsLength > limits.recordBytes) {
    const why = `chunk of ${String(largest)} bytes is over the limit of ${String(limits.decompressedBytes)}`;
    losses.add({ file: file.path, what: 'chunk', why, bytes: { start: position, end: Math.min(end, to) }, timeNs });
    return cutOff ? 'end' : undefined;
  }
  const index = cutOff ? undefined : await messageIndexAfter(context, end, to);
  const repeated = await contents.addChunk(file, {
    kind: 'chunk',
    offset: position,
    length: Math.min(end, to) - position,
    startNs: chunk.startNs,
    endNs: chunk.endNs,
    size: chunk.uncompressedSize,
    compression: chunk.compression,
    channelIds: index && contents.channelSet(index.keys()),
    cutOff,
  });
  if (repeated) {
    const why = `chunk repeats the one at byte ${String(repeated.offset)}`;
    losses.add({ file: file.path, what: 'bytes', why, bytes: { start: position, end: Math.min(end, to) }, timeNs });
  } else for (const [channelId, count] of index ?? []) contents.count(channelId, count);
  return cutOff ? 'end' : undefined;
}

/** Messages per channel as the index records right behind a chunk say; undefined where there are none. */
async function messageIndexAfter(
  { file }: ScanContext,
  position: number,
  to: number,
): Promise<Map<number, number> | undefined> {
  const counts = new Map<number, number>();
  for (let at = position; at < to;) {
    const record = await file.peek(at, Math.min(RECORD_HEADER + 6, to - at));
    const header = readHeader(record);
    const index = readMessageIndex(record);
    if (!header || !index || at + RECORD_HEADER + header.length > to) break;
    if (index.count > 0) counts.set(index.channelId, index.count);
    at += RECORD_HEADER + header.length;
  }
  return counts.size > 0 ? counts : undefined;
}

/** Gathers neighbouring messages outside chunks into segments. */
class LooseRun {
  #start = 0;
  #end = 0;
  #startNs = 0n;
  #endNs = 0n;
  #channels = new Set<number>();
  readonly contents: McapContents;

  constructor(contents: McapContents) {
    this.contents = contents;
  }

  addMessage(start: number, end: number, channelId: number, logTimeNs: bigint): void {
    if (this.#channels.size > 0 && (start !== this.#end || end - this.#start > LOOSE_BYTES)) this.close();
    if (this.#channels.size === 0) {
      this.#start = start;
      this.#startNs = this.#endNs = logTimeNs;
    }
    this.#end = end;
    if (logTimeNs < this.#startNs) this.#startNs = logTimeNs;
    if (logTimeNs > this.#endNs) this.#endNs = logTimeNs;
    this.#channels.add(channelId);
    this.contents.count(channelId, 1);
  }

  close(): void {
    if (this.#channels.size === 0) return;
    this.contents.segments.push({
      kind: 'loose',
      offset: this.#start,
      length: this.#end - this.#start,
      startNs: this.#startNs,
      endNs: this.#endNs,
      size: this.#end - this.#start,
      compression: '',
      channelIds: this.contents.channelSet(this.#channels),
      cutOff: false,
    });
    this.#channels.clear();
  }
}
