import { iou, type Box } from '../../geometry/box.js';
import type { Candidate } from '../../geometry/nms.js';

/** How a target is found again in a masked picture. */
export interface FindRule {
  /** Boxes whose best class scores less are not looked at. The study: 0.05. */
  readonly scoreThreshold: number;
  /** Boxes that overlap the target less are not the target. The study: 0.5. */
  readonly iouThreshold: number;
}

/** A detection with the probabilities of all classes. */
export interface ClassifiedBox extends Candidate {
  readonly probabilities: Float32Array;
}

/**
 * The study's rule: of the boxes, whatever their class, with at least the least score and at least the least IoU, the one with
 * the highest IoU.
 */
export function findAgain<T extends Candidate>(
  boxes: readonly T[],
  target: Box,
  rule: FindRule,
): { readonly box: T; readonly iou: number } | undefined {
  let found: { box: T; iou: number } | undefined;
  for (const box of boxes) {
    const overlap = iou(box.box, target);
    const eligible = box.score >= rule.scoreThreshold && overlap >= rule.iouThreshold;
    if (eligible && overlap > (found?.iou ?? 0)) found = { box, iou: overlap };
  }
  return found;
}

/**
 * D-RISE's similarity of a target and a set of detections, `max_j IoU(t, j) · cos(v_t, v_j)` (Petsiuk et al. 2021, equation 3,
 * whose third factor, objectness, EfficientDet does not have).
 * @param vector the target's class probabilities, any length
 * @returns in [0, 1]; 0 without boxes
 */
export function similarity(boxes: readonly ClassifiedBox[], target: Box, vector: Float32Array): number {
  let best = 0;
  for (const { box, probabilities } of boxes) {
    const overlap = iou(box, target);
    if (overlap > best) best = Math.max(best, overlap * cosine(vector, probabilities));
  }
  return best;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let lengthA = 0;
  let lengthB = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    lengthA += a[i] * a[i];
    lengthB += b[i] * b[i];
  }
  return dot > 0 ? dot / Math.sqrt(lengthA * lengthB) : 0;
}
