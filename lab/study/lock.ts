import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf, ExpectedError } from '../../src/errors.js';
import { outputError } from '../../src/outputError.js';

/** Two that start at the same moment may both withdraw: so many times they try again. */
const ATTEMPTS = 8;
const LONGEST_PAUSE_MS = 40;
/** Locks of this process. */
const held = new Set<string>();

/**
 * Takes a lock for this process; a lock whose owner was killed is taken over. Each process announces itself by a file of its own,
 * `<file>.<pid>.<start>`, and then looks for others: of two, one has announced itself before the other looked, so never do both hold it. A
 * file's name is its owner's alone, so that removing one that was left behind cannot remove the lock of somebody who came meanwhile.
 * @returns gives it back
 * @throws ExpectedError `usage` where another process that still runs holds it, `output` where it cannot be written
 */
export function takeLock(file: string): () => void {
  const mine = `${file}.${identity(process.pid)}`;
  if (held.has(mine)) throw taken(file, String(process.pid));
  try {
    for (let attempt = 1; ; attempt++) {
      writeFileSync(mine, '');
      const other = otherHolder(file, mine);
      if (other === undefined) break;
      rmSync(mine, { force: true });
      if (attempt === ATTEMPTS) throw taken(file, other);
      pause(Math.random() * LONGEST_PAUSE_MS);
    }
  } catch (error) {
    throw error instanceof ExpectedError ? error : outputError(file, error);
  }
  held.add(mine);
  return () => {
    rmSync(mine, { force: true });
    held.delete(mine);
  };
}

function taken(file: string, owner: string): ExpectedError {
  return new ExpectedError(
    'usage',
    `another run (process ${owner}) is writing there: ${file}`,
    'wait for it to end, or name another folder with --output',
  );
}

/** Number of another process that has announced itself and still runs; what others left behind is removed. */
function otherHolder(file: string, mine: string): string | undefined {
  const base = path.basename(file);
  for (const name of readdirSync(path.dirname(file))) {
    if (name === path.basename(mine) || (name !== base && !name.startsWith(`${base}.`))) continue;
    const other = path.join(path.dirname(file), name);
    // Versions before 0.2 had one file, with its owner in it.
    const owner = name === base ? readOwner(other) : name.slice(base.length + 1);
    if (owner === undefined) continue;
    const [pid] = owner.split('.');
    if (pid !== undefined && isAlive(Number(pid)) && identity(Number(pid)) === owner) return pid;
    rmSync(other, { force: true });
  }
  return undefined;
}

function readOwner(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').replace(' ', '.');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The caller's thread stands still: there is nothing else that it could do. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** A process's number and, where /proc tells it, the clock tick since boot at which it started. */
function identity(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields are counted from the end of the program's name, which may hold spaces; the start time is the 22nd.
    return `${pid}.${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return `${pid}.unknown`;
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
