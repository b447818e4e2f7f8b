import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../errors.js';

/**
 * Makes a folder and those above it. Node's own recursive `mkdir` never returns where a parent exists and yet nothing can be made in it
 * (under /proc, seen with Node 20.20; nodejs/node#27198 was the same on Windows, for Linux no issue is known).
 * @throws the file system's error
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    const parent = path.dirname(folder);
    if (codeOf(error) !== 'ENOENT' || parent === folder) throw error;
    await makeFolder(parent);
    // Once more, and only once: a parent in which nothing can be made says ENOENT for ever.
    await mkdir(folder).catch((again: unknown) => {
      if (codeOf(again) !== 'EEXIST') throw again;
    });
  }
}
