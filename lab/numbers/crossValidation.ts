import type { LabelledCases } from './labelledCases.js';
import { fitLogistic, predictLogistic } from './logisticRegression.js';
import type { Uniform } from './statistics.js';

/**
 * Deals groups into folds of nearly equal numbers of groups.
 * @returns the fold of each group
 */
export function dealFolds(groups: number, folds: number, uniform: Uniform): number[] {
  const order = Array.from({ length: groups }, (_, g) => g);
  for (let i = groups - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  const fold = new Array<number>(groups).fill(0);
  order.forEach((g, place) => (fold[g] = place % folds));
  return fold;
}

/**
 * Probabilities of a logistic regression (see fitLogistic) that has not seen the case's fold. Columns are standardised by the mean and
 * deviation of the cases that the model is fitted to.
 * @param rows [n, k]
 * @param fold of each group: see dealFolds
 * @returns [n]; where the other folds have true cases only, or none, their share
 */
export function crossValidated(
  rows: readonly (readonly number[])[],
  { positive, group }: LabelledCases,
  fold: readonly number[],
  ridge: number,
): Float64Array {
  const probabilities = new Float64Array(rows.length);
  for (const held of new Set(fold)) {
    const isHeld = (i: number): boolean => fold[group[i]] === held;
    const seen = rows.flatMap((_, i) => (isHeld(i) ? [] : [i]));
    const truths = seen.filter((i) => positive[i]).length;
    const scale = standardiser(seen.map((i) => rows[i]));
    const model =
      truths > 0 && truths < seen.length
        ? fitLogistic(
            seen.map((i) => scale(rows[i])),
            seen.map((i) => positive[i]),
            ridge,
          )
        : undefined;
    rows.forEach((row, i) => {
      if (!isHeld(i)) return;
      probabilities[i] = model ? predictLogistic(model, scale(row)) : seen.length > 0 ? truths / seen.length : 0.5;
    });
  }
  return probabilities;
}

/** `(x − mean) / deviation`, column by column; constant columns become 0. */
function standardiser(rows: readonly (readonly number[])[]): (row: readonly number[]) => Float64Array {
  const columns = rows.at(0)?.length ?? 0;
  const means = new Float64Array(columns);
  const deviations = new Float64Array(columns);
  for (let k = 0; k < columns; k++) {
    for (const row of rows) means[k] += row[k] / rows.length;
    for (const row of rows) deviations[k] += (row[k] - means[k]) ** 2 / rows.length;
    deviations[k] = Math.sqrt(deviations[k]);
  }
  return (row) =>
    Float64Array.from(row, (value, k) => (deviations[k] > 1e-12 ? (value - means[k]) / deviations[k] : 0));
}
