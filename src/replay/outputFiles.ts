import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { finishedName, unfinishedName } from '../files/atomicWrite.js';
import { isSpectrum } from '../spectrum.js';
import { codeOf, ExpectedError } from '../errors.js';
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
/** What the report is put together from; see ReportWriter. */
const SCRATCH = ['report.html.numbers', 'report.html.pictures'];
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

/** `<stamp>.<band>`, and in it what ExplainFiles writes. */
const EXPLANATION = /^-?\d+\.([a-z]+)$/;
const EXPLANATION_FILE = /^(explanation\.json|\d{2,}-[\w-]*\.(map|overlay|error)\.(png|npy))$/;

/**
 * Removes what an earlier replay left: where this one fails, nothing of another drive may stand beside what it wrote. Only names that a
 * replay writes go; other files stay, also in a folder of theirs that is called as ours.
 */
export async function removeOld(folder: string): Promise<void> {
  const names = [...Object.values(NAMES), ...LINES];
  for (const name of [...names, ...SCRATCH].flatMap((name) => [name, unfinishedName(name)])) {
    const file = path.join(folder, name);
    await namingOutput(file, () => rm(file, { force: true }));
  }
  const explanations = path.join(folder, EXPLANATIONS);
  await namingOutput(explanations, async () => {
    for (const name of await namesIn(explanations)) {
      if (!isSpectrum(EXPLANATION.exec(name)?.[1] ?? '')) continue;
      const inner = path.join(explanations, name);
      for (const file of await namesIn(inner))
        if (EXPLANATION_FILE.test(finishedName(file) ?? file)) await rm(path.join(inner, file), { force: true });
      await removeEmpty(inner);
    }
    await removeEmpty(explanations);
  });
}

/** None where it is no folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return [];
    throw error;
  }
}

/** A folder that still holds something stays. */
async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    if (!['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) throw error;
  });
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
