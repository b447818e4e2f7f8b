import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { threadId } from 'node:worker_threads';

/**
 * Loaded into every thread of a benchmarked process (`--import`), this keeps how long garbage collections have held it up, in the folder
 * MSAL_BENCH_GC: milliseconds in all and the longest one.
 */
const folder = process.env.MSAL_BENCH_GC;
if (folder !== undefined) {
  const file = path.join(folder, `${process.pid}.${threadId}.json`);
  const held = { milliseconds: 0, longest: 0 };
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      held.milliseconds += duration;
      held.longest = Math.max(held.longest, duration);
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  setInterval(() => writeFileSync(file, JSON.stringify(held)), 1000).unref();
}

/** Milliseconds in which garbage collections have held up the threads of a process so far. */
export function gcMilliseconds(gcFolder: string, pid: number): number {
  return readdirSync(gcFolder)
    .filter((name) => name.startsWith(`${pid}.`))
    .map(
      (name) => (JSON.parse(readFileSync(path.join(gcFolder, name), 'utf8')) as { milliseconds: number }).milliseconds,
    )
    .reduce((sum, value) => sum + value, 0);
}
