import type { Figure } from './figure.js';

/**
 * A detection as a step of its track: number of the track, centre of mass and peak of its map (x, y in units of the box), correlation with
 * the track's map before. Null where there is none.
 */
export type StepRow = readonly [
  track: number,
  centreX: Figure,
  centreY: Figure,
  peakX: Figure,
  peakY: Figure,
  correlation: Figure,
];

/** The fused detections of a set. */
export interface FusedRow {
  /** The spectra that took part (indices). */
  readonly s: readonly number[];
  /** Best score first. */
  readonly d: readonly FusedDetectionRow[];
}

/**
 * A fused detection: class, score in [0, 1], its members (spectrum, number of the detection in that spectrum's frame), and in the order of
 * `FusedRow.s` the spectra's Shapley values and what the score loses without each.
 */
export type FusedDetectionRow = readonly [
  classIndex: number,
  score: Figure,
  members: readonly (readonly [spectrum: number, detection: number])[],
  shapley: readonly Figure[],
  leaveOneOut: readonly Figure[],
];
