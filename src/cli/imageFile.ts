import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ExpectedError } from '../errors.js';
import type { Frame } from '../images/frame.js';
import type { Spectrum } from '../spectrum.js';

/** Larger files are no camera pictures. */
const MAX_IMAGE_BYTES = 256 * 1024 * 1024;

/**
 * A JPEG or PNG file as a frame, not decoded; the file stands for the topic.
 * @param stampNs what orders the frame among others
 * @throws ExpectedError `input` where it cannot be read, or is too large; the file's name is left to the caller
 */
export async function readImageFrame(file: string, spectrum: Spectrum, stampNs: bigint): Promise<Frame> {
  const status = await stat(file).catch(unreadable);
  // A pipe or a device could make a reader wait for ever.
  if (!status.isFile()) throw unusable('it is no regular file');
  if (status.size > MAX_IMAGE_BYTES) throw unusable(`it has ${status.size} bytes, more than ${MAX_IMAGE_BYTES}`);
  const format = path.extname(file).slice(1).toLowerCase().replace('jpg', 'jpeg');
  const image = { kind: 'compressed', format, data: await readFile(file).catch(unreadable) } as const;
  return { spectrum, topic: file, frameId: path.basename(file), stampNs, receivedNs: stampNs, image };
}

function unreadable(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  throw unusable(code === 'ENOENT' ? 'there is no such file' : message, { cause: error });
}

function unusable(why: string, options?: ErrorOptions): ExpectedError {
  return new ExpectedError('input', why, 'give a JPEG or PNG file that you may read', options);
}
