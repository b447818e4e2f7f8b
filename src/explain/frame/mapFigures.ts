import type { Box } from '../../geometry/box.js';
import type { Size } from '../../geometry/letterbox.js';
import { attentionFigures, type AttentionFigures } from '../../maps/attention.js';
import { boxBlob } from '../../maps/boxBlob.js';
import type { SaliencyMap } from '../../maps/saliencyMap.js';
import type { Explanation } from '../explanation.js';
import type { ExplainSettings } from '../settings.js';
import { paintedMap } from './paintedMap.js';

/**
 * Figures about one target's map by name, for example `energy_in_box`, taken from the map that is painted; `flat_in_box` and `blob_in_box` are what
 * `energy_in_box` would be of a map that anybody could draw without a pass.
 */
export function mapFigures({ request, targets }: Explanation, index: number): ReadonlyMap<string, number> {
  const { size, settings } = request;
  const { box } = request.targets[index];
  const { map, convergence } = targets[index];
  const figures = (of: SaliencyMap): AttentionFigures => attentionFigures(of, box, size.width, size.height);
  const attention = figures(paintedMap(map, settings));
  return new Map([
    ['energy_in_box', attention.energyInBox],
    ['energy_gain', attention.energyGain],
    ['peak_in_box', attention.peakInBox ? 1 : 0],
    ...comparisons(box, size, settings, map).map(([name, other]) => [name, figures(other).energyInBox] as const),
    ...(convergence === undefined ? [] : [['convergence', convergence] as const]),
  ]);
}

/** A flat map and, of methods that mask, a blob at the box. */
function comparisons(box: Box, size: Size, settings: ExplainSettings, map: SaliencyMap): [string, SaliencyMap][] {
  const flat: [string, SaliencyMap] = ['flat_in_box', { ...map, values: map.values.map(() => 1) }];
  if (!('grid' in settings)) return [flat];
  const cell = { width: size.width / settings.grid.columns, height: size.height / settings.grid.rows };
  return [flat, ['blob_in_box', boxBlob(box, size, cell, map)]];
}
