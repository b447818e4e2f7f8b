import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { NATIVE_MEMORY } from '../../src/detector/nativeMemory.js';
import { comparedRow, type Bench } from './benchRow.js';
import { writeLongDrive } from './longDrive.js';

/** Megabytes that four bands with the shipped networks may take. */
const GOALS = { live: 600, replay: 900 } as const;

/**
 * Resident memory of the four shipped networks: of the live path when it is ready for its first image (ROS itself adds 40 to 60 MB), and
 * the peak of a replay with pictures. Each beside the same with malloc's defaults, where every session keeps an arena of its own.
 */
export const networkMemory: Bench = async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'msal-bench-'));
  try {
    const bag = path.join(folder, 'drive');
    await writeLongDrive(bag, { seconds: 8, rate: 2, seed: 11 });
    const rows = [];
    for (const [what, limit] of Object.entries(GOALS)) {
      const args = what === 'live' ? [] : [bag, path.join(folder, 'out')];
      const reference = await megabytes(args, {});
      const value = await megabytes(args, NATIVE_MEMORY);
      const name =
        what === 'live' ? 'live path, four networks, before the first image' : 'peak of a replay, four networks';
      const row = comparedRow(name, 'MB', { value, reference, ratio: value / reference });
      rows.push({ ...row, goal: `≤ ${String(limit)} MB`, holds: value <= limit });
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

async function megabytes(args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const script = fileURLToPath(new URL('./networkMemoryProcess.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], {
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout) as number;
}
