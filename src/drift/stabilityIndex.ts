/** Added to every count: an empty group is rare, not impossible (Jeffreys' prior). */
const PSEUDO_COUNT = 0.5;
/** Least share of the baseline in a group of neighbouring bins: at most ten groups, as is usual for this index. */
export const NEIGHBOUR_SHARE = 0.1;
/** Classes with less than this share of the baseline are taken together. */
export const CLASS_SHARE = 0.01;

/**
 * Population stability index of two distributions over the same groups:
 * `PSI = Σ_g (q_g − p_g) ln(q_g / p_g)`, `p` the baseline's shares, `q` those of now, each from counts n_g as
 * `(n_g + ½) / (n + ½ G)`. It is 0 for equal shares and symmetric; by convention below 0.1 means stable, above 0.25 changed. Chance alone
 * gives about `(G − 1)(1/n + 1/m)` for n and m independent samples.
 */
export function stabilityIndex(baseline: ArrayLike<number>, current: ArrayLike<number>): number {
  if (baseline.length !== current.length)
    throw new RangeError(`${baseline.length} and ${current.length} groups cannot be compared`);
  const p = shares(baseline);
  const q = shares(current);
  return p.reduce((sum, share, g) => sum + (q[g] - share) * Math.log(q[g] / share), 0);
}

/**
 * Groups of neighbouring bins that each hold at least `NEIGHBOUR_SHARE` of the baseline (one group where there is nothing): bins that are
 * empty by chance would make the index of few samples large.
 * @returns the group of each bin, from 0
 */
export function neighbourGroups(baseline: readonly number[]): number[] {
  const total = sumOf(baseline);
  const groups: number[] = [];
  let group = 0;
  let held = 0;
  let rest = total;
  for (const count of baseline) {
    groups.push(group);
    held += count;
    rest -= count;
    // A remainder that cannot stand alone stays with the last group.
    if (total > 0 && held >= NEIGHBOUR_SHARE * total && rest >= NEIGHBOUR_SHARE * total) {
      group++;
      held = 0;
    }
  }
  return groups;
}

/** A group for each class that is common enough in the baseline, and the last one for all others. */
export function classGroups(baseline: readonly number[]): number[] {
  const total = sumOf(baseline);
  const common = baseline.map((count) => total > 0 && count >= CLASS_SHARE * total);
  const others = common.filter(Boolean).length;
  let next = 0;
  return common.map((isCommon) => (isCommon ? next++ : others));
}

/** Counts by group. @param groups the group of each bin */
export function grouped(counts: ArrayLike<number>, groups: readonly number[]): number[] {
  const sums = new Array<number>(groups.reduce((most, group) => Math.max(most, group + 1), 0)).fill(0);
  groups.forEach((group, bin) => (sums[group] += counts[bin]));
  return sums;
}

function shares(counts: ArrayLike<number>): number[] {
  const list = Array.from(counts);
  const total = sumOf(list) + PSEUDO_COUNT * list.length;
  return list.map((count) => (count + PSEUDO_COUNT) / total);
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
