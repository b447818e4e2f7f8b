import type { Box } from '../geometry/box.js';
import type { AttentionFigures } from '../maps/attention.js';
import type { Spectrum } from '../spectrum.js';
import type { LabelledValue, ModelInfo } from './page/format.js';
import type { ReportFused, ReportTrackStep } from './wholeSetInput.js';

export type { LabelledValue, ModelInfo } from './page/format.js';

/** What is known before the first frame. All texts may be hostile: they stay text in the page. */
export interface ReportOptions {
  /** Shown as the page's heading, for example the name of the bag. */
  readonly title: string;
  /** Where the frames come from: a path or a description. */
  readonly source: string;
  /** What made the maps, for example `Grad-CAM, ReLU on each weighted feature map`. */
  readonly method: string;
  readonly models: readonly ModelInfo[];
  /** How some sets were explained besides, for example `RISE, 250 masks`; see ReportDetection.explanation. */
  readonly explainedBy?: string;
  /** Further facts about how the report came to be: versions, parameters, seeds, configuration. */
  readonly provenance?: readonly LabelledValue[];
  /** When the report was made; given by the caller so that equal input gives an equal file. */
  readonly createdAt: Date;
  /**
   * The file's size will not exceed this many bytes (default 60 MB). Pictures and maps are thinned evenly to honour it;
   * numbers are kept, unless they alone would not fit. At least 1 MB.
   */
  readonly sizeCapBytes?: number;
}

/** A map of one detection over the whole source picture, row-major, `values.length === width * height`. */
export interface ReportMap {
  /** 1 to 4096 cells; maps with more than 64 cells a side are averaged down. */
  readonly width: number;
  readonly height: number;
  /**
   * Any non-negative scale; the page shows each map relative to its own highest value. Negative and non-finite values
   * count as 0. Read before `addFrameSet` returns its promise, so the buffer may be used again.
   */
  readonly values: Float32Array | Uint8Array;
}

export interface ReportDetection {
  readonly className: string;
  /** In [0, 1]. */
  readonly score: number;
  /** In pixels of the source picture. */
  readonly box: Box;
  /** Pyramid level whose anchor made the box (stride 2^level input pixels). */
  readonly level: number;
  readonly attention?: AttentionFigures;
  readonly map?: ReportMap;
  /** By the method that `ReportOptions.explainedBy` names. */
  readonly explanation?: ReportExplanation;
}

/** What a second method says of a detection. */
export interface ReportExplanation {
  readonly map: ReportMap;
  /** Of each value of `map`, where the method is random. */
  readonly standardError?: ReportMap;
  /** Passes in which the box was not found again, of how many. */
  readonly lost: number;
  readonly passes: number;
  /** Share of the map inside the box, in [0, 1]. */
  readonly energyInBox?: number;
}

export interface ReportFrame {
  readonly spectrum: Spectrum;
  readonly topic: string;
  /** Size of the source picture, in whose pixels the boxes are given; the encoded picture may be smaller. */
  readonly width: number;
  readonly height: number;
  /** The picture as a JPEG, PNG or WebP file. Absent: the page draws the boxes on a plain ground. */
  readonly picture?: Uint8Array;
  readonly detections: readonly ReportDetection[];
}

export interface ReportFrameSet {
  /** The caller's number of this set, shown as it is. */
  readonly index: number;
  /** Reference stamp of the set, nanoseconds since 1970. */
  readonly stampNs: bigint;
  /** At most one frame per spectrum. */
  readonly frames: readonly ReportFrame[];
  /** True where the synchroniser gave up waiting for a spectrum. */
  readonly partial?: boolean;
  /** Frames that were dropped since the set before (late, duplicate, no room). */
  readonly dropped?: number;
  /** Milliseconds per stage of this set, for example `{ decode: 3.1, inference: 41.0 }`. Stages appear in order of first use. */
  readonly latencyMs?: Readonly<Record<string, number>>;
  /** [frame][detection], in the order of `frames`; absent where boxes are not followed. */
  readonly tracks?: readonly (readonly ReportTrackStep[])[];
  /** Absent where the bands are not fused. */
  readonly fused?: ReportFused;
}

/** Something of the recording that could not be read or used. */
export interface ReportLoss {
  readonly what: string;
  readonly topic?: string;
  readonly stampNs?: bigint;
  /** How many messages (default 1). */
  readonly count?: number;
}

/** What is known after the last frame. */
export interface ReportSummary {
  /** False where the run was interrupted; the page says so. */
  readonly completed: boolean;
  /** Further cards at the top, for example `{ label: 'Throughput', value: '18.2 sets/s' }`. */
  readonly cards?: readonly LabelledValue[];
  readonly notes?: readonly string[];
}

/** What was written. */
export interface ReportResult {
  readonly path: string;
  readonly bytes: number;
  readonly sets: number;
  /** Sets whose numbers are in the file; equal to `sets` unless the numbers alone would have broken the cap. */
  readonly numbersKept: number;
  readonly picturesKept: number;
}
