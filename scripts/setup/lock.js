import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from './step.js';

/** Lets one set-up run at a time: another one waits until the first has ended, and takes over where it was killed. */
export async function withSetupLock(work) {
  const file = path.join(cacheFolder, 'setup.lock');
  mkdirSync(cacheFolder, { recursive: true });
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

function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const owner = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (owner > 0 && isAlive(owner)) return false;
  rmSync(file, { force: true });
  return false;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
