import type { SetRow } from './format.js';

/** Positions of the sets that fall into one stretch of time. */
export interface TimeBucket {
  /** Middle of the stretch, seconds since the start of the report. */
  readonly seconds: number;
  readonly positions: readonly number[];
}

/**
 * Groups sets by time into at most `most` stretches of equal length; few sets get a stretch each.
 * Ascending in time even where the recording's clock stepped back. Stretches without a set are left out.
 */
export function timeBuckets(sets: readonly SetRow[], most: number): TimeBucket[] {
  const times = sets.map((set) => set.t);
  const start = times.reduce((least, time) => Math.min(least, time), Infinity);
  const end = times.reduce((latest, time) => Math.max(latest, time), -Infinity);
  const isFew = new Set(times).size <= most;
  const length = (end - start) / most;
  const middleOf = (time: number): number =>
    isFew ? time : start + (Math.min(most - 1, Math.floor((time - start) / length)) + 0.5) * length;

  const groups = new Map<number, number[]>();
  times.forEach((time, position) => {
    const middle = middleOf(time);
    const group = groups.get(middle);
    if (group === undefined) groups.set(middle, [position]);
    else group.push(position);
  });
  return [...groups]
    .map(([middle, positions]) => ({ seconds: middle / 1000, positions }))
    .sort((a, b) => a.seconds - b.seconds);
}
