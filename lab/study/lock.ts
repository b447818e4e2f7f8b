import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { codeOf, ExpectedError } from '../../src/errors.js';
import { outputError } from '../../src/outputError.js';

/**
 * Takes a lock file for this process; a lock whose owner was killed is taken over.
 * @returns gives it back
 * @throws ExpectedError `usage` where another process that still runs holds it, `output` where it cannot be written
 */
export function takeLock(file: string): () => void {
  const mine = `${file}.${process.pid}`;
  try {
    // It appears by a link, with its owner in it: nobody can find it empty.
    writeFileSync(mine, identity(process.pid));
    for (let attempt = 0; !linked(mine, file); attempt++) {
      const owner = holder(file);
      if (owner !== undefined || attempt > 100)
        throw new ExpectedError(
          'usage',
          `another run (process ${owner ?? 'unknown'}) is writing there: ${file}`,
          'wait for it to end, or name another folder with --output',
        );
      rmSync(file, { force: true });
    }
  } catch (error) {
    throw error instanceof ExpectedError ? error : outputError(file, error);
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(file, { force: true });
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Number of the process that holds the lock; undefined where it has ended, or its number is another process's now. */
function holder(file: string): string | undefined {
  try {
    const owner = readFileSync(file, 'utf8');
    const [pid] = owner.split(' ');
    return isAlive(Number(pid)) && identity(Number(pid)) === owner ? pid : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A process's number and, where /proc tells it, the clock tick since boot at which it started. */
function identity(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields are counted from the end of the program's name, which may hold spaces; the start time is the 22nd.
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return `${pid} ?`;
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
