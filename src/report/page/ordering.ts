import type { SetFigures } from './setFigures.js';

/** What the frame list can be sorted by. */
export const SORT_KEYS = {
  time: 'Time',
  bestScore: 'Best score',
  detections: 'Number of detections',
  energyInBox: 'Energy in box (mean)',
  energyGain: 'Energy gain (mean)',
  peakInBox: 'Peak in box (share)',
  dissimilarity: 'Dissimilarity of spectra',
} as const;

export type SortKey = keyof typeof SORT_KEYS;

export interface SortableSet extends SetFigures {
  readonly time: number;
}

/**
 * Positions of `sets`, sorted; those without the figure come last in both directions, equal ones keep their order.
 */
export function sortedOrder(sets: readonly SortableSet[], key: SortKey, descending: boolean): number[] {
  const sign = descending ? -1 : 1;
  return sets
    .map((set, position) => ({ position, value: set[key] }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
      return sign * (a.value - b.value) || a.position - b.position;
    })
    .map(({ position }) => position);
}
