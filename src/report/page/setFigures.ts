import type { SetRow } from './format.js';

/** What a set is sorted and charted by; null where it cannot be said. */
export interface SetFigures {
  readonly detections: number;
  readonly bestScore: number | null;
  /** Means over the set's detections that have a map. */
  readonly energyInBox: number | null;
  readonly energyGain: number | null;
  /** Share of those detections whose map peaks inside the box. */
  readonly peakInBox: number | null;
  readonly dissimilarity: number | null;
}

export function setFigures(row: SetRow): SetFigures {
  const detections = row.f.flatMap((frame) => frame[4]);
  const scores = detections.flatMap(([, score]) => score ?? []);
  return {
    detections: detections.length,
    bestScore: scores.length === 0 ? null : Math.max(...scores),
    energyInBox: mean(detections.flatMap((detection) => detection[7] ?? [])),
    energyGain: mean(detections.flatMap((detection) => detection[8] ?? [])),
    peakInBox: mean(detections.flatMap((detection) => detection[9] ?? [])),
    dissimilarity: dissimilarity(row),
  };
}

/**
 * How differently the spectra of one set answer, from 0 (the same summed score for every class) to 1 (nothing in common):
 * the mean over all pairs of spectra of the weighted Jaccard distance `1 − Σ_c min(a_c, b_c) / Σ_c max(a_c, b_c)`, where
 * `a_c` is the sum of the scores of class c. A pair in which neither saw anything agrees. Boxes are not compared, because
 * the cameras need not share a viewpoint.
 * @returns null where the set has fewer than two spectra
 */
export function dissimilarity(row: SetRow): number | null {
  const sums = row.f.map((frame) => {
    const byClass = new Map<number, number>();
    for (const [classIndex, score] of frame[4]) byClass.set(classIndex, (byClass.get(classIndex) ?? 0) + (score ?? 0));
    return byClass;
  });
  const distances = sums.flatMap((a, first) => sums.slice(first + 1).map((b) => jaccardDistance(a, b)));
  return mean(distances);
}

function jaccardDistance(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): number {
  let shared = 0;
  let all = 0;
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    const [inA, inB] = [a.get(key) ?? 0, b.get(key) ?? 0];
    shared += Math.min(inA, inB);
    all += Math.max(inA, inB);
  }
  return all > 0 ? 1 - shared / all : 0;
}

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The smallest value that at least `share` of the values do not exceed; null of none.
 * @param share in (0, 1]
 */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
