import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { comparedRow, plainRow, type Bench } from './benchRow.js';
import { writeLongDrive } from './longDrive.js';
import { median } from './interleave.js';

const DRIVE = { seconds: 600, rate: 5, seed: 11 } as const;

/**
 * Resident memory of a whole replay (annotated bag, report, overlays, a map for each of ten boxes a frame) of a ten-minute
 * drive by four cameras, at every tenth of the way. The tests' tiny network runs in place of the model, so that it takes
 * minutes; a network's own memory does not depend on the bag.
 */
export const memory: Bench = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'msal-bench-'));
  try {
    const bag = path.join(folder, 'drive');
    await writeLongDrive(bag, DRIVE);
    const script = fileURLToPath(new URL('./memoryProcess.js', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script, bag, path.join(folder, 'out')]);
    const megabytes = JSON.parse(stdout) as number[];
    const early = median(megabytes.slice(1, 4));
    const late = median(megabytes.slice(-3));
    return [
      ...megabytes.map((value, i) =>
        plainRow(`memory of a ten-minute replay after ${String(10 * (i + 1))} %`, 'MB', value),
      ),
      comparedRow(
        'memory after 80 to 100 % / after 20 to 40 %',
        'MB',
        { value: late, reference: early, ratio: late / early },
        { limit: 1.1, side: 'at most' },
      ),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
