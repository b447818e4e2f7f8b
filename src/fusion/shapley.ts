/** Above this the table of all coalitions no longer fits. */
const MAX_PLAYERS = 20;

/**
 * Shapley values (Shapley 1953: A value for n-person games) of n players, from what every coalition is worth:
 *
 * `φ_i = Σ_{S ⊆ N∖{i}} |S|! (n − |S| − 1)! / n! · (v(S ∪ {i}) − v(S))`,
 *
 * the mean over all orders of joining of what i adds when it joins. They add up to `v(N) − v(∅)` (efficiency); players that add the
 * same to every coalition have the same value (symmetry); a player that adds nothing to any has 0 (null player).
 *
 * @param worth v by coalition, 2ⁿ values: bit i of the index says whether player i takes part; n from 0 to 20
 * @returns n values
 * @throws RangeError for another number of values
 */
export function shapleyValues(worth: ArrayLike<number>): number[] {
  const n = Math.log2(worth.length);
  if (!Number.isInteger(n) || n > MAX_PLAYERS)
    throw new RangeError(`${worth.length} values are no table of coalitions`);
  const weights = coalitionWeights(n);
  return Array.from({ length: n }, (_, i) => {
    let value = 0;
    for (let coalition = 0; coalition < worth.length; coalition++) {
      if (coalition & (1 << i)) continue;
      value += weights[bitCount(coalition)] * (worth[coalition | (1 << i)] - worth[coalition]);
    }
    return value;
  });
}

/** `|S|! (n − |S| − 1)! / n!` by |S| from 0 to n − 1, `1 / (n · C(n − 1, |S|))`. */
function coalitionWeights(n: number): number[] {
  let choose = 1;
  return Array.from({ length: n }, (_, size) => {
    if (size > 0) choose = (choose * (n - size)) / size;
    return 1 / (n * choose);
  });
}

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
