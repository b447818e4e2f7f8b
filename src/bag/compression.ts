import lz4 from '@foxglove/wasm-lz4';
import zstd from '@foxglove/wasm-zstd';
import { Decompress } from 'fzstd';

/** Waits until the WebAssembly (de)compressors can be called. */
export async function compressorsReady(): Promise<void> {
  await Promise.all([lz4.isLoaded, zstd.isLoaded]);
}

/**
 * Decompresses one MCAP chunk.
 * @param compression `''`, `lz4` or `zstd` as the chunk says
 * @param size what the chunk says it grows to, bytes
 * @throws Error with a reason where the data are damaged, the size is wrong or over `limit`, or the compression unknown
 */
export function decompressChunk(compression: string, data: Uint8Array, size: number, limit: number): Uint8Array {
  if (compression === '') return data;
  if (compression !== 'lz4' && compression !== 'zstd') throw new Error(`unsupported compression "${compression}"`);
  if (size > limit) throw new Error(`decompressed size ${String(size)} is over the limit of ${String(limit)} bytes`);
  if (size === 0) return new Uint8Array(0);
  const out = compression === 'lz4' ? lz4(data, size) : zstd.decompress(data, size);
  if (out.byteLength !== size) {
    throw new Error(
      `${compression} data grew to ${String(out.byteLength)} bytes instead of the stated ${String(size)}`,
    );
  }
  return out;
}

/** True where `data` begins with a zstd frame, which no CDR message does (its first byte is 0). */
export function isZstd(data: Uint8Array): boolean {
  return data.length >= 4 && data[0] === 0x28 && data[1] === 0xb5 && data[2] === 0x2f && data[3] === 0xfd;
}

/**
 * Decompresses one zstd frame of a message-compressed bag.
 * @throws Error where it is damaged or would grow over `limit` bytes
 */
export function decompressMessage(data: Uint8Array, limit: number): Uint8Array {
  const size = zstdContentSize(data);
  if (size !== undefined) return decompressChunk('zstd', data, size, limit);
  // Written by a streaming compressor, which states no size: there is nothing to allocate by, so decode piece by piece.
  const pieces = new Pieces(limit);
  new Decompress((piece) => pieces.add(piece)).push(data, true);
  return pieces.joined();
}

/**
 * Decompresses what is left of a zstd frame whose end is missing: all blocks that are whole.
 * @throws Error where it would grow over `limit` bytes
 */
export function decompressStart(data: Uint8Array, limit: number): Uint8Array {
  const pieces = new Pieces(limit);
  const stream = new Decompress((piece) => pieces.add(piece));
  try {
    stream.push(data);
  } catch (error) {
    if (pieces.isOver) throw error;
    // The blocks before the one that is cut off count.
  }
  return pieces.joined();
}

/** Decompressed pieces, up to a limit in bytes. */
class Pieces {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(readonly limit: number) {}

  get isOver(): boolean {
    return this.#length > this.limit;
  }

  add(piece: Uint8Array): void {
    this.#length += piece.byteLength;
    if (this.isOver) throw new Error(`decompresses to more than the limit of ${String(this.limit)} bytes`);
    this.#pieces.push(piece.slice());
  }

  joined(): Uint8Array {
    return Buffer.concat(this.#pieces);
  }
}

/**
 * The size that a zstd frame says it decompresses to, bytes; undefined where it does not say.
 * RFC 8878, section 3.1.1.1: descriptor, optional window byte, optional dictionary id, optional content size.
 * @throws Error where the header is cut off or no zstd frame
 */
export function zstdContentSize(data: Uint8Array): number | undefined {
  const descriptor = data[4];
  if (!isZstd(data) || descriptor === undefined) throw new Error('no zstd frame');
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  if (sizeFlag === 0 && !singleSegment) return undefined;
  const offset = 5 + (singleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3];
  const width = [1, 2, 4, 8][sizeFlag];
  if (offset + width > data.byteLength) throw new Error('zstd frame header is cut off');
  const view = new DataView(data.buffer, data.byteOffset + offset, width);
  if (width === 1) return view.getUint8(0);
  if (width === 2) return view.getUint16(0, true) + 256;
  if (width === 4) return view.getUint32(0, true);
  return Number(view.getBigUint64(0, true));
}

/** Compresses one MCAP chunk with zstd. Level 1 is the fastest, 19 the smallest. */
export function compressZstd(data: Uint8Array, level: number): Uint8Array {
  return zstd.compress(data, level);
}
