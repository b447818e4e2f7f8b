import { type Interval, RESAMPLES, type Uniform } from './statistics.js';

/**
 * A figure of a sample in groups, as a function of how often each group counts; all ones is the sample itself. NaN where it is not
 * defined, as where no true case was drawn.
 * @param weights one for each group, from 0
 */
export type GroupStatistic = (weights: ArrayLike<number>) => number;

export interface Estimate {
  readonly value: number;
  /** 95 %; null for fewer than two groups, which say nothing about how groups differ. */
  readonly interval: Interval | null;
}

const TAIL = 0.025;

/** `a − b` on the same groups: its interval is a paired one. */
export function difference(a: GroupStatistic, b: GroupStatistic): GroupStatistic {
  return (weights) => a(weights) - b(weights);
}

/**
 * A figure with its 95 % percentile interval (Efron 1979) from resampling whole groups with replacement. Resamples in which the
 * figure is not defined are left out.
 * @param groups at least one
 * @param uniform decides what is drawn: the same numbers give the same interval
 */
export function estimate(statistic: GroupStatistic, groups: number, uniform: Uniform, resamples = RESAMPLES): Estimate {
  const value = statistic(new Float64Array(groups).fill(1));
  if (groups < 2) return { value, interval: null };
  const values: number[] = [];
  const weights = new Float64Array(groups);
  for (let r = 0; r < resamples; r++) {
    weights.fill(0);
    for (let g = 0; g < groups; g++) weights[Math.floor(uniform() * groups)]++;
    const drawn = statistic(weights);
    if (!Number.isNaN(drawn)) values.push(drawn);
  }
  if (values.length === 0) return { value, interval: null };
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { value, interval: { low: at(TAIL), high: at(1 - TAIL) } };
}
