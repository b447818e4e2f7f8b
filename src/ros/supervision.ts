import { Worker } from 'node:worker_threads';
import type { LeashData } from './leash.js';

/** Exit code of a node that its watchdog ended: native code hung, or the main thread no longer answered. */
export const WATCHDOG_EXIT_CODE = 70;
/** Exit code of a node that a signal ended: a crash in native code. */
export const CRASH_EXIT_CODE = 71;

/** What the node's process tells its supervisor. */
export type ChildMessage =
  /** From now on a silence of so many milliseconds means a hang; 0: never. */
  | { readonly kind: 'watch'; readonly silenceLimitMs: number }
  | { readonly kind: 'alive' }
  /** The process is closing down, which may not take longer than END_MS. */
  | { readonly kind: 'ending' }
  /** The process is about to end with this code; what native code does on the way out does not matter. */
  | { readonly kind: 'leaving'; readonly exitCode: number }
  /** A worker thread hangs: this process must be killed, it cannot end by itself. */
  | { readonly kind: 'hung'; readonly message: string };

/** How long a process may take to close down before it is killed, milliseconds. Nothing is lost then: what is written is whole or absent. */
export const END_MS = 10_000;
/** The process itself waits longer than its supervisor, who has words for it. */
const LONGER_MS = 2000;
const ALIVE_PERIOD_MS = 1000;
/** Loading and garbage collection may keep the main thread from answering for a while. */
const LEAST_SILENCE_MS = 5000;

/** The node's side. Without a supervisor (the script was started directly) nothing is watched. */
export class Supervision {
  #timer: NodeJS.Timeout | undefined;
  readonly #leash: Worker | undefined;

  /** @param orphaned called when the supervisor is gone: the process has to end, and is ended where it does not */
  constructor(orphaned: () => void, endMs = END_MS) {
    process.once('disconnect', orphaned);
    if (process.send === undefined) return;
    this.#leash = new Worker(new URL('./leash.js', import.meta.url), {
      workerData: { supervisor: process.ppid, endMs: endMs + LONGER_MS } satisfies LeashData,
      // It hardly needs any memory.
      resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
    });
    this.#leash.unref();
  }

  /** @param timeoutSeconds 0: only this process's own end is watched */
  start(timeoutSeconds: number): void {
    const silenceLimitMs = timeoutSeconds === 0 ? 0 : Math.max(LEAST_SILENCE_MS, timeoutSeconds * 1000);
    this.#send({ kind: 'watch', silenceLimitMs });
    this.#timer = setInterval(() => this.#send({ kind: 'alive' }), ALIVE_PERIOD_MS);
  }

  /** Ends this process from outside. @returns false where there is no supervisor to do it */
  hung(message: string): boolean {
    return this.#send({ kind: 'hung', message });
  }

  /** Silence is no hang any more: threads are being ended, which may take END_MS. */
  stop(): void {
    clearInterval(this.#timer);
    this.#leash?.postMessage('ending');
    this.#send({ kind: 'ending' });
  }

  /** Ends this process; the code holds even where ROS's libraries crash in their destructors. */
  leave(exitCode: number): void {
    const exit = (): never => process.exit(exitCode);
    if (!this.#send({ kind: 'leaving', exitCode }, exit)) exit();
  }

  #send(message: ChildMessage, sent: () => void = () => undefined): boolean {
    if (process.send === undefined || !process.connected) return false;
    // The error of a supervisor that has just gone is dealt with by `orphaned`.
    process.send(message, undefined, undefined, sent);
    return true;
  }
}
