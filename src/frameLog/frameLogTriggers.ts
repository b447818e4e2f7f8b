import type { ExplainedDetection } from '../perception/protocol.js';

export interface TriggerLimits {
  /** Seconds between two frames that are kept for no other reason; 0: none are. */
  readonly periodSeconds: number;
  /** A detection with a score from `low` to `high` makes a frame worth explaining; `low` above `high`: none does. */
  readonly middlingLow: number;
  readonly middlingHigh: number;
  /** Least distance between two frames kept for the same kind of finding, seconds: a doubtful scene lasts. */
  readonly restSeconds: number;
}

/** What was found in a frame set, as far as it makes the set worth explaining. */
export interface SetFindings {
  readonly detections: readonly Pick<ExplainedDetection, 'score' | 'className'>[];
  /** What one band alone sees that others should see, in words. */
  readonly disagreement?: string | undefined;
  /** Which attention figure is unlike those of other images, in words. */
  readonly unusualAttention?: string | undefined;
}

/** Decides which frame sets are worth keeping. Times are monotonic nanoseconds of the caller's. */
export class FrameLogTriggers {
  #requested = false;
  #lastPeriodicNs: bigint | undefined;
  readonly #lastNs = new Map<'disagreement' | 'unusual attention' | 'middling score', bigint>();

  /** The next set is kept whatever is in it. */
  request(): void {
    this.#requested = true;
  }

  /** @returns why the set is to be kept; `undefined` where it is not */
  reasonFor(findings: SetFindings, nowNs: bigint, limits: TriggerLimits): string | undefined {
    if (this.#requested) {
      this.#requested = false;
      return 'on request';
    }
    const { detections, disagreement, unusualAttention } = findings;
    const { middlingLow, middlingHigh } = limits;
    const middling = detections.find(({ score }) => score >= middlingLow && score <= middlingHigh);
    const reasons = [
      ['disagreement', disagreement],
      ['unusual attention', unusualAttention],
      ['middling score', middling && `${middling.score.toFixed(2)} of ${middling.className}`],
    ] as const;
    for (const [kind, what] of reasons) {
      if (what === undefined || !passed(this.#lastNs.get(kind), nowNs, limits.restSeconds)) continue;
      this.#lastNs.set(kind, nowNs);
      return kind === 'middling score' ? `${kind} ${what}` : `${kind}: ${what}`;
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
