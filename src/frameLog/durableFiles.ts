import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

/**
 * The file operations that durability rests on, each on the disk when its promise resolves. A process that ends in the middle leaves an
 * `append` as any prefix of its bytes, and a `replace` as the old file or the new one.
 */
export interface DurableFiles {
  /** Names in a folder; none where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** `undefined` where there is no such file. */
  read(file: string): Promise<Buffer | undefined>;
  append(file: string, text: string): Promise<void>;
  replace(file: string, text: string): Promise<void>;
}

export const durableFiles: DurableFiles = {
  async list(folder) {
    return orIfMissing(readdir(folder), []);
  },
  async read(file) {
    return orIfMissing<Buffer | undefined>(readFile(file), undefined);
  },
  async append(file, text) {
    await withFile(file, 'a', async (handle) => {
      await handle.appendFile(text);
      await handle.datasync();
    });
  },
  async replace(file, text) {
    const folder = path.dirname(file);
    await mkdir(folder, { recursive: true });
    await withFile(`${file}.new`, 'w', async (handle) => {
      await handle.writeFile(text);
      await handle.sync();
    });
    await rename(`${file}.new`, file);
    await syncFolder(folder);
  },
};

/** Gives a finished file its name, for good: file and folder are on the disk afterwards. */
export async function commitFile(unfinished: string, file: string): Promise<void> {
  await withFile(unfinished, 'r', (handle) => handle.sync());
  await rename(unfinished, file);
  await syncFolder(path.dirname(file));
}

/** An empty folder: whatever an earlier process left unfinished goes. */
export async function emptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) await rm(path.join(folder, name), { recursive: true, force: true });
}

function syncFolder(folder: string): Promise<void> {
  return withFile(folder, 'r', (handle) => handle.sync());
}

async function withFile(file: string, flags: string, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(file, flags);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}

async function orIfMissing<Value>(work: Promise<Value>, otherwise: Value): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
}
