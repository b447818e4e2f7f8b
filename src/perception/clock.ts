/** Cancels a timer; harmless after the timer has fired. */
export type CancelTimer = () => void;

/**
 * Where the pipeline gets its time from. Monotonic: it never jumps, and has nothing to do with the stamps of frames. It is
 * injected so that tests advance it by hand and never sleep.
 */
export interface Clock {
  /** Nanoseconds since an arbitrary moment. */
  nowNs(): bigint;
  /** Calls `callback` once, never before `delayNs` have passed, and never from within `setTimer`. */
  setTimer(delayNs: bigint, callback: () => void): CancelTimer;
}

/** Node takes a longer timeout for 1 ms. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's monotonic clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  nowNs: () => process.hrtime.bigint(),
  setTimer(delayNs, callback) {
    const dueNs = process.hrtime.bigint() + delayNs;
    let timer: NodeJS.Timeout;
    const arm = (remainingNs: bigint): void => {
      const milliseconds = remainingNs > 0n ? Number((remainingNs + 999_999n) / 1_000_000n) : 0;
      timer = setTimeout(fire, Math.min(milliseconds, LONGEST_TIMEOUT_MS));
      timer.unref();
    };
    // Node counts a timeout from the start of the event loop's turn, so that it can fire before its time.
    const fire = (): void => {
      const remainingNs = dueNs - process.hrtime.bigint();
      if (remainingNs > 0n) arm(remainingNs);
      else callback();
    };
    arm(delayNs);
    return () => clearTimeout(timer);
  },
};

/** A clock that stands still until it is told to move: for tests and for simulated time. */
export class ManualClock implements Clock {
  #nowNs: bigint;
  readonly #timers = new Set<{ readonly dueNs: bigint; readonly callback: () => void }>();

  constructor(startNs = 0n) {
    this.#nowNs = startNs;
  }

  nowNs(): bigint {
    return this.#nowNs;
  }

  setTimer(delayNs: bigint, callback: () => void): CancelTimer {
    const timer = { dueNs: this.#nowNs + (delayNs > 0n ? delayNs : 0n), callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Moves on by `byNs` (≥ 0), firing the timers that fall due on the way, in the order of their due times. */
  advance(byNs: bigint): void {
    if (byNs < 0n) throw new RangeError(`a clock cannot be advanced by ${byNs} ns`);
    const targetNs = this.#nowNs + byNs;
    for (;;) {
      let next: { readonly dueNs: bigint; readonly callback: () => void } | undefined;
      for (const timer of this.#timers) {
        if (timer.dueNs <= targetNs && (next === undefined || timer.dueNs < next.dueNs)) next = timer;
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowNs = next.dueNs;
      next.callback();
    }
    this.#nowNs = targetNs;
  }

  /** Timers that have not fired and were not cancelled. */
  get pendingTimers(): number {
    return this.#timers.size;
  }
}

/** Milliseconds (with fraction) that lie between two readings of a clock. */
export function millisecondsBetween(startNs: bigint, endNs: bigint): number {
  return Number(endNs - startNs) / 1e6;
}
