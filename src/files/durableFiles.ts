import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../errors.js';
import { withFile, writeAtomically } from './atomicWrite.js';
import { makeFolder } from './makeFolder.js';

/**
 * The file operations that durability rests on, each on the disk when its promise resolves. A process that ends in the middle leaves an
 * `append` as any prefix of its bytes, and a `replace` as the old file or the new one.
 */
export interface DurableFiles {
  /** Names in a folder; `undefined` where there is no such folder. */
  list(folder: string): Promise<readonly string[] | undefined>;
  /** `undefined` where there is no such file. */
  read(file: string): Promise<Buffer | undefined>;
  exists(file: string): Promise<boolean>;
  append(file: string, text: string): Promise<void>;
  replace(file: string, text: string): Promise<void>;
}

export const durableFiles: DurableFiles = {
  async list(folder) {
    return unlessMissing(readdir(folder));
  },
  async read(file) {
    return unlessMissing(readFile(file));
  },
  async exists(file) {
    return (await unlessMissing(lstat(file))) !== undefined;
  },
  async append(file, text) {
    await withFile(file, 'a', async (handle) => {
      await handle.appendFile(text);
      await handle.datasync();
    });
  },
  async replace(file, text) {
    await makeFolder(path.dirname(file));
    await writeAtomically(file, text, { durable: true });
  },
};

async function unlessMissing<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
