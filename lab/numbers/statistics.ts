/**
 * Figures about samples that come in groups (the pictures of one drive resemble each other, so they are resampled together).
 * Written here because the statistics packages at hand resample single values only.
 */

/** A value and the group that it belongs to. */
export interface GroupedValue {
  readonly value: number;
  readonly group: string;
}

export interface Summary {
  readonly count: number;
  readonly mean: number;
  /** Of the single values, n − 1 in the denominator; 0 for one value. */
  readonly deviation: number;
  /** Of the mean; null for a single group, which says nothing about how groups differ. */
  readonly interval: Interval | null;
}

/** 95 % bootstrap interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Uniform random numbers in [0, 1). */
export type Uniform = () => number;

export const RESAMPLES = 10_000;
const TAIL = 0.025;

/** Mean and sample standard deviation. */
export function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

/**
 * Mean with its 95 % percentile interval (Efron 1979) from resampling whole groups with replacement.
 * @param sample at least one
 * @param uniform decides what is drawn: the same numbers give the same interval
 */
export function summarise(sample: readonly GroupedValue[], uniform: Uniform, resamples = RESAMPLES): Summary {
  if (sample.length === 0) throw new RangeError('there is no mean of nothing');
  const { mean, deviation } = meanAndDeviation(sample.map(({ value }) => value));
  const groups = groupSums(sample);
  if (groups.length < 2) return { count: sample.length, mean, deviation, interval: null };
  const means = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    let [sum, count] = [0, 0];
    for (let g = 0; g < groups.length; g++) {
      const drawn = groups[Math.floor(uniform() * groups.length)];
      sum += drawn.sum;
      count += drawn.count;
    }
    means[r] = sum / count;
  }
  means.sort();
  const at = (share: number): number => means[Math.min(resamples - 1, Math.floor(share * resamples))];
  return { count: sample.length, mean, deviation, interval: { low: at(TAIL), high: at(1 - TAIL) } };
}

/** Above this many groups the signs are drawn, below all of them are tried. */
const EXACT_GROUPS = 13;

/**
 * Two-sided paired test by flipping signs: were the two methods equal, each group's sum of differences could as well have the
 * other sign. Exact up to 13 groups, else from `resamples` random flips (with the observed one counted in, so never 0).
 * @param differences first minus second, one for each picture that has both
 * @returns p in (0, 1]; few groups cannot reach small values: with n groups no p is below 2 / 2ⁿ
 */
export function pairedSignFlipTest(
  differences: readonly GroupedValue[],
  uniform: Uniform,
  resamples = RESAMPLES,
): number {
  const sums = groupSums(differences).map(({ sum }) => sum);
  const observed = Math.abs(sums.reduce((total, sum) => total + sum, 0));
  // Sums that are equal but for rounding count as equal.
  const reached = (total: number): boolean => Math.abs(total) >= observed * (1 - 1e-12);
  if (sums.length <= EXACT_GROUPS) {
    const all = 2 ** sums.length;
    let extreme = 0;
    for (let signs = 0; signs < all; signs++)
      if (reached(sums.reduce((total, sum, g) => total + (signs & (1 << g) ? -sum : sum), 0))) extreme++;
    return extreme / all;
  }
  let extreme = 1;
  for (let r = 0; r < resamples; r++)
    if (reached(sums.reduce((total, sum) => total + (uniform() < 0.5 ? -sum : sum), 0))) extreme++;
  return extreme / (resamples + 1);
}

/** Holm's correction (1979) for asking several questions at once; in the order given, each in (0, 1]. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const corrected = new Array<number>(pValues.length);
  let least = 0;
  order.forEach(({ p, index }, rank) => {
    least = Math.max(least, Math.min(1, p * (pValues.length - rank)));
    corrected[index] = least;
  });
  return corrected;
}

function groupSums(sample: readonly GroupedValue[]): { sum: number; count: number }[] {
  const groups = new Map<string, { sum: number; count: number }>();
  for (const { value, group } of sample) {
    const entry = groups.get(group) ?? { sum: 0, count: 0 };
    groups.set(group, { sum: entry.sum + value, count: entry.count + 1 });
  }
  return [...groups.values()];
}
