import { area } from '../../src/geometry/box.js';
import { type GroundTruth, match, type Pair, pairUp, type ScoredBox } from './detectionMatching.js';

/** IoU thresholds 0.50, 0.55 … 0.95. */
export const IOU_THRESHOLDS: readonly number[] = Array.from({ length: 10 }, (_, i) => 0.5 + (0.45 / 9) * i);
/** Recall levels 0, 0.01 … 1. */
const RECALLS = Array.from({ length: 101 }, (_, i) => i * 0.01);

/** Size ranges in square pixels, both ends included. */
export const AREA_RANGES = {
  all: [0, 1e10],
  small: [0, 32 * 32],
  medium: [32 * 32, 96 * 96],
  large: [96 * 96, 1e10],
} as const;
export type AreaRange = keyof typeof AREA_RANGES;

/** COCO's averages; `undefined` where nothing of the kind is in the truth. All in [0, 1]. */
export interface CocoSummary {
  /** Mean over IoU 0.50:0.95 and classes. */
  readonly mAP: number | undefined;
  readonly mAP50: number | undefined;
  readonly mAP75: number | undefined;
  readonly small: number | undefined;
  readonly medium: number | undefined;
  readonly large: number | undefined;
  /** Mean of the highest recall that is reached with 100 detections an image. */
  readonly recall: number | undefined;
  readonly classes: readonly ClassSummary[];
}

export interface ClassSummary {
  readonly classIndex: number;
  readonly mAP: number | undefined;
  readonly mAP50: number | undefined;
  /** Objects asked for. */
  readonly objects: number;
}

/**
 * The COCO detection metric as pycocotools 2.0 computes it (bounding boxes; 101-point interpolated precision, at most 100
 * detections an image and class).
 *
 * @param classCount classes are 0 … classCount − 1
 */
export function evaluateDetections(
  truth: readonly GroundTruth[],
  detections: readonly ScoredBox[],
  classCount: number,
): CocoSummary {
  const pairs = pairUp(truth, detections);
  const curves = {} as Record<AreaRange, (ClassCurve | undefined)[]>;
  for (const range of Object.keys(AREA_RANGES) as AreaRange[]) {
    curves[range] = Array.from({ length: classCount }, (_, c) => classCurve(pairs.get(c) ?? [], AREA_RANGES[range]));
  }
  const average = (range: AreaRange, threshold?: number): number | undefined =>
    mean(curves[range].flatMap((c) => (!c ? [] : threshold === undefined ? c.precision : [c.precision[threshold]])));
  return {
    mAP: average('all'),
    mAP50: average('all', 0),
    mAP75: average('all', 5),
    small: average('small'),
    medium: average('medium'),
    large: average('large'),
    recall: mean(curves.all.flatMap((c) => c?.recall ?? [])),
    classes: curves.all.map((curve, classIndex) => ({
      classIndex,
      mAP: curve && mean(curve.precision),
      mAP50: curve?.precision[0],
      objects: curve?.objects ?? 0,
    })),
  };
}

interface ClassCurve {
  /** Average precision at each IoU threshold. */
  readonly precision: number[];
  readonly recall: number[];
  readonly objects: number;
}

/** A class's average precision and recall at each IoU threshold; undefined where no object of the range is asked for. */
function classCurve(pairs: readonly Pair[], range: readonly [number, number]): ClassCurve | undefined {
  const outside = (a: number): boolean => a < range[0] || a > range[1];
  const ignored = pairs.map(({ truth }) => truth.map((t) => !!t.ignore || !!t.crowd || outside(t.area ?? area(t.box))));
  const objects = ignored.reduce((sum, flags) => sum + flags.filter((flag) => !flag).length, 0);
  if (objects === 0) return undefined;
  const precision: number[] = [];
  const recall: number[] = [];
  for (const threshold of IOU_THRESHOLDS) {
    const hits: { score: number; hit: boolean }[] = [];
    pairs.forEach((pair, i) => {
      match(pair, ignored[i], threshold, outside).forEach((verdict, d) => {
        if (verdict !== 'ignored') hits.push({ score: pair.detections[d].score, hit: verdict === 'true' });
      });
    });
    hits.sort((a, b) => b.score - a.score);
    const { average, highest } = interpolate(hits, objects);
    precision.push(average);
    recall.push(highest);
  }
  return { precision, recall, objects };
}

/** 101-point interpolation: at each recall level the highest precision that is reached there or later. */
function interpolate(hits: readonly { hit: boolean }[], objects: number): { average: number; highest: number } {
  const recalls: number[] = [];
  const precisions: number[] = [];
  let found = 0;
  hits.forEach(({ hit }, i) => {
    if (hit) found++;
    recalls.push(found / objects);
    precisions.push(found / (i + 1 + Number.EPSILON));
  });
  for (let i = precisions.length - 2; i >= 0; i--) {
    precisions[i] = Math.max(precisions[i], precisions[i + 1]);
  }
  let sum = 0;
  let at = 0;
  for (const level of RECALLS) {
    while (at < recalls.length && recalls[at] < level) at++;
    if (at === recalls.length) break;
    sum += precisions[at];
  }
  return { average: sum / RECALLS.length, highest: recalls.at(-1) ?? 0 };
}

function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((v) => v !== undefined);
  return known.length > 0 ? known.reduce((sum, v) => sum + v, 0) / known.length : undefined;
}
