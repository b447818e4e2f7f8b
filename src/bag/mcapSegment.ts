import { crc32 } from 'node:zlib';
import { decompressChunk, decompressStart } from './compression.js';
import type { FileWindow } from './fileWindow.js';
import type { McapContents, Segment } from './mcapContents.js';
import {
  MESSAGE_PREFIX,
  OPCODE,
  parseRecord,
  readChunkHeader,
  readHeader,
  RECORD_HEADER,
  viewOf,
} from './mcapRecord.js';

/** The messages of a segment in memory, in the order of log time. */
export interface LoadedSegment {
  /** Decompressed records. */
  readonly records: Uint8Array;
  /** Where each message record begins in `records`, bytes, by rising log time; equal stamps stay as written. */
  readonly offsets: Uint32Array;
  /** Their log times, nanoseconds. */
  readonly times: BigUint64Array;
  /** What was wrong with its last bytes, if anything: the messages before them are there. */
  readonly damage: string | undefined;
}

/**
 * Reads and decompresses a segment, checks its CRC, and takes the schemas and channels in it into `contents`.
 * @throws Error with a reason where it is damaged
 */
export async function loadSegment(
  file: FileWindow,
  segment: Segment,
  contents: McapContents,
  decompressedLimit: number,
): Promise<LoadedSegment> {
  const stored = await file.read(segment.offset, segment.length);
  const records = segment.kind === 'chunk' ? chunkRecords(stored, segment, decompressedLimit) : stored;
  return index(records, contents, segment.cutOff);
}

function chunkRecords(stored: Uint8Array, segment: Segment, decompressedLimit: number): Uint8Array {
  const chunk = readChunkHeader(stored);
  if (!chunk) throw new Error('chunk header is damaged');
  const body = stored.subarray(chunk.recordsOffset, chunk.recordsOffset + chunk.recordsLength);
  if (segment.cutOff) return chunk.compression === 'zstd' ? decompressStart(body, decompressedLimit) : body;
  if (body.byteLength !== chunk.recordsLength) throw new Error('the file ends inside the chunk');
  const records = decompressChunk(chunk.compression, body, chunk.uncompressedSize, decompressedLimit);
  if (chunk.crc !== 0) {
    const crc = crc32(records);
    if (crc !== chunk.crc) throw new Error(`CRC is ${hex(crc)} instead of ${hex(chunk.crc)}`);
  }
  return records;
}

/** Finds the messages in `records`. Damage ends the search: what came before it counts. */
function index(records: Uint8Array, contents: McapContents, cutOff: boolean): LoadedSegment {
  // A quarter of a gigabyte can be eight million messages: no lists that grow.
  const offsets = new Uint32Array(countMessages(records));
  const times = new BigUint64Array(offsets.length);
  let count = 0;
  const view = viewOf(records);
  let damage: string | undefined;
  let sorted = true;
  let position = 0;
  while (position < records.byteLength) {
    const header = readHeader(records, position);
    const end = header ? position + RECORD_HEADER + header.length : Infinity;
    if (!header || end > records.byteLength) {
      damage = cutOff ? 'the file ends inside the chunk' : `record at byte ${String(position)} of the chunk is cut off`;
      break;
    }
    if (header.opcode === OPCODE.MESSAGE && header.length >= MESSAGE_PREFIX) {
      const time = view.getBigUint64(position + RECORD_HEADER + 6, true);
      if (count > 0 && time < times[count - 1]) sorted = false;
      offsets[count] = position;
      times[count] = time;
      count += 1;
    } else if (header.opcode === OPCODE.SCHEMA || header.opcode === OPCODE.CHANNEL) {
      try {
        contents.define(parseRecord(records.subarray(position, end)));
      } catch (error) {
        damage = `definition at byte ${String(position)} of the chunk: ${(error as Error).message}`;
      }
    } else {
      damage = `record of kind ${String(header.opcode)} and ${String(header.length)} bytes inside a chunk`;
      if (header.opcode < 0x80) break;
    }
    position = end;
  }
  if (sorted) return { records, offsets: offsets.subarray(0, count), times: times.subarray(0, count), damage };
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => {
    const [first, second] = [times[a], times[b]];
    return first < second ? -1 : first > second ? 1 : a - b;
  });
  return {
    records,
    offsets: order.map((at) => offsets[at]),
    times: BigUint64Array.from(order, (at) => times[at]),
    damage,
  };
}

/** As many messages as there can be: what `index` finds damaged ends its search earlier. */
function countMessages(records: Uint8Array): number {
  let count = 0;
  for (let position = 0; position < records.byteLength;) {
    const header = readHeader(records, position);
    if (!header) break;
    if (header.opcode === OPCODE.MESSAGE) count += 1;
    position += RECORD_HEADER + header.length;
  }
  return count;
}

export interface MessageRecord {
  readonly channelId: number;
  readonly logTimeNs: bigint;
  readonly publishTimeNs: bigint;
  /** A copy in a buffer of its own. */
  readonly data: Uint8Array;
}

/** Channel of the message record at `offset`. */
export function channelAt(segment: LoadedSegment, offset: number): number {
  return viewOf(segment.records).getUint16(offset + RECORD_HEADER, true);
}

/** Copies one message out of a segment. */
export function messageAt(segment: LoadedSegment, offset: number): MessageRecord {
  const view = viewOf(segment.records);
  const start = offset + RECORD_HEADER;
  const end = start + Number(view.getBigUint64(offset + 1, true));
  return {
    channelId: view.getUint16(start, true),
    logTimeNs: view.getBigUint64(start + 6, true),
    publishTimeNs: view.getBigUint64(start + 14, true),
    data: new Uint8Array(segment.records.subarray(start + MESSAGE_PREFIX, end)),
  };
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
}
