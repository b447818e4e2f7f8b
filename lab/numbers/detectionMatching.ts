import { area, type Box, intersectionArea } from '../../src/geometry/box.js';

/** A true object. `ignore`: neither asked for nor held against a detector that finds it (COCO's `iscrowd` and `ignore`). */
export interface GroundTruth {
  readonly image: number;
  readonly classIndex: number;
  readonly box: Box;
  /** Area that decides the size range, square pixels; COCO takes the mask's. The box's unless given. */
  readonly area?: number;
  readonly ignore?: boolean;
  /** A crowd may be matched many times, and overlap with it is measured over the detection's area alone. Implies `ignore`. */
  readonly crowd?: boolean;
}

export interface ScoredBox {
  readonly image: number;
  readonly classIndex: number;
  readonly box: Box;
  readonly score: number;
}

/** What became of a detection: found an object that was asked for, or nothing; `ignored` counts neither way. */
export type Verdict = 'true' | 'false' | 'ignored';

const MAX_DETECTIONS = 100;

/** Truth and detections of one class in one image, detections by falling score (stable), at most 100; IoU detection × truth. */
export interface Pair<Found extends ScoredBox = ScoredBox> {
  readonly truth: readonly GroundTruth[];
  readonly detections: readonly Found[];
  readonly overlaps: readonly (readonly number[])[];
}

/** By class, images in order. */
export function pairUp<Found extends ScoredBox>(
  truth: readonly GroundTruth[],
  detections: readonly Found[],
): Map<number, Pair<Found>[]> {
  interface Members {
    readonly truth: GroundTruth[];
    readonly detections: Found[];
  }
  const groups = new Map<number, Map<number, Members>>();
  const group = (classIndex: number, image: number): Members => {
    let images = groups.get(classIndex);
    if (!images) groups.set(classIndex, (images = new Map<number, Members>()));
    let found = images.get(image);
    if (!found) images.set(image, (found = { truth: [], detections: [] }));
    return found;
  };
  for (const t of truth) group(t.classIndex, t.image).truth.push(t);
  for (const d of detections) group(d.classIndex, d.image).detections.push(d);
  return new Map(
    [...groups].map(([classIndex, images]) => [
      classIndex,
      [...images]
        .sort(([a], [b]) => a - b)
        .map(([, { truth: t, detections: d }]) => {
          const sorted = d.sort((a, b) => b.score - a.score).slice(0, MAX_DETECTIONS);
          return { truth: t, detections: sorted, overlaps: sorted.map(({ box }) => t.map((g) => overlap(box, g))) };
        }),
    ]),
  );
}

function overlap(box: Box, { box: other, crowd }: GroundTruth): number {
  const shared = intersectionArea(box, other);
  const whole = crowd ? area(box) : area(box) + area(other) - shared;
  return whole > 0 ? shared / whole : 0;
}

/**
 * Gives each detection, best first, the free truth with the highest IoU ≥ the threshold; truth that is asked for goes before
 * ignored truth. Detections that fall on ignored truth, or on nothing while outside the size range, do not count.
 * @param ignored for each truth
 * @param outside whether an area lies outside the size range
 * @returns a verdict for each of the pair's detections
 */
export function match(
  { truth, detections, overlaps }: Pair,
  ignored: readonly boolean[],
  threshold: number,
  outside: (area: number) => boolean,
): Verdict[] {
  const order = truth.map((_, i) => i).sort((a, b) => Number(ignored[a]) - Number(ignored[b]));
  const taken = new Set<number>();
  return detections.map((detection, d) => {
    let best = Math.min(threshold, 1 - 1e-10);
    let chosen = -1;
    for (const g of order) {
      if (taken.has(g) && !truth[g]?.crowd) continue;
      if (chosen >= 0 && !ignored[chosen] && ignored[g]) break;
      const iou = overlaps[d]?.[g] ?? 0;
      if (iou < best) continue;
      best = iou;
      chosen = g;
    }
    if (chosen >= 0) taken.add(chosen);
    const skip = chosen >= 0 ? ignored[chosen] : outside(area(detection.box));
    return skip ? 'ignored' : chosen >= 0 ? 'true' : 'false';
  });
}

/** Which detections COCO counts as true and as false at one IoU threshold, objects of all sizes asked for. */
export function judgeDetections<Found extends ScoredBox>(
  truth: readonly GroundTruth[],
  detections: readonly Found[],
  iouThreshold: number,
): Map<Found, Verdict> {
  const verdicts = new Map<Found, Verdict>(detections.map((detection) => [detection, 'ignored']));
  for (const pairs of pairUp(truth, detections).values())
    for (const pair of pairs) {
      const ignored = pair.truth.map(({ ignore, crowd }) => !!ignore || !!crowd);
      match(pair, ignored, iouThreshold, () => false).forEach((verdict, d) =>
        verdicts.set(pair.detections[d], verdict),
      );
    }
  return verdicts;
}
