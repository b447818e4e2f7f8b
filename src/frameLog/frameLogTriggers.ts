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

/** Why a frame set is to be kept. */
export interface KeepReason {
  readonly text: string;
  /** To be called where the set is kept: until then the reason holds for the next one too. */
  readonly kept: () => void;
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
  reasonFor(findings: SetFindings, nowNs: bigint, limits: TriggerLimits): KeepReason | undefined {
    if (this.#requested) return { text: 'on request', kept: () => (this.#requested = false) };
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
      const text = kind === 'middling score' ? `${kind} ${what}` : `${kind}: ${what}`;
      return { text, kept: () => this.#lastNs.set(kind, nowNs) };
    }
    if (limits.periodSeconds > 0 && passed(this.#lastPeriodicNs, nowNs, limits.periodSeconds))
      return { text: `every ${limits.periodSeconds} s`, kept: () => (this.#lastPeriodicNs = nowNs) };
    return undefined;
  }
}

function passed(lastNs: bigint | undefined, nowNs: bigint, seconds: number): boolean {
  return lastNs === undefined || Number(nowNs - lastNs) >= seconds * 1e9;
}
