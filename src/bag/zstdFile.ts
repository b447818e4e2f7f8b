import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ExpectedError } from '../errors.js';
import type { BagLimits, OpenOptions } from './bag.js';
import type { LossLog } from './losses.js';
import { ZstdBlocks } from './zstdFrames.js';

/** A decompressed copy of a bag file, to be removed when done. */
export interface TemporaryFile {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Decompresses a `.zstd` file piece by piece into a temporary one. Where the data are damaged or cut off, what came
 * before is kept and the rest noted in `losses`.
 * @throws ExpectedError `input` where it grows over the limit, `output` where the temporary folder is full
 */
export async function decompressFile(
  file: string,
  limits: BagLimits,
  losses: LossLog,
  options: OpenOptions,
): Promise<TemporaryFile> {
  const folder = await mkdtemp(path.join(options.temporaryFolder ?? tmpdir(), 'msal-zstd-'));
  const target = path.join(folder, path.basename(file).replace(/\.zstd?$/i, ''));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const out = await open(target, 'wx');
    let taken = 0;
    let written = 0;
    try {
      const blocks = new ZstdBlocks();
      for await (const part of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
        const bytes = part as Buffer;
        for (const piece of decoded(blocks.push(bytes))) {
          written += piece.byteLength;
          if (written > limits.temporaryFileBytes) throw tooLarge(file, limits.temporaryFileBytes);
          await writeTemporary(out, piece, folder);
        }
        taken += bytes.byteLength;
      }
      if (!blocks.isComplete) throw new DecodeError('the end is missing');
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const why = `zstd data are damaged or cut off after ${String(written)} decompressed bytes (${error.message})`;
      losses.add({ file, what: 'bytes', why, bytes: { start: taken, end: Math.max(taken, await sizeOf(file)) } });
    } finally {
      await out.close();
    }
    return { path: target, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

class DecodeError extends Error {}

/** The same pieces; trouble in making them is told from trouble in using them. */
function* decoded(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  try {
    yield* pieces;
  } catch (error) {
    throw new DecodeError((error as Error).message);
  }
}

async function sizeOf(file: string): Promise<number> {
  const handle = await open(file, 'r');
  try {
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

async function writeTemporary(
  out: { write(data: Uint8Array): Promise<{ bytesWritten: number }> },
  piece: Uint8Array,
  folder: string,
): Promise<void> {
  try {
    for (let at = 0; at < piece.byteLength;) at += (await out.write(piece.subarray(at))).bytesWritten;
  } catch (error) {
    throw new ExpectedError(
      'output',
      `cannot write the decompressed bag to ${folder}: ${(error as Error).message}`,
      'free some space there, or set TMPDIR to a folder on a larger disk',
      { cause: error },
    );
  }
}

function tooLarge(file: string, limit: number): ExpectedError {
  return new ExpectedError(
    'input',
    `${file} decompresses to more than ${String(limit)} bytes`,
    'decompress it by hand with `unzstd` if you trust it, and open the result',
  );
}
