import type { Point } from '../geometry/homography.js';
import type { Spectrum } from '../spectrum.js';

/** A detection as a step of a track: of one thing, followed through the frames of one spectrum. */
export interface ReportTrackStep {
  /** Number of the track, unlike those of all other tracks of the report. */
  readonly track: number;
  /** Where the map looks, in units of the box: (0, 0) is its upper left corner, (1, 1) its lower right one. Absent for an empty map. */
  readonly centre?: Point;
  readonly peak?: Point;
  /** Correlation with the track's map before, in [−1, 1]; absent where there is nothing to compare. */
  readonly correlation?: number;
}

/** The detections of all spectra of a moment, fused. */
export interface ReportFused {
  /** The spectra that took part. */
  readonly spectra: readonly Spectrum[];
  /** Best score first. */
  readonly detections: readonly ReportFusedDetection[];
}

export interface ReportFusedDetection {
  readonly className: string;
  /** In [0, 1]. */
  readonly score: number;
  /** The detections that were fused, best score first: of which spectrum, and which of its detections, from 0. */
  readonly members: readonly { readonly spectrum: Spectrum; readonly index: number }[];
  /** For each of the spectra that took part: its Shapley value, and by how much the score falls without it; both in [−1, 1]. */
  readonly contributions: readonly { readonly shapley: number; readonly leaveOneOut: number }[];
}
