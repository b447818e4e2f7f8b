/**
 * Chooses as many of `sizes` as fit into `budget`, spread evenly over the sequence.
 * @param sizes bytes of each candidate, in order, each ≥ 0
 * @param budget bytes that may be used
 * @returns indices into `sizes`, ascending. The gaps between them differ by at most one.
 */
export function chooseEvenly(sizes: readonly number[], budget: number): number[] {
  let fits = 0;
  let tooMany = sizes.length + 1;
  // The total of an even choice need not grow with its count where sizes differ, so this finds a large choice that fits,
  // not necessarily the largest; what is returned has been added up and fits.
  while (tooMany - fits > 1) {
    const count = Math.floor((fits + tooMany) / 2);
    if (total(sizes, spread(sizes.length, count)) <= budget) fits = count;
    else tooMany = count;
  }
  return spread(sizes.length, fits);
}

/** `count` of the indices 0 to `length − 1`, evenly spaced, the first always among them. */
function spread(length: number, count: number): number[] {
  return Array.from({ length: count }, (_, position) => Math.floor((position * length) / count));
}

function total(sizes: readonly number[], chosen: readonly number[]): number {
  return chosen.reduce((sum, index) => sum + (sizes[index] ?? 0), 0);
}
