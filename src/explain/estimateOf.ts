import type { Size } from '../geometry/letterbox.js';
import type { MaskStream } from '../saliency/maskStream.js';
import { RegressionEstimate } from '../saliency/regressionEstimate.js';
import { RiseEstimate, type MapEstimate } from '../saliency/riseEstimate.js';
import type { SettingsOf } from './settings.js';

type Wanted = Pick<SettingsOf<'rise'>, 'estimator' | 'mapStride'>;

/** Size of the maps over a content area. */
export function mapSize(content: Size, { mapStride }: Pick<Wanted, 'mapStride'>): Size {
  return { width: Math.ceil(content.width / mapStride), height: Math.ceil(content.height / mapStride) };
}

/** The estimator that the settings ask for. */
export function estimateOf(settings: Wanted, stream: MaskStream, targetCount: number): MapEstimate {
  const { content, probability } = stream.options;
  const geometry = { ...mapSize(content, settings), content };
  return settings.estimator === 'regression'
    ? new RegressionEstimate(geometry, stream, targetCount)
    : new RiseEstimate(geometry, probability, stream.groupSize, targetCount);
}
