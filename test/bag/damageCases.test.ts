import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { CASE_KINDS } from './damageCases.js';

const COUNT = Number(process.env['MSAL_CASES'] ?? 200);
/** `MSAL_SEED=N MSAL_CASES=1` runs one case again. */
const FIRST = Number(process.env['MSAL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

interface Report {
  readonly count: number;
  readonly slowest: { readonly seed: number; readonly cpuMs: number };
  readonly peakMiB: number;
  readonly failures: readonly string[];
}

/** Runs in a process of its own, whose memory and processor time are its cases' alone. */
function run(kind: string): Promise<Report> {
  const script = path.join(packageRoot, 'dist/test/bag/runDamageCases.js');
  const child = fork(script, [kind, String(FIRST), String(COUNT)], { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] });
  let output = '';
  let seed = FIRST;
  child.stdout?.on('data', (data: Buffer) => (output += data.toString()));
  child.on('message', (message: { seed: number }) => ({ seed } = message));
  return new Promise((resolve, reject) => {
    const hung = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${kind}: seed ${String(seed)} does not end`));
    }, 280_000);
    child.on('close', (code) => {
      clearTimeout(hung);
      if (code === 0) resolve(JSON.parse(output) as Report);
      else reject(new Error(`${kind}: seed ${String(seed)} ended the process with ${String(code)}`));
    });
  });
}

describe('seeded damage', function () {
  this.timeout(300_000);
  for (const kind of CASE_KINDS)
    it(`${kind}: ${String(COUNT)} cases from seed ${String(FIRST)} on stay within 5 s, 512 MB and the rows there are`, async () => {
      const { failures, peakMiB, slowest, count } = await run(kind);
      assert.deepEqual(failures, []);
      assert.equal(count, COUNT);
      assert.ok(peakMiB < 512, `${String(peakMiB)} MiB`);
      assert.ok(slowest.cpuMs < 5000, `seed ${String(slowest.seed)}: ${String(slowest.cpuMs)} ms of processor time`);
    });
});
