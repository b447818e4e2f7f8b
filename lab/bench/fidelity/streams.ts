import type { SearchSpace } from '../../../src/explain/network/maskedGraph.js';
import type { MaskStreamOptions, Sampler } from '../../../src/explain/masks/maskStream.js';

/** One way of drawing masks and passing them, recorded once for each picture; every estimator is tried on the record. */
export interface RecordedStream {
  readonly name: string;
  readonly sampler: Sampler;
  readonly rows: number;
  readonly columns: number;
  readonly probability: number;
  readonly seed: number;
  /** Masks that are recorded. */
  readonly passes: number;
  /** What is masked: the picture, or the backbone's maps (live RISE). */
  readonly masks: 'picture' | 'features';
  /** Where targets are found again. */
  readonly among: SearchSpace;
  /** Which pictures: all, or the first of each spectrum. */
  readonly pictures: 'all' | 'first';
}

/** Names that the judging refers to. */
export const REFERENCE = 'reference';
export const PLAIN = 'plain';
export const IMPORTANCE = 'importance';
export const LIVE = 'live, importance';
export const AFTER_NMS = 'plain, after suppression';

/** Masks of the streams that are to be compared with the two main ones only. */
const FEW = 1000;
/** Masks of the stream that compares the two ways of finding a box again. */
const NMS_PASSES = 500;

const study = { rows: 8, columns: 8, probability: 0.1, masks: 'picture', among: 'anchors', pictures: 'all' } as const;

/**
 * The reference is the study's RISE with masks of its own. Live masks are those of `importance`, so that their scores and the full
 * ones of the same masks make corrected estimates without further passes.
 */
export function streams(reference: number, passes: number): RecordedStream[] {
  const own = { ...study, passes };
  const few = { ...study, passes: Math.min(passes, FEW) };
  const first = { ...few, sampler: 'importance', pictures: 'first' } as const;
  const nms = { ...first, sampler: 'plain', among: 'nms', passes: Math.min(passes, NMS_PASSES) } as const;
  return [
    { name: REFERENCE, sampler: 'plain', ...study, seed: 1_000_001, passes: reference },
    { name: PLAIN, sampler: 'plain', ...own, seed: 1 },
    { name: IMPORTANCE, sampler: 'importance', ...own, seed: 2 },
    { name: LIVE, sampler: 'importance', ...own, seed: 2, masks: 'features' },
    { name: AFTER_NMS, ...nms, seed: 1 },
    { name: 'importance, p = 0.25', ...first, probability: 0.25, seed: 6 },
    { name: 'importance, p = 0.5', ...first, probability: 0.5, seed: 7 },
    { name: 'importance, 6×6', ...first, rows: 6, columns: 6, seed: 8 },
    { name: 'importance, 12×12', ...first, rows: 12, columns: 12, seed: 9 },
  ];
}

export function streamOptions(
  { seed, rows, columns, probability, sampler }: RecordedStream,
  content: MaskStreamOptions['content'],
  targets: MaskStreamOptions['targets'],
): MaskStreamOptions {
  return { seed, content, grid: { rows, columns }, probability, sampler, targets };
}
