/**
 * What the writer puts into the report file and the page reads out of it; the only contract between the two.
 * All of it is JSON text in inert `<script type="application/json">` elements, so no value in it can become markup.
 */

import type { Figure } from './figure.js';
import type { FusedRow, StepRow } from './wholeSetFormat.js';

/** Version of this contract; writer and page travel in one file, so it only guards against a mixed-up build. */
export const FORMAT_VERSION = 2;

/** Ids and classes of the elements that carry data. */
export const HEADER_ELEMENT_ID = 'report-header';
export const NUMBERS_CLASS = 'report-numbers';
export const PICTURES_CLASS = 'report-pictures';

/** One model that took part. */
export interface ModelInfo {
  readonly name: string;
  /** SHA-256 of the model file, hexadecimal. */
  readonly sha256: string;
  readonly spectra: readonly string[];
  /** For example `d0, 512 × 512, cpu`. */
  readonly detail: string;
}

export interface LabelledValue {
  readonly label: string;
  readonly value: string;
}

/** Something of the recording that could not be used. */
export interface LossEntry {
  /** Milliseconds since the start of the report; null where it cannot be placed in time. */
  readonly atMs: Figure;
  readonly topic: string;
  readonly what: string;
  readonly count: number;
}

/** What was left out to honour the size cap. */
export interface ThinningInfo {
  readonly capBytes: number;
  /** Frame sets that were given to the writer. */
  readonly sets: number;
  /** Frame sets whose numbers are in the file. */
  readonly numbersKept: number;
  /** Frame sets that had at least one picture or map to keep. */
  readonly setsWithPictures: number;
  /** Frame sets whose pictures and maps are in the file. */
  readonly picturesKept: number;
}

/** Everything that is said once. */
export interface ReportHeader {
  readonly version: number;
  readonly title: string;
  readonly source: string;
  readonly method: string;
  /** How some sets were explained besides; null where none was. */
  readonly explainedBy: string | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly models: readonly ModelInfo[];
  readonly provenance: readonly LabelledValue[];
  /** Names of all spectra in the order of the study (rgb, nir, mir, fir), also of those that never occurred. */
  readonly spectra: readonly string[];
  readonly topics: readonly string[];
  readonly classes: readonly string[];
  readonly stages: readonly string[];
  /** Stamp of the first frame set, nanoseconds since 1970, decimal; null for an empty report. */
  readonly startNs: string | null;
  /** Seconds from the earliest to the latest frame set. */
  readonly durationS: number;
  readonly completed: boolean;
  readonly summary: readonly LabelledValue[];
  readonly notes: readonly string[];
  /** Exact whatever was thinned. */
  readonly totals: {
    readonly sets: number;
    readonly partialSets: number;
    /** By spectrum. */
    readonly frames: readonly number[];
    readonly dropped: number;
    /** `[spectrum][class]` → number of detections. */
    readonly detections: readonly (readonly number[])[];
    /** All losses, also those that are not listed. */
    readonly losses: number;
  };
  readonly losses: readonly LossEntry[];
  readonly thinning: ThinningInfo;
}

/**
 * One detection: class, score in [0, 1], x1, y1, x2, y2 in source pixels, pyramid level, energy in box in [0, 1],
 * energy gain (1 = a flat map), peak in box (1 or 0). The three attention figures are null where there is no map.
 */
export type DetectionRow = readonly [
  classIndex: number,
  score: Figure,
  x1: Figure,
  y1: Figure,
  x2: Figure,
  y2: Figure,
  level: Figure,
  energyInBox: Figure,
  energyGain: Figure,
  peakInBox: 0 | 1 | null,
];

/** One frame: spectrum and topic (indices into the header's lists), width and height in pixels, detections. */
export type FrameRow = readonly [
  spectrum: number,
  topic: number,
  width: number,
  height: number,
  detections: readonly DetectionRow[],
];

/** The numbers of one frame set; one line of a numbers block. */
export interface SetRow {
  /** Position in the report, from 0, without gaps unless numbers were thinned. */
  readonly n: number;
  /** Index that the caller gave. */
  readonly i: number;
  /** Milliseconds since `startNs`; may step back where the recording's clock did. */
  readonly t: number;
  /** 1 where spectra were missing from this set. */
  readonly p: 0 | 1;
  /** Frames dropped since the set before. */
  readonly d: number;
  /** 1 where some of its detections have an explanation besides their maps. */
  readonly x: 0 | 1;
  /** Milliseconds per stage, in the order of `stages`; null where the stage did not run. */
  readonly l: readonly Figure[];
  readonly f: readonly FrameRow[];
  /** [frame][detection], in the order of `f`; absent where boxes are not followed. */
  readonly k?: readonly (readonly StepRow[])[];
  /** Absent where the spectra are not fused. */
  readonly u?: FusedRow;
}

/** Pictures and maps of one frame of a set, in the order of `SetRow.f`. */
export interface FramePictures extends PackedMaps {
  /** Base64 of the encoded picture (JPEG, PNG or WebP); empty where there is none. */
  readonly picture: string;
  /** Maps of the second method, and their standard errors; absent where no detection has one. */
  readonly explained?: PackedMaps & {
    readonly errors: PackedMaps;
    /** For each detection: passes in which it was lost, passes, energy in box in [0, 1]; null where it has no explanation. */
    readonly figures: readonly (readonly [lost: number, passes: number, energyInBox: Figure] | null)[];
  };
}

/** A map for each of a frame's detections. */
export interface PackedMaps {
  /** Width and height of each detection's map, in the order of the detections; [0, 0] where it has none. */
  readonly mapSizes: readonly (readonly [number, number])[];
  /** Base64 of the raw-deflated concatenation of all maps: 8 bit, row-major, 255 = the highest value of that map. */
  readonly maps: string;
}

/** One line of a pictures block. */
export interface SetPictures {
  /** `SetRow.n` */
  readonly n: number;
  readonly frames: readonly FramePictures[];
}
