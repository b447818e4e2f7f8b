import { SPECTRA } from '../spectrum.js';
import type { Figure } from './page/figure.js';
import type { FusedRow, StepRow } from './page/wholeSetFormat.js';
import type { ReportFused, ReportTrackStep } from './wholeSetInput.js';

/** A step of a track, rounded to what is worth reading. */
export function encodeStep({ track, centre, peak, correlation }: ReportTrackStep): StepRow {
  return [
    track,
    round(centre?.x, 1000),
    round(centre?.y, 1000),
    round(peak?.x, 1000),
    round(peak?.y, 1000),
    round(correlation, 1000),
  ];
}

/** @param classOf number of a class in the report */
export function encodeFused({ spectra, detections }: ReportFused, classOf: (name: string) => number): FusedRow {
  return {
    s: spectra.map((spectrum) => SPECTRA.indexOf(spectrum)),
    d: detections.map(({ className, score, members, contributions }) => [
      classOf(className),
      round(score, 10_000),
      members.map(({ spectrum, index }) => [SPECTRA.indexOf(spectrum), index] as const),
      contributions.map(({ shapley }) => round(shapley, 10_000)),
      contributions.map(({ leaveOneOut }) => round(leaveOneOut, 10_000)),
    ]),
  };
}

/** Rounds to 1 / `perUnit`; null where there is no finite value. */
export function round(value: number | undefined, perUnit: number): Figure {
  return value !== undefined && Number.isFinite(value) ? Math.round(value * perUnit) / perUnit : null;
}
