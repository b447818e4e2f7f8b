import { Decompress } from 'fzstd';

/** Largest block of zstd, before and after decompression (RFC 8878, section 3.1.1.2.4). */
const BLOCK_BYTES = 128 * 1024;
const BLOCK_HEADER = 3;

/** Largest window that is taken: what `zstd` itself takes unless told otherwise. */
export const WINDOW_BYTES = 128 * 1024 * 1024;

/** True where `data` begins with a zstd frame, which no CDR message does (its first byte is 0). */
export function isZstd(data: Uint8Array): boolean {
  return data.length >= 4 && data[0] === 0x28 && data[1] === 0xb5 && data[2] === 0x2f && data[3] === 0xfd;
}

export interface FrameHeader {
  /** Of the header itself. */
  readonly bytes: number;
  /** What the frame says that it decompresses to, bytes; undefined where it does not say. */
  readonly contentSize: number | undefined;
  /** Memory that a decoder needs which does not know the size, bytes. */
  readonly windowSize: number;
  readonly hasChecksum: boolean;
}

/**
 * RFC 8878, section 3.1.1.1: descriptor, optional window byte, optional dictionary id, optional content size.
 * @throws Error where it is cut off or no zstd frame
 */
export function readFrameHeader(data: Uint8Array): FrameHeader {
  const descriptor = data[4] as number | undefined;
  if (!isZstd(data) || descriptor === undefined) throw new Error('no zstd frame');
  const singleSegment = (descriptor & 0x20) !== 0;
  const width = sizeFieldBytes(descriptor);
  const bytes = headerBytes(descriptor);
  if (bytes > data.byteLength) throw new Error('zstd frame header is cut off');
  const view = new DataView(data.buffer, data.byteOffset + bytes - width, width);
  let contentSize: number | undefined;
  if (width === 1) contentSize = view.getUint8(0);
  else if (width === 2) contentSize = view.getUint16(0, true) + 256;
  else if (width === 4) contentSize = view.getUint32(0, true);
  else if (width === 8) contentSize = Number(view.getBigUint64(0, true));
  const base = 2 ** (10 + (data[5] >> 3));
  const windowSize = singleSegment ? (contentSize ?? 0) : base + (base / 8) * (data[5] & 7);
  return { bytes, contentSize, windowSize, hasChecksum: (descriptor & 4) !== 0 };
}

interface Block {
  readonly isLast: boolean;
  /** Bytes behind its header. */
  readonly stored: number;
  /** The most that it can grow to. */
  readonly most: number;
}

/** @throws Error where it claims more than a block may have */
function readBlock(data: Uint8Array, at: number): Block {
  const header = data[at] | (data[at + 1] << 8) | (data[at + 2] << 16);
  const size = header >> 3;
  const type = (header >> 1) & 3;
  if (type === 3) throw new Error('zstd block of a reserved kind');
  if (size > BLOCK_BYTES)
    throw new Error(`zstd block claims ${String(size)} bytes, more than the ${String(BLOCK_BYTES)} of any`);
  const isLast = (header & 1) !== 0;
  if (type === 0) return { isLast, stored: size, most: size };
  return type === 1 ? { isLast, stored: 1, most: size } : { isLast, stored: size, most: BLOCK_BYTES };
}

/**
 * The most that zstd frames can grow to, bytes: their blocks are counted, and what a frame claims itself is believed only where
 * they can hold it.
 * @throws Error where the last frame is cut off or one contradicts itself
 */
export function framesBound(data: Uint8Array): number {
  let total = 0;
  for (let rest = data; rest.byteLength > 0;) {
    const skipped = skippableBytes(rest);
    if (skipped !== undefined) {
      rest = rest.subarray(skipped);
      continue;
    }
    const { bytes, contentSize, windowSize, hasChecksum } = readFrameHeader(rest);
    if (windowSize !== contentSize) checkWindow(windowSize, WINDOW_BYTES);
    const perBlock = Math.min(BLOCK_BYTES, Math.max(windowSize, 1024));
    let at = bytes;
    let most = 0;
    for (let isLast = false; !isLast;) {
      if (at + BLOCK_HEADER > rest.byteLength) throw new Error('zstd frame is cut off');
      const block = readBlock(rest, at);
      at += BLOCK_HEADER + block.stored;
      if (at > rest.byteLength) throw new Error('zstd frame is cut off');
      most += Math.min(block.most, perBlock);
      ({ isLast } = block);
    }
    if (contentSize !== undefined && contentSize > most)
      throw new Error(`zstd frame claims ${String(contentSize)} bytes where its blocks hold at most ${String(most)}`);
    total += contentSize ?? most;
    rest = rest.subarray(at + (hasChecksum ? 4 : 0));
  }
  return total;
}

function checkWindow(bytes: number, limit: number): void {
  if (bytes > limit) throw new Error(`zstd window of ${String(bytes)} bytes is over the limit of ${String(limit)}`);
}

/** Length of the frame for other purposes that `data` begins with, section 3.1.2; undefined where it is none. */
function skippableBytes(data: Uint8Array): number | undefined {
  if (data.byteLength < 8) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, 8);
  return (view.getUint32(0, true) & 0xfffffff0) >>> 0 === 0x184d2a50 ? 8 + view.getUint32(4, true) : undefined;
}

/**
 * Decompresses zstd frames piece by piece. Each block is decoded alone, so that one step never gives more than 128 KiB, whatever the
 * data claim; a window over the limit is refused before it is taken.
 */
export class ZstdBlocks {
  #held: Uint8Array = new Uint8Array(0);
  #pieces: Uint8Array[] = [];
  readonly #stream = new Decompress((piece) => void this.#pieces.push(piece));
  #state: 'frame' | 'block' | 'checksum' = 'frame';
  #hasChecksum = false;
  #skip = 0;
  readonly windowLimit: number;

  constructor(windowLimit = WINDOW_BYTES) {
    this.windowLimit = windowLimit;
  }

  /** True where the data may end: between two frames. */
  get isComplete(): boolean {
    return this.#state === 'frame' && this.#held.byteLength === 0 && this.#skip === 0;
  }

  /**
   * Takes more data and gives what it decompresses to. Each piece is to be used before the next one is asked for.
   * @throws Error where they are damaged or claim too much
   */
  *push(data: Uint8Array): Generator<Uint8Array> {
    const bytes = this.#held.byteLength === 0 ? data : Buffer.concat([this.#held, data]);
    let at = 0;
    for (let length = this.#next(bytes, at); length !== undefined; length = this.#next(bytes, at)) {
      if (length > 0) this.#stream.push(bytes.subarray(at, at + length));
      at += length;
      const skipped = Math.min(this.#skip, bytes.byteLength - at);
      this.#skip -= skipped;
      at += skipped;
      yield* this.#pieces;
      this.#pieces = [];
    }
    this.#held = bytes.slice(at);
  }

  /** Length of the next header, block or checksum, bytes; undefined where it is not all there. */
  #next(bytes: Uint8Array, at: number): number | undefined {
    const left = bytes.byteLength - at;
    if (left <= 0 || this.#skip > 0) return left > 0 ? 0 : undefined;
    switch (this.#state) {
      case 'frame': {
        if (left < 8) return undefined;
        const skippable = skippableBytes(bytes.subarray(at));
        if (skippable !== undefined) {
          this.#skip = skippable;
          return 0;
        }
        if (left < headerBytes(bytes[at + 4])) return undefined;
        const header = readFrameHeader(bytes.subarray(at));
        checkWindow(header.windowSize, this.windowLimit);
        this.#hasChecksum = header.hasChecksum;
        this.#state = 'block';
        return header.bytes;
      }
      case 'block': {
        if (left < BLOCK_HEADER) return undefined;
        const block = readBlock(bytes, at);
        const length = BLOCK_HEADER + block.stored;
        if (left < length) return undefined;
        if (block.isLast) this.#state = this.#hasChecksum ? 'checksum' : 'frame';
        return length;
      }
      case 'checksum':
        if (left < 4) return undefined;
        this.#state = 'frame';
        return 4;
    }
  }
}

/** Length of a frame header by its descriptor. */
function headerBytes(descriptor: number): number {
  const windowBytes = (descriptor & 0x20) !== 0 ? 0 : 1;
  return 5 + windowBytes + [0, 1, 2, 4][descriptor & 3] + sizeFieldBytes(descriptor);
}

function sizeFieldBytes(descriptor: number): number {
  const flag = descriptor >> 6;
  return flag === 0 ? (descriptor & 0x20) >> 5 : 1 << flag;
}
