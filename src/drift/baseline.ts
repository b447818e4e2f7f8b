import { readFile, stat } from 'node:fs/promises';
import { writeAtomically } from '../files/atomicWrite.js';
import { z } from 'zod';
import { ExpectedError } from '../errors.js';
import { type Spectrum, SPECTRA } from '../spectrum.js';
import { AGREEMENT_BINS, BAND_FIGURES, type BandFigure } from './figures.js';

const MAX_BASELINE_BYTES = 1 << 20;

const counts = (bins: number) => z.array(z.int().min(0)).length(bins, `must have ${bins} counts`);

const bandSchema = z
  .strictObject({
    model: z.strictObject({ name: z.string().max(500), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    classes: z.array(z.string().max(200)).min(1).max(1000),
    classCounts: z.array(z.int().min(0)),
    figures: z.strictObject(
      Object.fromEntries(Object.entries(BAND_FIGURES).map(([name, bins]) => [name, counts(bins.count)])) as {
        [Name in BandFigure]: z.ZodArray<z.ZodInt>;
      },
    ),
  })
  .refine(({ classes, classCounts }) => classes.length === classCounts.length, {
    message: 'must have a count for each class',
    path: ['classCounts'],
  });

/** How detections were made: distributions of other settings are not comparable. */
const settingsSchema = z.strictObject({
  scoreThreshold: z.number(),
  iouThreshold: z.number(),
  maxDetections: z.number(),
  gradCam: z.string(),
  /** Absent where nothing was fused. */
  fusionIouThreshold: z.number().optional(),
});

const baselineSchema = z.strictObject({
  kind: z.literal('multispectral_saliency drift baseline'),
  schemaVersion: z.literal(1),
  /** What it was recorded from. */
  source: z.string(),
  frameSets: z.int().min(0),
  settings: settingsSchema,
  bands: z.partialRecord(z.enum(SPECTRA), bandSchema),
  agreement: counts(AGREEMENT_BINS.count),
});

/** Distributions of a drive that went as it should, as counts by bin. */
export type Baseline = z.output<typeof baselineSchema>;
export type BandBaseline = z.output<typeof bandSchema>;
export type DetectionSettings = z.output<typeof settingsSchema>;

/**
 * Reads a baseline that `msal replay --baseline` wrote.
 * @throws ExpectedError `usage` for a file that cannot be read or is no baseline
 */
export async function loadBaseline(file: string): Promise<Baseline> {
  const refused = (why: string, cause?: unknown): ExpectedError =>
    new ExpectedError(
      'usage',
      `the drift baseline ${file} ${why}`,
      'record one: msal replay <bag> --output <dir> --baseline <file>',
      { cause },
    );
  let value: unknown;
  try {
    const { size } = await stat(file);
    if (size > MAX_BASELINE_BYTES) throw new Error(`it is larger than ${MAX_BASELINE_BYTES} bytes`);
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw refused(`cannot be read: ${(error as Error).message}`, error);
  }
  const result = baselineSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw refused(`cannot be used: ${issue.path.map(String).join('.') || '(whole file)'}: ${issue.message}`);
}

/** @throws the file system's error */
export async function saveBaseline(file: string, baseline: Baseline): Promise<void> {
  await writeAtomically(file, `${JSON.stringify(baseline)}\n`);
}

/** Why distributions made with `current` settings cannot be held against the baseline; `undefined` where they can. */
export function settingsMismatch(baseline: Baseline, current: DetectionSettings): string | undefined {
  const names = {
    scoreThreshold: 'score threshold',
    iouThreshold: 'IoU threshold of detections',
    maxDetections: 'number of detections allowed',
    gradCam: 'variant of Grad-CAM',
    fusionIouThreshold: 'IoU threshold of fusion',
  } as const;
  for (const [key, name] of Object.entries(names) as [keyof typeof names, string][]) {
    const [now, then] = [current[key], baseline.settings[key]];
    // Without fusion, now or then, there is no agreement to compare, and nothing else depends on it.
    if (now === then || now === undefined || then === undefined) continue;
    return `the ${name} is ${now}, the baseline was recorded with ${then}`;
  }
  return undefined;
}

/** Why a band cannot be held against the baseline; `undefined` where it can. */
export function bandMismatch(baseline: Baseline, spectrum: Spectrum, sha256: string): string | undefined {
  const band = baseline.bands[spectrum];
  if (band === undefined) return `${spectrum} is not in the baseline`;
  return band.model.sha256 === sha256
    ? undefined
    : `${spectrum} has another model than the baseline (${band.model.name})`;
}
