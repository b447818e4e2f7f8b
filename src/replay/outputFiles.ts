import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ExpectedError } from '../errors.js';
import { namingOutput } from '../outputError.js';

/** Where a replay writes what. */
export interface OutputFiles extends Readonly<Record<string, string>> {
  readonly annotated: string;
  readonly report: string;
  readonly summary: string;
}

/** Names in the output folder. */
const NAMES = { annotated: 'annotated.mcap', report: 'report.html', summary: 'summary.json' } as const;
/** Written with them where JSON lines are asked for. */
const LINES = ['detections.jsonl', 'tracks.jsonl', 'fused.jsonl'];
/** Folder of the maps of explained sets, where some are asked for. */
export const EXPLANATIONS = 'explanations';

/**
 * The files of a replay, JSON lines aside.
 * @param baseline where a drift baseline goes, if one is asked for
 */
export function outputFiles(folder: string, baseline?: string): OutputFiles {
  return {
    annotated: path.join(folder, NAMES.annotated),
    report: path.join(folder, NAMES.report),
    summary: path.join(folder, NAMES.summary),
    ...(baseline !== undefined && { baseline }),
  };
}

/** Removes what an earlier replay left: where this one fails, nothing of another drive may stand beside what it wrote. */
export async function removeOld(folder: string): Promise<void> {
  for (const name of [...Object.values(NAMES), ...LINES, EXPLANATIONS]) {
    const file = path.join(folder, name);
    await namingOutput(file, () => rm(file, { recursive: true, force: true }));
  }
}

/**
 * Sees to it that no output takes the place of a file that is read, whatever names or links lead to it.
 * @throws ExpectedError `usage` that names the file
 */
export async function refuseToReplace(inputs: readonly string[], outputs: OutputFiles): Promise<void> {
  const read = new Set(await Promise.all(inputs.map(identity)));
  for (const output of Object.values(outputs)) {
    const id = await identity(output);
    if (id !== undefined && read.has(id))
      throw new ExpectedError(
        'usage',
        `${output} belongs to the bag that is replayed and would be replaced`,
        'write into another folder',
      );
  }
}

/** What tells files apart on this machine; undefined where there is none. */
async function identity(file: string): Promise<string | undefined> {
  const status = await stat(file, { bigint: true }).catch(() => undefined);
  return status && `${status.dev}:${status.ino}`;
}
