import { open, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { namingOutput } from '../outputError.js';
import { makeFolder } from './makeFolder.js';

/** Hides the file from `ls` and from programs that look for `*.mcap`, keeps its ending, and says what it is. */
const PREFIX = '.unfinished-';

/** Where a file lies until it is whole: beside its place, for only within one file system is a name given in one step. */
export function unfinishedName(file: string): string {
  return path.join(path.dirname(file), PREFIX + path.basename(file));
}

/** The name that an unfinished file would have got; `undefined` for any other file. */
export function finishedName(name: string): string | undefined {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined;
}

export interface AtomicOptions {
  /** Whether file and name are on the disk, and not only with the system, when the promise resolves; false by default. */
  readonly durable?: boolean;
}

/**
 * Writes a file that is whole or not there, whatever happens in between; an older one stays until it is replaced. Where `write` fails,
 * nothing of the new one is left.
 * @param write puts everything into the file whose name it is given, and closes it
 * @throws what `write` throws, and the file system's errors
 */
export async function atomically<T>(
  file: string,
  write: (unfinished: string) => Promise<T>,
  options: AtomicOptions = {},
): Promise<T> {
  const unfinished = unfinishedName(file);
  try {
    const result = await write(unfinished);
    await giveName(unfinished, file, options);
    return result;
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined); // the first error is the one to tell
    throw error;
  }
}

/** As `atomically`, for content that is there already. */
export async function writeAtomically(
  file: string,
  content: string | Uint8Array,
  options: AtomicOptions = {},
): Promise<void> {
  await atomically(file, (unfinished) => writeFile(unfinished, content), options);
}

/** As `writeAtomically`, for the outputs of commands: makes the folder. @throws ExpectedError `output` that names the file */
export async function writeOutput(file: string, content: string | Uint8Array): Promise<void> {
  await namingOutput(file, async () => {
    await makeFolder(path.dirname(path.resolve(file)));
    await writeAtomically(file, content);
  });
}

/** Gives a finished file its name. */
export async function giveName(
  unfinished: string,
  file: string,
  { durable = false }: AtomicOptions = {},
): Promise<void> {
  if (durable) await withFile(unfinished, 'r', (handle) => handle.sync());
  await rename(unfinished, file);
  if (durable) await withFile(path.dirname(file), 'r', (handle) => handle.sync());
}

export async function withFile(file: string, flags: string, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(file, flags);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
