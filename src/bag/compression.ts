import lz4 from '@foxglove/wasm-lz4';
import zstd from '@foxglove/wasm-zstd';
import { framesBound, ZstdBlocks } from './zstdFrames.js';

/** No byte of LZ4 stands for more: a match grows by 255 with each. */
const LZ4_GROWTH = 255;

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
  const most = compression === 'lz4' ? data.byteLength * LZ4_GROWTH : framesBound(data);
  if (size > most) throw new Error(`it claims ${String(size)} bytes where its data hold at most ${String(most)}`);
  const out = compression === 'lz4' ? lz4(data, size) : zstd.decompress(data, size);
  if (out.byteLength !== size) {
    throw new Error(
      `${compression} data grew to ${String(out.byteLength)} bytes instead of the stated ${String(size)}`,
    );
  }
  return out;
}

/**
 * Decompresses a zstd message of a message-compressed bag.
 * @throws Error where it is damaged, contradicts itself or would grow over `limit` bytes
 */
export function decompressMessage(data: Uint8Array, limit: number): Uint8Array {
  const most = framesBound(data);
  if (most > limit) throw new Error(`may grow to ${String(most)} bytes, over the limit of ${String(limit)}`);
  return zstd.decompress(data, most);
}

/**
 * Decompresses what is left of a zstd frame whose end is missing: all blocks that are whole.
 * @throws Error where it would grow over `limit` bytes
 */
export function decompressStart(data: Uint8Array, limit: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  let isOver = false;
  try {
    for (const piece of new ZstdBlocks().push(data)) {
      length += piece.byteLength;
      isOver = length > limit;
      if (isOver) throw new Error(`decompresses to more than the limit of ${String(limit)} bytes`);
      pieces.push(piece);
    }
  } catch (error) {
    if (isOver) throw error;
    // The blocks before the one that is cut off count.
  }
  return Buffer.concat(pieces);
}

/** Compresses one MCAP chunk with zstd. Level 1 is the fastest, 19 the smallest. */
export function compressZstd(data: Uint8Array, level: number): Uint8Array {
  return zstd.compress(data, level);
}
