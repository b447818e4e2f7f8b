import { area, type Box } from '../../geometry/box.js';
import type { AnchorGrid } from '../../detector/anchors.js';

/**
 * The anchors that can become a box: those whose own rectangles overlap it most, and where fewer than `count` touch it at all
 * (a box far smaller or larger than every anchor), the nearest of the rest. An anchor's box stays near the anchor, for the
 * network has only learned to move anchors that overlap an object already.
 * @param box in input pixels
 * @returns indices into the grid, best first; `count` of them, or all anchors where there are fewer
 */
export function candidateAnchors(grid: AnchorGrid, box: Box, count: number): Int32Array {
  const { boxes } = grid;
  const overlaps = new Float64Array(grid.count);
  const touching: number[] = [];
  for (let i = 0, at = 0; i < grid.count; i++, at += 4) {
    const halfHeight = boxes[at + 2] / 2;
    const halfWidth = boxes[at + 3] / 2;
    const shared =
      side(boxes[at] - halfHeight, boxes[at] + halfHeight, box.y1, box.y2) *
      side(boxes[at + 1] - halfWidth, boxes[at + 1] + halfWidth, box.x1, box.x2);
    if (shared === 0) continue;
    overlaps[i] = shared / (4 * halfHeight * halfWidth + area(box) - shared);
    touching.push(i);
  }
  touching.sort((a, b) => overlaps[b] - overlaps[a] || a - b);
  if (touching.length >= count) return Int32Array.from(touching.slice(0, count));
  const centreX = (box.x1 + box.x2) / 2;
  const centreY = (box.y1 + box.y2) / 2;
  const distance = (i: number): number => Math.hypot(boxes[4 * i] - centreY, boxes[4 * i + 1] - centreX);
  const rest = Array.from({ length: grid.count }, (_, i) => i).filter((i) => overlaps[i] === 0);
  rest.sort((a, b) => distance(a) - distance(b) || a - b);
  return Int32Array.from([...touching, ...rest].slice(0, count));
}

/** Length that two intervals share. */
function side(from: number, to: number, otherFrom: number, otherTo: number): number {
  return Math.max(0, Math.min(to, otherTo) - Math.max(from, otherFrom));
}
