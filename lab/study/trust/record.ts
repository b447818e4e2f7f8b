import { z } from 'zod';
import { SPECTRA } from '../../../src/spectrum.js';

const finite = z.number();

/** See metrics/attention.ts; `peakInBox` is 1 where the peak lies in the box. */
const attention = z.object({ energyInBox: finite, energyGain: finite, peakInBox: finite });

/** What masked passes say of a box. */
const masked = z.object({
  /** Of the RISE map. */
  rise: attention,
  /** Share of the survival masks under which the box was found again. */
  found: finite,
  /** Mean score under them, 0 where the box was lost. */
  meanScore: finite,
});
export type MaskedFigures = Readonly<z.infer<typeof masked>>;

const detection = z.object({
  className: z.string(),
  score: finite,
  /** In pixels of the picture. */
  box: z.object({ x1: finite, y1: finite, x2: finite, y2: finite }),
  gradCam: z.object({ study: attention, usual: attention }),
  /** Masks on the backbone's features, for every detection. */
  live: masked,
  /** Masks on the picture, where it was chosen for that. */
  full: masked.optional(),
});
export type TrustDetection = Readonly<z.infer<typeof detection>>;

/** One picture with one network, a line of the journal; detections by falling score. */
export const trustRecord = z.object({
  network: z.string(),
  spectrum: z.enum(SPECTRA),
  /** The picture's id in its data set. */
  image: z.string(),
  detections: z.array(detection),
  /** What it took; never part of a result. */
  cost: z.object({ busyMs: finite, livePasses: finite, fullPasses: finite }),
});
export type TrustRecord = Readonly<z.infer<typeof trustRecord>>;

/** How the journal is told from others. */
export const TRUST_JOURNAL = { name: 'msal true and false detections', record: trustRecord } as const;
