import { estimateOf } from '../../src/explain/estimates/estimateOf.js';
import { isCorrected } from '../../src/explain/estimates/correctedRidgeEstimate.js';
import type { MapEstimate } from '../../src/explain/estimates/riseEstimate.js';
import type { Sampler } from '../../src/explain/masks/maskStream.js';
import type { Estimator } from '../../src/explain/settings.js';

/** A way from masks and scores to a map. */
export interface ReasonMethod {
  readonly name: string;
  readonly sampler: Sampler;
  readonly estimator: Estimator;
  /** Masks are scored by a cheap, biased detector, and so many of a hundred by the true one too. */
  readonly corrected?: number;
  /** Cells along each side, where they are not the default's. */
  readonly cells?: number;
  /** Masks after which the map is judged. */
  readonly passes: readonly number[];
}

/** Passes that the card is printed for. */
export const CARD_PASSES = [60, 100, 250, 500] as const;

export const REASON_METHODS: readonly ReasonMethod[] = [
  { name: 'plain RISE', sampler: 'plain', estimator: 'mean', passes: CARD_PASSES },
  { name: 'default: sparse Bayes', sampler: 'plain', estimator: 'sparse-bayes', passes: CARD_PASSES },
  { name: 'box prior (the old default)', sampler: 'importance', estimator: 'box-prior', passes: CARD_PASSES },
  { name: 'sparse Bayes on favoured masks', sampler: 'importance', estimator: 'sparse-bayes', passes: [100] },
  {
    name: 'live masks, 30 of 100 corrected',
    sampler: 'plain',
    estimator: 'sparse-bayes',
    corrected: 30,
    passes: [100],
  },
  {
    name: 'live masks, box prior, 30 of 100 corrected',
    sampler: 'importance',
    estimator: 'box-prior',
    corrected: 30,
    passes: [100],
  },
  { name: 'live masks, none corrected', sampler: 'plain', estimator: 'sparse-bayes', corrected: 0, passes: [100] },
];

/** Pixels of the picture to a value of a map: the default's. */
export const MAP_STRIDE = 8;

export function makeEstimate(
  { estimator, corrected }: ReasonMethod,
  stream: Parameters<typeof estimateOf>[1],
): MapEstimate {
  return estimateOf({ estimator, mapStride: MAP_STRIDE, corrected: corrected ?? 0 }, stream, 1);
}

/** Whether mask `index` is passed through the true detector too. */
export function isTrueToo({ corrected = 0 }: ReasonMethod, index: number): boolean {
  return isCorrected(index % 100, 100, corrected);
}
