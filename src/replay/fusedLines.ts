import type { ExplainedFusion } from './replayFusion.js';

/** One line of `fused.jsonl`. */
export interface FusedLine {
  /** Nanoseconds since the epoch as decimal text: more digits than a JSON number keeps. */
  readonly stampNs: bigint;
  /** The band in whose view the box is. */
  readonly reference: string;
  readonly class: string;
  readonly score: number;
  /** x1, y1, x2, y2 in pixels of the reference view. */
  readonly box: readonly [number, number, number, number];
  /** The bands that have it, with which of their detections of that moment (from 0) and their own scores. */
  readonly members: readonly { readonly spectrum: string; readonly index: number; readonly score: number }[];
  readonly silent: readonly string[];
  readonly agreement?: number;
  /** By band: Shapley value, and how much the score falls without it; see fusion/bandContributions.ts. */
  readonly contributions: Readonly<Record<string, { readonly shapley: number; readonly leaveOneOut: number }>>;
}

/** The fused detections of one set, a line each. */
export function fusedLines({ fused, contributions }: ExplainedFusion): FusedLine[] {
  const { header, reference, detections } = fused;
  return detections.map(({ className, score, box, members, silent, agreement }, i) => ({
    stampNs: header.stampNs,
    reference,
    class: className,
    score,
    box: [box.x1, box.y1, box.x2, box.y2],
    members: members.map(({ spectrum, index, score: own }) => ({ spectrum, index, score: own })),
    silent,
    ...(agreement !== undefined && { agreement }),
    contributions: Object.fromEntries(
      contributions[i].map(({ spectrum, shapley, leaveOneOut }) => [spectrum, { shapley, leaveOneOut }]),
    ),
  }));
}
