import { ExpectedError } from '../errors.js';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space, write to another disk, or ask for a smaller report',
  EDQUOT: 'free some of your disk quota or write to another disk',
  EACCES: 'choose a folder that you may write to',
  EPERM: 'choose a folder that you may write to',
  EROFS: 'choose a folder that is not read-only',
  ENOENT: 'create the folder first',
  ENOTDIR: 'choose a path whose parent is a folder',
  EISDIR: 'give the path of a file, not of a folder',
};

/** Runs `work`; file-system trouble with `path` becomes an `ExpectedError` of kind `output` that says what to do. */
export async function namingOutput<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const remedy = REMEDIES[code];
    if (remedy === undefined) throw error;
    throw new ExpectedError('output', `cannot write the report ${path}: ${(error as Error).message}`, remedy, {
      cause: error,
    });
  }
}
