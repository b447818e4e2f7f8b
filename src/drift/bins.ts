/** How a figure's values are sorted into a fixed number of bins: distributions of any length take the same small room. */
export interface Bins {
  readonly count: number;
  /** Index of the bin of a value; values beyond the ends lie in the first or the last bin. */
  readonly of: (value: number) => number;
}

/** `count` bins of equal width from `low` to `high`. */
export function linearBins(low: number, high: number, count: number): Bins {
  return { count, of: (value) => inside(Math.floor(((value - low) / (high - low)) * count), count) };
}

/** Bins of equal ratio from 2^`low` to 2^`high`, `perOctave` of them from a value to its double; 0 lies in the first. */
export function logarithmicBins(low: number, high: number, perOctave: number): Bins {
  const count = (high - low) * perOctave;
  return { count, of: (value) => (value > 0 ? inside(Math.floor((Math.log2(value) - low) * perOctave), count) : 0) };
}

/** A bin from each of the starts, ascending, to the next one; the last is open. */
export function stepBins(starts: readonly number[]): Bins {
  const of = (value: number): number =>
    Math.max(
      0,
      starts.findLastIndex((start) => value >= start),
    );
  return { count: starts.length, of };
}

function inside(index: number, count: number): number {
  return Math.min(Math.max(index, 0), count - 1);
}
