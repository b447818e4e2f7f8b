import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Frame } from '../images/frame.js';
import type { Spectrum } from '../spectrum.js';

/** Larger files are no camera pictures. */
const MAX_IMAGE_BYTES = 256 * 1024 * 1024;

/**
 * A JPEG or PNG file as a frame, not decoded; the file stands for the topic.
 * @param stampNs what orders the frame among others
 * @throws Error where it cannot be read, or is too large
 */
export async function readImageFrame(file: string, spectrum: Spectrum, stampNs: bigint): Promise<Frame> {
  const { size } = await stat(file);
  if (size > MAX_IMAGE_BYTES) throw new Error(`it has ${size} bytes, more than ${MAX_IMAGE_BYTES}`);
  const format = path.extname(file).slice(1).toLowerCase().replace('jpg', 'jpeg');
  const image = { kind: 'compressed', format, data: await readFile(file) } as const;
  return { spectrum, topic: file, frameId: path.basename(file), stampNs, receivedNs: stampNs, image };
}
