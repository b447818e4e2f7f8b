import type { BlockScores } from './maskExplanation.js';

/** What the detector said about the same masks over one picture of the window. */
export interface FrameScores {
  /** Which of the window's targets the picture has, in the order of its columns. */
  readonly targets: readonly number[];
  readonly scores: BlockScores;
}

/**
 * RISE with masks that stand still over a window of pictures: the score of mask i is the mean of its scores over the pictures W_t in which
 * target t has a box,
 *
 * `p̄_i = 1/|W_t| Σ_{τ ∈ W_t} p_i(I_τ)`, so that equation 4 gives the mean of the pictures' maps by the same masks,
 * `S̄(x) = 1/(E[M] N) Σ_i p̄_i M_i(x) = 1/|W_t| Σ_τ S_τ(x)`.
 *
 * Whatever estimates maps from scores takes p̄ as it takes p, its standard error included. A target counts as found where it was in at least
 * one of the pictures.
 *
 * @param frames at least one of them has each target
 * @param count masks
 */
export function meanOverWindow(frames: readonly FrameScores[], count: number, targetCount: number): BlockScores {
  const [{ scores: first, targets: ofFirst }] = frames;
  // Estimates that take two scores of a target have them as a second set of columns.
  const sets = first.values.length / (count * ofFirst.length);
  const values = new Float32Array(count * targetCount * sets);
  const found = new Uint8Array(count * targetCount);
  const pictures = new Array<number>(targetCount).fill(0);
  const sums = new Float64Array(values.length);
  for (const { targets, scores } of frames)
    targets.forEach((target, column) => {
      pictures[target]++;
      for (let i = 0; i < count; i++) {
        found[i * targetCount + target] |= scores.found[i * targets.length + column];
        for (let set = 0; set < sets; set++)
          sums[(i * sets + set) * targetCount + target] += scores.values[(i * sets + set) * targets.length + column];
      }
    });
  sums.forEach((sum, at) => (values[at] = sum / pictures[at % targetCount]));
  return { values, found };
}
