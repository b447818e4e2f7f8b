import type { Size } from '../../geometry/letterbox.js';
import type { MaskStream } from '../masks/maskStream.js';
import { CorrectedRidgeEstimate } from './correctedRidgeEstimate.js';
import { CorrectedSparseBayesEstimate } from './correctedSparseBayesEstimate.js';
import { RegressionEstimate } from './regressionEstimate.js';
import { RidgeEstimate } from './ridgeEstimate.js';
import { SparseBayesEstimate } from './sparseBayesEstimate.js';
import { RiseEstimate, type MapEstimate } from './riseEstimate.js';
import type { SettingsOf } from '../settings.js';

type Wanted = Pick<SettingsOf<'rise'>, 'estimator' | 'mapStride'> & Partial<Pick<SettingsOf<'live-rise'>, 'corrected'>>;

/** Size of the maps over a content area. */
export function mapSize(content: Size, { mapStride }: Pick<Wanted, 'mapStride'>): Size {
  return { width: Math.ceil(content.width / mapStride), height: Math.ceil(content.height / mapStride) };
}

/**
 * The estimator that the settings ask for.
 * @param settings with `corrected` above 0 (`sparse-bayes` and `box-prior` only), scores are those of CorrectedSparseBayesEstimate
 */
export function estimateOf(settings: Wanted, stream: MaskStream, targetCount: number): MapEstimate {
  const { content, probability } = stream.options;
  const geometry = { ...mapSize(content, settings), content };
  const corrected = (settings.corrected ?? 0) > 0;
  switch (settings.estimator) {
    case 'sparse-bayes':
      return new (corrected ? CorrectedSparseBayesEstimate : SparseBayesEstimate)(geometry, stream, targetCount);
    case 'box-prior':
      return new (corrected ? CorrectedRidgeEstimate : RidgeEstimate)(geometry, stream, targetCount);
    case 'regression':
      return new RegressionEstimate(geometry, stream, targetCount);
    case 'mean':
      return new RiseEstimate(geometry, probability, targetCount);
  }
}
