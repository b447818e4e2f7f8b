import { randomUUID } from 'node:crypto';
import { readFile, rm, readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { codeOf, ExpectedError } from '../errors.js';
import { finishedName, writeAtomically } from './atomicWrite.js';
import { makeFolder } from './makeFolder.js';

/** Name of the file that says whose a folder is. */
export const MARKER = 'multispectral_saliency.json';

const markerSchema = z.object({ kind: z.string(), id: z.uuid() });
export type FolderMarker = z.output<typeof markerSchema>;

/** @throws ExpectedError `input` for a marker that cannot be understood */
export function parseMarker(text: string, file: string): FolderMarker {
  try {
    return markerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ExpectedError('input', `${file} does not say whose the folder is`, 'remove it: a new one is made', {
      cause,
    });
  }
}

/**
 * Makes a folder where it is missing, and marks it as one of ours: `{"kind": …, "id": a UUID}`. In a folder that said so before, files of
 * ours that an earlier process left unfinished are removed; nothing else is ever touched.
 * @param kind what it holds, such as `frame log`
 * @param isOurs whether a file of this name is one that we write there
 * @throws ExpectedError `usage` where it is a folder of another kind, `input` where its marker is damaged; the file system's errors
 */
export async function claimFolder(
  folder: string,
  kind: string,
  isOurs: (name: string) => boolean,
): Promise<FolderMarker> {
  await makeFolder(folder);
  const file = path.join(folder, MARKER);
  const found = await readMarker(file);
  if (found === undefined) {
    const marker = { kind, id: randomUUID() };
    await writeAtomically(file, `${JSON.stringify(marker)}\n`, { durable: true });
    return marker;
  }
  if (found.kind !== kind)
    throw new ExpectedError('usage', `${folder} is a folder of another kind: ${found.kind}`, 'name another folder');
  for (const name of await readdir(folder)) {
    const finished = finishedName(name);
    if (finished !== undefined && isOurs(finished)) await rm(path.join(folder, name), { force: true });
  }
  return found;
}

async function readMarker(file: string): Promise<FolderMarker | undefined> {
  try {
    return parseMarker(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
