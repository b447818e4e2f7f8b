import { z } from 'zod';
import { SPECTRA } from '../../src/spectrum.js';

const finite = z.number();
const curve = z.array(finite).max(100_001);

/** What was measured of one method's map. */
const methodFigures = z.object({
  /** Areas under the curves: see metrics/perturbationCurve.ts. */
  deletion: finite,
  insertion: finite,
  deletionCurve: curve,
  insertionCurve: curve,
  /** See metrics/attention.ts; `pointingBox` is 1 where the peak lies in the box. */
  energyInBox: finite,
  energyGain: finite,
  pointingBox: finite,
  /** See metrics/maskFigures.ts; only where the target is a labelled object with a mask. */
  mask: z.object({ energyInMask: finite, energyGain: finite, pointing: finite, averagePrecision: finite }).optional(),
  /** See metrics/sparsity.ts. */
  gini: finite,
  /** Correlation with the map of the moved picture and of the noisier one; absent where either map is flat. */
  shiftStability: finite.optional(),
  noiseStability: finite.optional(),
  /** Correlation with the map of the shuffled network; absent where either map is flat. */
  randomised: finite.optional(),
  /** Forward passes for the map, and those that did not find the target. */
  passes: finite,
  lost: finite,
  /** 8-bit copy of the map, for figures: width × height values from 0, its least value or zero, to 255, its greatest. */
  thumbnail: z.object({ width: z.int().max(512), height: z.int().max(512), data: z.base64() }).optional(),
});
export type MethodFigures = Readonly<z.infer<typeof methodFigures>>;

const identity = {
  network: z.string(),
  spectrum: z.enum(SPECTRA),
  /** The picture's id in its data set. */
  image: z.string(),
  /** Pictures of one drive, which are resampled together. */
  group: z.string(),
  time: z.enum(['day', 'night']).optional(),
};

/** One picture with one network: a line of the journal. */
export const studyRecord = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('no target'), ...identity }),
  z.object({
    outcome: z.literal('measured'),
    ...identity,
    target: z.object({
      className: z.string(),
      score: finite,
      box: z.object({ x1: finite, y1: finite, x2: finite, y2: finite }),
      /** Whether a labelled object of the class lies there. */
      correct: z.boolean(),
    }),
    /** By method name. */
    methods: z.record(z.string(), methodFigures),
    /** Between each two methods: see metrics/mapAgreement.ts. */
    agreement: z.array(z.object({ a: z.string(), b: z.string(), pearson: finite, topOverlap: finite })),
    /** What it took; never part of a result. */
    cost: z.object({ busyMs: finite, passes: finite, bareMs: finite }),
  }),
]);
export type StudyRecord = Readonly<z.infer<typeof studyRecord>>;
export type MeasuredRecord = Extract<StudyRecord, { outcome: 'measured' }>;

/** How the study's journal is told from others. */
export const STUDY_JOURNAL = { name: 'msal saliency study', record: studyRecord } as const;
