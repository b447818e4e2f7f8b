import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { finishedName } from '../files/atomicWrite.js';
import { ExpectedError } from '../errors.js';

/**
 * Makes the folder that a command writes into and returns its absolute path.
 *
 * @throws ExpectedError `output` where it is no folder, cannot be made, or holds files and `overwrite` is not set
 */
export async function openOutputFolder(folder: string, overwrite: boolean): Promise<string> {
  const absolute = path.resolve(folder);
  let entries: string[];
  try {
    await mkdir(absolute, { recursive: true });
    // What a killed run has left unfinished is written anew.
    entries = (await readdir(absolute)).filter((name) => finishedName(name) === undefined);
  } catch (error) {
    throw new ExpectedError(
      'output',
      `cannot write into ${absolute}: ${(error as Error).message}`,
      'name a folder that you may write to with --output',
      { cause: error },
    );
  }
  if (entries.length > 0 && !overwrite) {
    throw new ExpectedError(
      'output',
      `${absolute} is not empty (it holds ${entries[0]}${entries.length > 1 ? ', …' : ''})`,
      'name another folder with --output, or add --overwrite to replace what an earlier run left there',
    );
  }
  return absolute;
}
