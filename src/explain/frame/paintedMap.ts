import type { ExplainSettings } from '../settings.js';
import { aboveFloor, type SaliencyMap } from '../../maps/saliencyMap.js';

/**
 * The map as it is painted, and as every figure beside it is taken from: that of a method that masks has a floor, what the box scores with any mask,
 * which is taken away.
 */
export function paintedMap(map: SaliencyMap, settings: ExplainSettings): SaliencyMap {
  return 'passes' in settings || settings.method === 'sidu' ? aboveFloor(map) : map;
}
