import { McapConstants, McapStreamReader, type McapTypes } from '@mcap/core';

/** Kinds of records as plain numbers: what a file says may be none of them. */
export const OPCODE: Readonly<Record<keyof typeof McapConstants.Opcode, number>> = McapConstants.Opcode;

/** Bytes of `opcode` and length before the content of every record. */
export const RECORD_HEADER = 9;
/** `channel_id`, `sequence`, `log_time`, `publish_time` before a message's data. */
export const MESSAGE_PREFIX = 22;
/** Fixed fields of a chunk before its compression name: start, end, size, CRC, length of the name. */
const CHUNK_PREFIX = 32;
/** The longest compression name that is taken for real (`lz4` and `zstd` are in use). */
const LONGEST_COMPRESSION = 16;

export interface RecordHeader {
  readonly opcode: number;
  /** Bytes of content after the header. */
  readonly length: number;
}

/** Reads a record's header at `offset`; undefined where fewer than nine bytes are left. */
export function readHeader(bytes: Uint8Array, offset = 0): RecordHeader | undefined {
  if (bytes.byteLength - offset < RECORD_HEADER) return undefined;
  const view = viewOf(bytes);
  return { opcode: view.getUint8(offset), length: Number(view.getBigUint64(offset + 1, true)) };
}

export interface ChunkHeader {
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly uncompressedSize: number;
  /** CRC-32 of the uncompressed records; 0 where the writer made none. */
  readonly crc: number;
  readonly compression: string;
  /** Where the (compressed) records begin, from the start of the record. */
  readonly recordsOffset: number;
  readonly recordsLength: number;
}

/** Bytes that `readChunkHeader` needs to see. */
export const CHUNK_HEADER_BYTES = RECORD_HEADER + CHUNK_PREFIX + LONGEST_COMPRESSION + 8;

/**
 * Reads the fixed part of a chunk record. Undefined where its lengths contradict each other: a chunk states its length
 * twice, which tells a damaged header from a sound one.
 */
export function readChunkHeader(record: Uint8Array): ChunkHeader | undefined {
  const header = readHeader(record);
  if (header?.opcode !== OPCODE.CHUNK || record.byteLength < RECORD_HEADER + CHUNK_PREFIX + 8) return undefined;
  const view = viewOf(record);
  const nameLength = view.getUint32(RECORD_HEADER + 28, true);
  const recordsOffset = RECORD_HEADER + CHUNK_PREFIX + nameLength + 8;
  if (nameLength > LONGEST_COMPRESSION || record.byteLength < recordsOffset) return undefined;
  const recordsLength = Number(view.getBigUint64(recordsOffset - 8, true));
  if (recordsOffset - RECORD_HEADER + recordsLength !== header.length) return undefined;
  return {
    startNs: view.getBigUint64(RECORD_HEADER, true),
    endNs: view.getBigUint64(RECORD_HEADER + 8, true),
    uncompressedSize: Number(view.getBigUint64(RECORD_HEADER + 16, true)),
    crc: view.getUint32(RECORD_HEADER + 24, true),
    compression: new TextDecoder().decode(record.subarray(RECORD_HEADER + CHUNK_PREFIX, recordsOffset - 8)),
    recordsOffset,
    recordsLength,
  };
}

/** Channel and number of messages of a message index record; undefined where its lengths contradict each other. */
export function readMessageIndex(record: Uint8Array): { channelId: number; count: number } | undefined {
  const header = readHeader(record);
  if (header?.opcode !== OPCODE.MESSAGE_INDEX || header.length < 6 || record.byteLength < RECORD_HEADER + 6) {
    return undefined;
  }
  const view = viewOf(record);
  const entries = view.getUint32(RECORD_HEADER + 2, true);
  if (entries + 6 !== header.length || entries % 16 !== 0) return undefined;
  return { channelId: view.getUint16(RECORD_HEADER, true), count: entries / 16 };
}

/** Parses one whole record (header included) other than a chunk or a message. Throws Error where it is damaged. */
export function parseRecord(record: Uint8Array): McapTypes.TypedMcapRecord {
  const reader = new McapStreamReader({ noMagicPrefix: true });
  reader.append(record);
  const parsed = reader.nextRecord();
  if (!parsed) throw new Error('record is cut off');
  return parsed;
}

/** Whether `opcode` is one that MCAP knows, or in its private range. */
export function isKnownOpcode(opcode: number): boolean {
  return (opcode >= OPCODE.MIN && opcode <= OPCODE.MAX) || opcode >= 0x80;
}

/**
 * Whether what lies at the start of `bytes` looks like a record that fits into `room` bytes, judged by everything its
 * kind says about its own length. Used to find the way back after damage.
 */
export function looksLikeRecord(bytes: Uint8Array, room: number, isChannel: (id: number) => boolean): boolean {
  const header = readHeader(bytes);
  if (!header || header.length > room - RECORD_HEADER) return false;
  switch (header.opcode) {
    case OPCODE.CHUNK:
      return readChunkHeader(bytes) !== undefined;
    case OPCODE.MESSAGE_INDEX:
      return readMessageIndex(bytes) !== undefined;
    case OPCODE.MESSAGE:
      return (
        header.length >= MESSAGE_PREFIX &&
        bytes.byteLength >= RECORD_HEADER + 2 &&
        isChannel(viewOf(bytes).getUint16(RECORD_HEADER, true))
      );
    case OPCODE.DATA_END:
      return header.length === 4;
    case OPCODE.FOOTER:
      return header.length === 20;
    case OPCODE.SUMMARY_OFFSET:
      return header.length === 17;
    case OPCODE.SCHEMA:
    case OPCODE.CHANNEL:
    case OPCODE.METADATA:
      return header.length >= 8 && header.length < 1024 * 1024;
    case OPCODE.CHUNK_INDEX:
    case OPCODE.STATISTICS:
    case OPCODE.METADATA_INDEX:
    case OPCODE.ATTACHMENT_INDEX:
      return header.length >= 16 && header.length < 16 * 1024 * 1024;
    default:
      return false;
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
