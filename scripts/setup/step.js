import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const packageRoot = path.resolve(import.meta.dirname, '../..');
/** Stamps of finished steps and logs of long ones; git-ignored, may be deleted at any time. */
export const cacheFolder = path.join(packageRoot, '.cache');

/** Why the set-up cannot go on, and what the user can do about it. */
export class SetupError extends Error {
  /** @param {string} message @param {string} remedy */
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * Does `work` unless it was done before from the same inputs. A step that is killed leaves no stamp and is done again.
 *
 * @param {string} name also the name of its stamp and log in `.cache/`
 * @param {{files?: string[], texts?: string[], present?: () => boolean}} inputs what the step depends on (files relative to
 *   the package), and whether its result is still there
 * @param {(log: string) => Promise<void>} work is given the path of a log file
 */
export async function step(name, { files = [], texts = [], present = () => true }, work) {
  const stampFile = path.join(cacheFolder, `${name}.stamp`);
  const stamp = fingerprint(files, texts);
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && present()) return;
  mkdirSync(cacheFolder, { recursive: true });
  process.stderr.write(`set-up: ${name} …\n`);
  const started = Date.now();
  await work(path.join(cacheFolder, `${name}.log`));
  // The work may have changed its inputs (npm ci does not, a formatter might).
  writeFileSync(stampFile, fingerprint(files, texts));
  process.stderr.write(`set-up: ${name} done in ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
}

function fingerprint(files, texts) {
  const hash = createHash('sha256').update(process.versions.modules).update(process.arch);
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(path.join(packageRoot, file)));
  for (const text of texts) hash.update(`\0${text}`);
  return hash.digest('hex');
}

/**
 * Runs a program to its end with its output in a log file.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {string} log
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv}} [options]
 * @throws SetupError with the end of the log where the program fails
 */
export async function runLogged(program, args, log, options = {}) {
  const output = openSync(log, 'a');
  let status;
  try {
    const child = spawn(program, args, { cwd: packageRoot, ...options, stdio: ['ignore', output, output] });
    status = await new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) => resolve(code ?? signal));
    });
  } finally {
    closeSync(output);
  }
  if (status === 0) return;
  const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-30).join('\n');
  throw new SetupError(`${program} ${args.join(' ')} ended with ${String(status)}:\n${tail}`, `read ${log}`);
}

/** Runs a program with the terminal as it is; resolves to its exit code (130 where a signal ended it). */
export function runShown(program, args, env = process.env) {
  const child = spawn(program, args, { cwd: packageRoot, env, stdio: 'inherit' });
  // Ctrl-C reaches the child too: it decides how to end.
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('SIGINT', ignore);
      resolve(code ?? 130);
    });
  });
}
