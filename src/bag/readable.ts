import { open } from 'node:fs/promises';

/** Bytes that can be read from anywhere in them, wherever they lie. */
export interface Readable {
  /** Bytes in all. */
  readonly size: number;
  /** Bytes `offset` to `offset + length` in a buffer of their own, fewer at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The same bytes as a view, where they are in memory already. */
  held?(offset: number, length: number): Uint8Array | undefined;
  close(): Promise<void>;
}

/** A file of this machine. */
export async function openFileReadable(path: string): Promise<Readable> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    return {
      size,
      async read(offset, length) {
        const wanted = Math.max(0, Math.min(length, size - offset));
        const bytes = Buffer.allocUnsafeSlow(wanted);
        let filled = 0;
        while (filled < wanted) {
          const { bytesRead } = await handle.read(bytes, filled, wanted - filled, offset + filled);
          if (bytesRead === 0) break; // the file shrank while we read it
          filled += bytesRead;
        }
        return filled === wanted ? bytes : bytes.subarray(0, filled);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
