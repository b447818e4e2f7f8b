import { parentPort, workerData } from 'node:worker_threads';

/** What the thread has to know. */
export interface LeashData {
  /** Process number of the supervisor. */
  readonly supervisor: number;
  /** How long the process may take to end, milliseconds. */
  readonly endMs: number;
}

const LOOK_MS = 250;

/**
 * A thread that ends its process by force where the supervisor is gone, or the process was told to end (any message says so), and it is
 * still there after its time: the main thread may be held by native code that never comes back, and then no timer of its own fires.
 */
const { supervisor, endMs } = workerData as LeashData;
let sinceMs: number | undefined;
parentPort?.on('message', () => (sinceMs ??= performance.now()));
setInterval(() => {
  if (process.ppid !== supervisor) sinceMs ??= performance.now();
  if (sinceMs !== undefined && performance.now() - sinceMs > endMs) process.kill(process.pid, 'SIGKILL');
}, LOOK_MS);
