import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { FEATURE_MASKS } from '../../../src/explain/masks/featureMasks.js';
import { SIDU_OUTPUTS } from '../../../src/explain/estimates/sidu.js';
import { fixture } from '../../detector/reference.js';

const numbers = z.array(z.number());
const masked = z.object({ scores: numbers, ious: numbers, maps: z.array(numbers) });

const answers = z.object({
  scoreThreshold: z.number(),
  iouThreshold: z.number(),
  sigma: z.number(),
  step: z.number(),
  targets: z.array(
    z.object({ box: z.tuple([z.number(), z.number(), z.number(), z.number()]), class: z.number(), level: z.number() }),
  ),
  sidu: z.array(
    z.object({
      target: z.number(),
      masks: z.enum(FEATURE_MASKS),
      output: z.enum(SIDU_OUTPUTS),
      lost: z.number(),
      pUnmasked: numbers,
      p: numbers,
      sd: numbers,
      u: numbers,
      map: numbers,
    }),
  ),
  live: z.object({
    count: z.number(),
    cells: z.number(),
    probability: z.number(),
    grids: numbers,
    offsets: numbers,
    upsampled: z.tuple([z.number(), z.number()]),
    zero: masked,
    fill: masked,
  }),
});

/** What NumPy answered on the small network; see training/msal_training/masking_reference.py. */
export const maskingReference = answers.parse(JSON.parse(readFileSync(fixture('masking.json'), 'utf8')));
