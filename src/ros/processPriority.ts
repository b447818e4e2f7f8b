import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';

/**
 * Gives the session that a process leads this process's priority. Where Linux groups processes by session (autogroup), it shares the CPU
 * between sessions first, and nice values count within each only; SCHED_IDLE, too, has no weight of its own between them.
 */
export function giveSessionPriority(pid: number): void {
  const nice = os.getPriority();
  if (nice === 0) return;
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(nice));
  } catch {
    // Not Linux, or a kernel without autogroup: nice values count as they are.
  }
}

/** How long the main thread of a process has been ready to run without getting a processor so far, milliseconds; 0 where that is not known. */
export function starvedMilliseconds(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return 0; // Not Linux, or the process has ended.
  }
}

/** The same for each thread of this process, by its number. */
export function starvedThreads(): ReadonlyMap<string, number> {
  try {
    const waited = (thread: string): number =>
      Number(readFileSync(`/proc/self/task/${thread}/schedstat`, 'latin1').split(' ')[1]) / 1e6;
    return new Map(readdirSync('/proc/self/task').map((thread) => [thread, waited(thread)]));
  } catch {
    return new Map(); // Not Linux, or a thread has ended meanwhile.
  }
}
