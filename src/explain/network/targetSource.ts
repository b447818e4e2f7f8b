import { clip, iou, type Box } from '../../geometry/box.js';
import type { Size } from '../../geometry/letterbox.js';
import { anchorRef, type AnchorGrid } from '../../detector/anchors.js';
import { candidateAnchors } from './candidates.js';
import type { AnchorRef } from '../../detector/detection.js';
import type { FindRule } from './findAgain.js';

/** Raw outputs of one picture, by anchor. */
export interface RawOutputs {
  /** Best class probability of an anchor. */
  readonly score: (anchor: number) => number;
  /** Its regression: ty, tx, th, tw. */
  readonly delta: (anchor: number, coordinate: number) => number;
}

/** Anchors that are looked at: more than any detection's own is away in their order of overlap. */
const CANDIDATES = 512;

/**
 * The anchor that made a box: of the anchors that may be found again by the rule the one whose box overlaps it most.
 * @param box in input pixels
 * @param content the part of the input that the picture fills; boxes are clipped to it, as detections are
 * @returns undefined where there is none
 */
export function targetSource(
  box: Box,
  outputs: RawOutputs,
  grid: AnchorGrid,
  content: Size,
  rule: FindRule,
): AnchorRef | undefined {
  let best: { anchor: number; overlap: number } | undefined;
  for (const anchor of candidateAnchors(grid, box, Math.min(CANDIDATES, grid.count))) {
    if (!(outputs.score(anchor) >= rule.scoreThreshold)) continue;
    const overlap = iou(clip(decoded(grid, anchor, outputs), content.width, content.height), box);
    if (overlap >= rule.iouThreshold && overlap > (best?.overlap ?? 0)) best = { anchor, overlap };
  }
  return best && anchorRef(grid, best.anchor);
}

/** See graphStages.decodeBoxes. */
function decoded({ boxes }: AnchorGrid, anchor: number, { delta }: RawOutputs): Box {
  const [y, x, height, width] = boxes.subarray(4 * anchor, 4 * anchor + 4);
  const [centreY, centreX] = [delta(anchor, 0) * height + y, delta(anchor, 1) * width + x];
  const [halfHeight, halfWidth] = [(Math.exp(delta(anchor, 2)) * height) / 2, (Math.exp(delta(anchor, 3)) * width) / 2];
  return { x1: centreX - halfWidth, y1: centreY - halfHeight, x2: centreX + halfWidth, y2: centreY + halfHeight };
}
