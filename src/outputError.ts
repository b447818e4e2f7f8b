import { codeOf, ExpectedError, reasonOf } from './errors.js';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space and run again; what was written until then can be read',
  EDQUOT: 'free some of your disk quota and run again; what was written until then can be read',
  EFBIG:
    'raise the limit on file sizes (ulimit -f) or write to another file system; what was written until then can be read',
  EEXIST: 'choose another name, or remove it first',
  EACCES: 'choose a folder that you may write to',
  EPERM: 'choose a folder that you may write to',
  EROFS: 'choose a folder that is not read-only',
  ENOENT: 'create the folder first',
  ENOTDIR: 'choose a path whose parent is a folder',
  EISDIR: 'give the path of a file, not of a folder',
};

/** File-system trouble with an output, as an error that names the file and says what to do. */
export function outputError(path: string, error: unknown): ExpectedError {
  const remedy = REMEDIES[codeOf(error)] ?? 'check that the folder exists and may be written to';
  const reason = reasonOf(error);
  return new ExpectedError('output', `cannot write ${path}: ${reason}`, remedy, { cause: error });
}

/** Runs `work`; file-system trouble becomes an `outputError` of `path`, anything else stays as it is. */
export async function namingOutput<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw codeOf(error) in REMEDIES ? outputError(path, error) : error;
  }
}
