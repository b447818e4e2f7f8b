import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bench, BenchRow } from './benchRow.js';

/**
 * The whole PerceptionPipeline, as recordings and as live cameras use it, each in a process of its own: OpenCV serves one
 * thread per process, and there that is the vision worker.
 */
export const perception: Bench = async ({ model, rounds }) => {
  const script = fileURLToPath(new URL('./perceptionProcess.js', import.meta.url));
  const rows: BenchRow[] = [];
  for (const mode of ['throughput', 'latency']) {
    const { stdout } = await promisify(execFile)(process.execPath, [script, mode, model, String(rounds)]);
    rows.push(...(JSON.parse(stdout) as BenchRow[]));
  }
  return rows;
};
