import { attentionFigures } from '../../maps/attention.js';
import type { Explanation } from '../explanation.js';

/** Figures about one target's map by name, for example `energy_in_box`. */
export function mapFigures({ request, targets }: Explanation, index: number): ReadonlyMap<string, number> {
  const { size } = request;
  const { map, convergence } = targets[index];
  const attention = attentionFigures(map, request.targets[index].box, size.width, size.height);
  return new Map([
    ['energy_in_box', attention.energyInBox],
    ['energy_gain', attention.energyGain],
    ['peak_in_box', attention.peakInBox ? 1 : 0],
    ...(convergence === undefined ? [] : [['convergence', convergence] as const]),
  ]);
}
