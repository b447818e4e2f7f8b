import type { GroupStatistic } from './groupBootstrap.js';
import type { LabelledCases } from './labelledCases.js';

/** Bins of equal width over [0, 1] for reliability and expected calibration error. */
export const CALIBRATION_BINS = 10;

/** Cases whose probability lies in (low, high]; 0 lies in the first bin. */
export interface ReliabilityBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  readonly meanProbability: number;
  /** Share of them that is true. */
  readonly trueShare: number;
}

/** A reliability diagram; bins without cases are left out. */
export function reliability(
  probabilities: ArrayLike<number>,
  positive: readonly boolean[],
  bins = CALIBRATION_BINS,
): ReliabilityBin[] {
  const { counts, sums, truths } = binSums(probabilities, { positive, group: positive.map(() => 0), groups: 1 }, bins);
  return Array.from({ length: bins }, (_, b) => ({
    low: b / bins,
    high: (b + 1) / bins,
    count: counts[b],
    meanProbability: sums[b] / counts[b],
    trueShare: truths[b] / counts[b],
  })).filter(({ count }) => count > 0);
}

/**
 * Brier's score (1950), the mean of `(p − y)²` with y = 1 for true cases: in [0, 1], low is good; a constant p equal to the share q of
 * true cases gives q(1 − q).
 */
export function brierByGroup(probabilities: ArrayLike<number>, cases: LabelledCases): GroupStatistic {
  const errors = new Float64Array(cases.groups);
  const counts = new Float64Array(cases.groups);
  squaredErrors(probabilities, cases.positive).forEach((error, i) => {
    errors[cases.group[i]] += error;
    counts[cases.group[i]]++;
  });
  return (weights) => {
    let [error, count] = [0, 0];
    for (let g = 0; g < cases.groups; g++) {
      error += weights[g] * errors[g];
      count += weights[g] * counts[g];
    }
    return error / count;
  };
}

/** `(p − y)²` of each case, whose mean is Brier's score. */
export function squaredErrors(probabilities: ArrayLike<number>, positive: readonly boolean[]): number[] {
  return positive.map((is, i) => (probabilities[i] - Number(is)) ** 2);
}

/**
 * Expected calibration error, `Σ_b n_b/n · |share of true cases − mean probability|` over the bins (Naeini et al. 2015, Guo et al. 2017):
 * in [0, 1], low is good. In small samples it is above 0 even for perfect probabilities.
 */
export function calibrationErrorByGroup(
  probabilities: ArrayLike<number>,
  cases: LabelledCases,
  bins = CALIBRATION_BINS,
): GroupStatistic {
  const { counts, sums, truths } = binSums(probabilities, cases, bins);
  return (weights) => {
    let [total, error] = [0, 0];
    for (let b = 0; b < bins; b++) {
      let gap = 0;
      for (let g = 0; g < cases.groups; g++) {
        gap += weights[g] * (truths[g * bins + b] - sums[g * bins + b]);
        total += weights[g] * counts[g * bins + b];
      }
      error += Math.abs(gap);
    }
    return error / total;
  };
}

/** Each [groups, bins]: cases, their probabilities and the true ones among them, added up. */
function binSums(
  probabilities: ArrayLike<number>,
  { positive, group, groups }: LabelledCases,
  bins: number,
): { counts: Float64Array; sums: Float64Array; truths: Float64Array } {
  const counts = new Float64Array(groups * bins);
  const sums = new Float64Array(groups * bins);
  const truths = new Float64Array(groups * bins);
  positive.forEach((is, i) => {
    const at = group[i] * bins + binOf(probabilities[i], bins);
    counts[at]++;
    sums[at] += probabilities[i];
    truths[at] += Number(is);
  });
  return { counts, sums, truths };
}

function binOf(probability: number, bins: number): number {
  const bin = Math.min(Math.max(Math.ceil(probability * bins) - 1, 0), bins - 1);
  // The product of a bound and the number of bins may be rounded up.
  return bin > 0 && probability <= bin / bins ? bin - 1 : bin;
}
