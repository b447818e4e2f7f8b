/**
 * An axis-aligned box in continuous pixel coordinates: pixel (0, 0) covers [0, 1) × [0, 1), so a box over the whole of a
 * 640×480 image is `{ x1: 0, y1: 0, x2: 640, y2: 480 }`. `x2 ≥ x1`, `y2 ≥ y1`.
 */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Width × height in square pixels; 0 for a degenerate box. */
export function area(box: Box): number {
  return Math.max(0, box.x2 - box.x1) * Math.max(0, box.y2 - box.y1);
}

/** Area that two boxes share, in square pixels. */
export function intersectionArea(a: Box, b: Box): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Intersection over union in [0, 1]; 0 where both boxes are degenerate. */
export function iou(a: Box, b: Box): number {
  const shared = intersectionArea(a, b);
  const union = area(a) + area(b) - shared;
  return union > 0 ? shared / union : 0;
}

/** The part of `box` inside a `width` × `height` image. */
export function clip(box: Box, width: number, height: number): Box {
  const x = (value: number): number => Math.min(Math.max(value, 0), width);
  const y = (value: number): number => Math.min(Math.max(value, 0), height);
  return { x1: x(box.x1), y1: y(box.y1), x2: x(box.x2), y2: y(box.y2) };
}
