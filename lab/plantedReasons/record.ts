import { z } from 'zod';
import { BOX_SIZES, REASON_KINDS } from './reasons.js';

const share = z.number();
const figures = {
  pearson: share,
  top5: share,
  place: share,
  peak: share,
  box: share.nullable(),
  cue: share.nullable(),
  coveredAtPlaces: share.nullable(),
  coveredElsewhere: share.nullable(),
};
const row = z.object({ method: z.string(), passes: z.int(), convergence: share.nullable(), ...figures });

/** One case by every method: see ReasonFigures. */
const reasonRecord = z.object({
  id: z.string(),
  kind: z.enum(REASON_KINDS),
  size: z.enum(BOX_SIZES),
  seed: z.int(),
  rows: z.array(row),
});
export type ReasonRow = Readonly<z.infer<typeof row>>;
export type ReasonRecord = Readonly<z.infer<typeof reasonRecord>>;

/** How the suite's journal is told from others. */
export const REASONS_JOURNAL = { name: 'msal planted reasons', record: reasonRecord } as const;
