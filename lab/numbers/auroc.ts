import type { GroupStatistic } from './groupBootstrap.js';
import type { LabelledCases } from './labelledCases.js';

/**
 * Area under the receiver operating characteristic, as a function of how often each group counts: the probability that a true case
 * drawn at random has a higher value than a false one, ties counting half (Mann and Whitney's U divided by its greatest value). In
 * [0, 1]: 0.5 tells nothing, below 0.5 low values speak for true. NaN without true or without false cases.
 *
 * With `U[g][h]` the wins of group g's true cases over group h's false ones it is `Σ w_g w_h U[g][h] / (Σ w_g P_g · Σ w_h N_h)`, so
 * that a resample of groups costs nothing but this sum.
 * @param values one for each case, no NaN
 */
export function aurocByGroup(values: ArrayLike<number>, cases: LabelledCases): GroupStatistic {
  const { positive, group, groups } = cases;
  const wins = new Float64Array(groups * groups);
  const trueCases = new Float64Array(groups);
  const below = new Float64Array(groups);
  const order = risingOrder(values, positive.length);
  for (let from = 0; from < order.length;) {
    const tied = tieEnd(order, values, from);
    const members = order.slice(from, tied);
    const beaten = below.slice();
    for (const i of members) if (!positive[i]) beaten[group[i]] += 0.5;
    for (const i of members) {
      if (!positive[i]) below[group[i]]++;
      else {
        trueCases[group[i]]++;
        for (let h = 0; h < groups; h++) wins[group[i] * groups + h] += beaten[h];
      }
    }
    from = tied;
  }
  return (weights) => {
    let [won, truths, falses] = [0, 0, 0];
    for (let g = 0; g < groups; g++) {
      const weight = weights[g];
      if (weight === 0) continue;
      truths += weight * trueCases[g];
      falses += weight * below[g];
      let row = 0;
      for (let h = 0; h < groups; h++) row += weights[h] * wins[g * groups + h];
      won += weight * row;
    }
    return won / (truths * falses);
  };
}

/** AUROC of the whole sample: see aurocByGroup. */
export function auroc(values: ArrayLike<number>, positive: readonly boolean[]): number {
  return aurocByGroup(values, { positive, group: positive.map(() => 0), groups: 1 })([1]);
}

export interface RocPoint {
  /** Share of false cases at or above a threshold. */
  readonly falseRate: number;
  /** Share of true cases there. */
  readonly trueRate: number;
}

/** The characteristic itself, from (0, 0) to (1, 1), a point for each distinct value; needs true and false cases. */
export function rocCurve(values: ArrayLike<number>, positive: readonly boolean[]): RocPoint[] {
  const truths = positive.filter((is) => is).length;
  const falses = positive.length - truths;
  const order = risingOrder(values, positive.length).reverse();
  const points: RocPoint[] = [{ falseRate: 0, trueRate: 0 }];
  let [hits, alarms] = [0, 0];
  for (let from = 0; from < order.length;) {
    const tied = tieEnd(order, values, from);
    for (const i of order.slice(from, tied)) {
      if (positive[i]) hits++;
      else alarms++;
    }
    points.push({ falseRate: alarms / falses, trueRate: hits / truths });
    from = tied;
  }
  return points;
}

function risingOrder(values: ArrayLike<number>, count: number): number[] {
  return Array.from({ length: count }, (_, i) => i).sort((a, b) => values[a] - values[b]);
}

/** End of the run of equal values that starts at `from`. */
function tieEnd(order: readonly number[], values: ArrayLike<number>, from: number): number {
  let end = from + 1;
  while (end < order.length && values[order[end]] === values[order[from]]) end++;
  return end;
}
