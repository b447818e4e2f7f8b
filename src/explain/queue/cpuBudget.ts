import { setTimeout as sleep } from 'node:timers/promises';

/** Where a budget gets its times from; injected so that tests never sleep. */
export interface BudgetClock {
  /** Milliseconds since an arbitrary moment, steadily growing. */
  wallMs(): number;
  /** Processor time of this process so far, all threads, milliseconds. */
  cpuMs(): number;
  /** @throws the signal's reason where it is aborted */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemBudgetClock: BudgetClock = {
  wallMs: () => performance.now(),
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
  },
};

/** Processor time that may be saved up while there is nothing to do, in milliseconds of wall time. */
const BURST_MS = 2000;

/**
 * Holds work back to a share of the processor: what the process used beyond the share is waited out, whoever in it used it and on however
 * many threads.
 */
export class CpuBudget {
  #wallMs: number;
  #cpuMs: number;
  /** Processor time in hand; negative: overdrawn. */
  #inHandMs = 0;
  readonly clock: BudgetClock;

  constructor(clock: BudgetClock = systemBudgetClock) {
    this.clock = clock;
    this.#wallMs = clock.wallMs();
    this.#cpuMs = clock.cpuMs();
  }

  /**
   * Waits until the share is kept again.
   * @param cores processor time for each unit of wall time: 0.5 is half a core
   */
  async rest(cores: number, signal?: AbortSignal): Promise<void> {
    const { clock } = this;
    const wallMs = clock.wallMs();
    const cpuMs = clock.cpuMs();
    const earned = (wallMs - this.#wallMs) * cores;
    this.#inHandMs = Math.min(this.#inHandMs + earned - (cpuMs - this.#cpuMs), BURST_MS * cores);
    this.#wallMs = wallMs;
    this.#cpuMs = cpuMs;
    if (this.#inHandMs < 0) await clock.sleep(-this.#inHandMs / cores, signal);
  }
}
