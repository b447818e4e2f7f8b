import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from './step.js';

/**
 * Lets one set-up run at a time: another one waits until the first has ended, and takes over where it was killed.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @param {string} [file] the lock
 * @returns {Promise<T>}
 */
export async function withSetupLock(work, file = path.join(cacheFolder, 'setup.lock')) {
  mkdirSync(path.dirname(file), { recursive: true });
  let told = false;
  while (!take(file)) {
    if (!told) process.stderr.write('set-up: waiting for another set-up of this folder to end …\n');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** The lock appears with its owner in it, by a link, so that nobody can find it empty. */
function take(file) {
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, identity(process.pid));
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!isHeld(file)) rmSync(file, { force: true });
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Whether the process that took the lock still runs, and is not another that was given its number since. */
function isHeld(file) {
  let owner;
  try {
    owner = readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
  const pid = Number(owner.split(' ')[0]);
  return pid > 0 && isAlive(pid) && identity(pid) === owner;
}

/** A process's number and, where /proc tells it, the clock tick since boot at which it started. */
function identity(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Fields are counted from the end of the program's name, which may hold spaces; the start time is the 22nd.
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return `${pid} ?`;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
