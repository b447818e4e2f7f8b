/**
 * Deletion and insertion (Petsiuk et al. 2018): the score of a target while pixels are taken away, or shown, in the order of
 * their importance. This file has the masks and the areas; whoever has a network puts the scores between them.
 */
export const PERTURBATIONS = ['deletion', 'insertion'] as const;
export type Perturbation = (typeof PERTURBATIONS)[number];

/**
 * Pixels that have changed after step k of K: `round(k·n/K)`, so that no step is more than a pixel larger than another.
 * @param pixels n, all pixels of the picture
 */
export function changedPixels(step: number, steps: number, pixels: number): number {
  return Math.round((step * pixels) / steps);
}

/**
 * The mask of one step: 1 shows the picture, 0 what stands for a removed pixel (black for deletion in the study, the blurred
 * picture for insertion).
 * @param ranks importance ranks of the picture's pixels, row-major, `width` a row; see importanceRanks
 * @param changed how many pixels have changed
 * @param into written where the picture lies: rows of `stride` values from the start of the array; the rest is left alone
 */
export function perturbationMask(
  kind: Perturbation,
  ranks: Uint32Array,
  width: number,
  changed: number,
  into: Float32Array,
  stride = width,
): void {
  const touched = kind === 'deletion' ? 0 : 1;
  for (let i = 0; i < ranks.length; i++) {
    const at = Math.floor(i / width) * stride + (i % width);
    into[at] = ranks[i] < changed ? touched : 1 - touched;
  }
}

/**
 * Area under a curve of scores at evenly spaced shares of changed pixels, 0 and 1 included, by the trapezium rule.
 *
 * Deletion: low is good; [0, 1]; a map that finds what the score rests on lets it fall at once. Insertion: high is good;
 * [0, 1]. Neither can be compared between targets of different scores: see `relativeArea`.
 * @param scores in [0, 1], at least two: steps + 1
 */
export function areaUnderCurve(scores: readonly number[]): number {
  if (scores.length < 2) throw new RangeError(`a curve of ${scores.length} points has no area`);
  const [first, last] = [scores[0], scores[scores.length - 1]];
  const sum = scores.reduce((total, score) => total + score, 0);
  return (sum - (first + last) / 2) / (scores.length - 1);
}

/**
 * The area in units of the target's score in the whole picture, so that networks of different confidence can be compared.
 * About [0, 1]; above 1 where masking raises the score. 0 for a target without score.
 */
export function relativeArea(area: number, score: number): number {
  return score > 0 ? area / score : 0;
}
