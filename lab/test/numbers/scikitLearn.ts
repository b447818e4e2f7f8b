import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../../../src/packageRoot.js';

const numbers = z.array(z.number());
const schema = z.object({
  rankings: z.array(
    z.object({
      name: z.string(),
      positive: z.array(z.boolean()),
      values: numbers,
      group: numbers,
      weights: numbers,
      auroc: z.number(),
      weightedAuroc: z.number(),
      roc: z.tuple([numbers, numbers]),
      brier: z.number(),
      weightedBrier: z.number(),
      reliability: z.object({ share: numbers, mean: numbers }),
      calibrationError: z.number(),
    }),
  ),
  regressions: z.array(
    z.object({
      name: z.string(),
      rows: z.array(numbers),
      positive: z.array(z.boolean()),
      group: numbers,
      ridge: z.number(),
      intercept: z.number(),
      coefficients: numbers,
      probabilities: numbers,
      heldOut: numbers,
    }),
  ),
});

/** What scikit-learn says: lab/test/fixtures/trueAndFalse/record.py recorded it. */
export const SCIKIT_LEARN = schema.parse(
  JSON.parse(readFileSync(path.join(packageRoot, 'lab/test/fixtures/trueAndFalse/scikit-learn.json'), 'utf8')),
);
