import { iou } from '../geometry/box.js';
import type { Spectrum } from '../spectrum.js';
import { shapleyValues } from './shapley.js';
import type { BandDetections, FusedDetection, FusedSet, SpectralFusion } from './spectralFusion.js';

/** What one band did for the score of a fused detection. */
export interface BandContribution {
  readonly spectrum: Spectrum;
  /** φ: its Shapley value, in [−1, 1]; those of all bands add up to the fused score. */
  readonly shapley: number;
  /** v(N) − v(N∖{i}): by how much the fused score falls when this band alone takes no part, in [−1, 1]; negative: it rises. */
  readonly leaveOneOut: number;
}

/** A fused box of fewer bands is the same detection where it overlaps that of all bands by at least this. */
const SAME_BOX_IOU = 0.5;

/**
 * Which band carried each fused detection: leave-one-out and exact Shapley values over the n bands N that took part, of the value function
 *
 * `v(S)` = score of the detection when only the bands S take part in the fusion: of the fused boxes of its class that overlap its own
 * by IoU ≥ 0.5, the score of the one that overlaps it most; 0 where there is none; `v(∅) = 0`, `v(N)` = its score.
 *
 * As fusion divides by the number of bands that took part, a band without a box there lowers the score of those that have one: its values
 * are negative, whether or not it could have seen the object. A band that is no member can have positive ones where its box went to
 * another detection that overlaps this one: without the others, that box is what is found again.
 *
 * The boxes are fused once for each of the 2ⁿ subsets (n ≤ 4), whatever the number of detections.
 *
 * @param bands those that were fused
 * @param fused what `fusion` made of them
 * @param iouThreshold with which it did
 * @returns for each of the fused detections, in their order, a value for each of `fused.spectra`
 */
export function bandContributions(
  fusion: SpectralFusion,
  bands: readonly BandDetections[],
  { spectra, detections }: FusedSet,
  iouThreshold = fusion.config.iouThreshold,
): BandContribution[][] {
  if (detections.length === 0) return [];
  const everybody = (1 << spectra.length) - 1;
  const bySubset = Array.from({ length: everybody }, (_, subset) => {
    const taking = spectra.filter((_spectrum, i) => subset & (1 << i));
    const chosen = bands.filter(({ spectrum }) => taking.includes(spectrum));
    return fusion.fuse(chosen, iouThreshold).detections;
  });
  return detections.map((detection) => {
    const worth = [...bySubset.map((found) => scoreAgain(found, detection)), detection.score];
    return shapleyValues(worth).map((shapley, i) => ({
      spectrum: spectra[i],
      shapley,
      leaveOneOut: detection.score - worth[everybody & ~(1 << i)],
    }));
  });
}

/** `found` comes best score first, so that of boxes that overlap equally the better one counts. */
function scoreAgain(found: readonly FusedDetection[], { className, box }: FusedDetection): number {
  let best: { readonly overlap: number; readonly score: number } | undefined;
  for (const other of found) {
    if (other.className !== className) continue;
    const overlap = iou(other.box, box);
    if (overlap >= SAME_BOX_IOU && overlap > (best?.overlap ?? 0)) best = { overlap, score: other.score };
  }
  return best?.score ?? 0;
}
