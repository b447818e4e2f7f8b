import { readFileSync, appendFileSync } from 'node:fs';
import { takeLock } from '../../../study/lock.js';

/** Waits for the moment at which all start, takes the lock if it can, and writes when it held it, in nanoseconds. */
const [file = '', start = '', log = ''] = process.argv.slice(2);
while (Date.now() < Number(start)) readFileSync('/dev/null');
try {
  const unlock = takeLock(file);
  const from = process.hrtime.bigint();
  const until = from + 30_000_000n;
  while (process.hrtime.bigint() < until) readFileSync('/dev/null');
  appendFileSync(log, `${from} ${process.hrtime.bigint()}\n`);
  unlock();
} catch {
  // somebody else has it
}
