import type { ExplainedDetection } from '../inference/protocol.js';

export interface TriggerLimits {
  /** Seconds between two frames that are kept for no other reason; 0: none are. */
  readonly periodSeconds: number;
  /** A detection with a score from `low` to `high` makes a frame worth explaining; `low` above `high`: none does. */
  readonly middlingLow: number;
  readonly middlingHigh: number;
  /** Least distance between two frames kept for their scores, seconds: a doubtful scene lasts. */
  readonly restSeconds: number;
}

/** Decides which frame sets are worth keeping. Times are monotonic nanoseconds of the caller's. */
export class FrameLogTriggers {
  #requested = false;
  #lastPeriodicNs: bigint | undefined;
  #lastMiddlingNs: bigint | undefined;

  /** The next set is kept whatever is in it. */
  request(): void {
    this.#requested = true;
  }

  /** @returns why the set is to be kept; `undefined` where it is not */
  reasonFor(
    detections: readonly Pick<ExplainedDetection, 'score' | 'className'>[],
    nowNs: bigint,
    limits: TriggerLimits,
  ): string | undefined {
    if (this.#requested) {
      this.#requested = false;
      return 'on request';
    }
    const { middlingLow, middlingHigh } = limits;
    const middling = detections.find(({ score }) => score >= middlingLow && score <= middlingHigh);
    if (middling && passed(this.#lastMiddlingNs, nowNs, limits.restSeconds)) {
      this.#lastMiddlingNs = nowNs;
      return `middling score ${middling.score.toFixed(2)} of ${middling.className}`;
    }
    if (limits.periodSeconds > 0 && passed(this.#lastPeriodicNs, nowNs, limits.periodSeconds)) {
      this.#lastPeriodicNs = nowNs;
      return `every ${limits.periodSeconds} s`;
    }
    return undefined;
  }
}

function passed(lastNs: bigint | undefined, nowNs: bigint, seconds: number): boolean {
  return lastNs === undefined || Number(nowNs - lastNs) >= seconds * 1e9;
}
