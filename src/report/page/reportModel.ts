import type { ReportHeader, SetRow } from './format.js';
import type { PictureStore } from './pictureStore.js';
import { sortedOrder, type SortableSet } from './ordering.js';
import { setFigures } from './setFigures.js';
import type { ViewerState } from './viewerState.js';

/** All that the page's parts draw from. */
export interface ReportModel {
  readonly header: ReportHeader;
  readonly sets: readonly SetRow[];
  /** One for each set. */
  readonly figures: readonly SortableSet[];
  readonly pictures: PictureStore;
  /** Spectra (indices) that occur. */
  readonly spectra: readonly number[];
}

export function makeModel(header: ReportHeader, sets: readonly SetRow[], pictures: PictureStore): ReportModel {
  const figures = sets.map((row) => ({ ...setFigures(row), time: row.t }));
  const spectra = header.totals.frames.flatMap((frames, spectrum) => (frames > 0 ? [spectrum] : []));
  return { header, sets, figures, pictures, spectra };
}

/** Positions of the sets that the state's filters let through, sorted as it says. */
export function orderFor(
  model: ReportModel,
  {
    sortKey,
    descending,
    onlyClass,
    onlyPictures,
    onlyExplained,
  }: Pick<ViewerState, 'sortKey' | 'descending' | 'onlyClass' | 'onlyPictures' | 'onlyExplained'>,
): number[] {
  return sortedOrder(model.figures, sortKey, descending).filter((position) => {
    const row = model.sets[position];
    if (row === undefined || (onlyPictures && !model.pictures.has(row.n))) return false;
    if (onlyExplained && row.x === 0) return false;
    return onlyClass === null || row.f.some((frame) => frame[4].some(([classIndex]) => classIndex === onlyClass));
  });
}

/** The set that is shown; undefined where the filters let none through. */
export function shownSet(model: ReportModel, state: ViewerState): SetRow | undefined {
  return model.sets[state.order[state.at] ?? -1];
}

/** Position within `order` of the set that is nearest in time. */
export function nearestInTime(model: ReportModel, order: readonly number[], timeMs: number): number {
  let best = 0;
  let bestGap = Infinity;
  order.forEach((position, at) => {
    const gap = Math.abs((model.sets[position]?.t ?? Infinity) - timeMs);
    if (gap < bestGap) [best, bestGap] = [at, gap];
  });
  return best;
}
