import { iou, type Box } from './box.js';

/** What non-maximum suppression looks at. */
export interface Candidate {
  readonly box: Box;
  readonly classIndex: number;
  readonly score: number;
}

export interface NmsOptions {
  /** Candidates that overlap a better one of the same class by more than this are dropped. */
  readonly iouThreshold: number;
  readonly maxDetections: number;
}

/**
 * Greedy, class-aware non-maximum suppression: the candidates that are kept, best first. Equal scores keep their order.
 */
export function nonMaximumSuppression<T extends Candidate>(
  candidates: readonly T[],
  { iouThreshold, maxDetections }: NmsOptions,
): T[] {
  const kept: T[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.score - a.score)) {
    if (kept.length >= maxDetections) break;
    const suppressed = kept.some(
      (better) => better.classIndex === candidate.classIndex && iou(better.box, candidate.box) > iouThreshold,
    );
    if (!suppressed) kept.push(candidate);
  }
  return kept;
}
