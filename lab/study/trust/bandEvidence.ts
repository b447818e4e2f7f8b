import { groupBy } from '../../numbers/groupBy.js';
import { SpectralFusion } from '../../../src/fusion/spectralFusion.js';
import type { TrustPlan } from './plan.js';
import type { TrustRecord } from './record.js';

/** What the other spectra say of a detection. */
export interface BandEvidence {
  /** Share of the other spectra that have a box in the same fused detection. */
  readonly support: number;
  /** See FusedDetection; undefined where no other spectrum can be expected to see the object. */
  readonly agreement: number | undefined;
  /** Mean over the other spectra of the score of their box in the fused detection, 0 where there is none. */
  readonly otherScore: number;
  /** Score of the fused detection. */
  readonly fusedScore: number;
}

/**
 * Fuses the detections of all spectra, moment by moment.
 * @param records in the plan's order
 * @returns for each record, for each of its detections; undefined where no other spectrum took part, or where the box cannot be
 *   registered
 */
export function bandEvidence(plan: TrustPlan, records: readonly TrustRecord[]): (BandEvidence | undefined)[][] {
  const fusion = new SpectralFusion(plan.fusion);
  const evidence = records.map(({ detections }) => detections.map((): BandEvidence | undefined => undefined));
  const moments = groupBy(
    records.map((record, index) => ({ record, index })),
    ({ record }) => record.image,
  );
  for (const moment of moments.values()) {
    const bands = moment.map(({ record, index }) => {
      const { network, image } = plan.pictures[index];
      const { classes } = plan.networks[network].manifest;
      const { width, height } = image;
      return { spectrum: record.spectrum, classes, width, height, detections: record.detections };
    });
    const { detections, spectra } = fusion.fuse(bands);
    if (spectra.length < 2) continue;
    for (const { members, supporting, agreement, score: fusedScore } of detections)
      for (const { spectrum, index } of members) {
        // A spectrum may have several boxes in one fused detection: its best one speaks for it.
        const best = new Map<string, number>();
        for (const other of members)
          if (other.spectrum !== spectrum)
            best.set(other.spectrum, Math.max(best.get(other.spectrum) ?? 0, other.score));
        const others = spectra.length - 1;
        const otherScore = [...best.values()].reduce((sum, score) => sum + score, 0) / others;
        const place = moment.find(({ record }) => record.spectrum === spectrum);
        if (place)
          evidence[place.index][index] = {
            support: (supporting.length - 1) / others,
            agreement,
            otherScore,
            fusedScore,
          };
      }
  }
  return evidence;
}
