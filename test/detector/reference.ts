import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../../src/packageRoot.js';

const answers = z.object({
  picture: z.object({ width: z.number(), height: z.number() }),
  anchorCount: z.number(),
  anchors: z.array(z.object({ index: z.number(), yxyx: z.array(z.number()) })),
  best: z.array(z.object({ anchor: z.number(), class: z.number(), score: z.number(), xyxy: z.array(z.number()) })),
  gradCam: z.array(
    z.object({
      level: z.number(),
      row: z.number(),
      column: z.number(),
      anchor: z.number(),
      class: z.number(),
      score: z.number(),
      alpha: z.array(z.number()),
      maps: z.object({ study: z.array(z.number()), usual: z.array(z.number()), none: z.array(z.number()) }),
      upsampledStudy: z.array(z.object({ y: z.number(), x: z.number(), value: z.number() })),
    }),
  ),
});

/** What PyTorch and effdet answered; see training/msal_training/reference_fixtures.py. */
export type Reference = z.infer<typeof answers>;

/** Small untrained networks: one exported as the shipped models are, one as by a foreign exporter. */
export const FIXTURE_MODELS = ['efficientdet-tiny', 'efficientdet-foreign'] as const;

export function fixture(file: string): string {
  return path.join(packageRoot, 'test/fixtures', file);
}

export function reference(model: string): Reference {
  return answers.parse(JSON.parse(readFileSync(fixture(`${model}.answers.json`), 'utf8')));
}

/** The picture of the recorded answers, in the top left corner of an input of the given size: uint8 [H, W, 3]. */
export function referencePicture({ picture }: Reference, input: { width: number; height: number }): Uint8Array {
  // What lies outside the picture must not matter: fill it with something.
  const pixels = new Uint8Array(input.width * input.height * 3).fill(201);
  for (let y = 0; y < picture.height; y++)
    for (let x = 0; x < picture.width; x++)
      for (let c = 0; c < 3; c++)
        pixels[(y * input.width + x) * 3 + c] = (3 * x + 5 * y + 40 * c + 60 * (((x >> 4) + (y >> 4)) & 1)) % 256;
  return pixels;
}

/** Asserts that two sequences agree to `tolerance` of the largest expected magnitude. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  if (actual.length !== expected.length)
    throw new Error(`${what}: ${actual.length} values, expected ${expected.length}`);
  const largest = expected.reduce((maximum, value) => Math.max(maximum, Math.abs(value)), Number.MIN_VALUE);
  expected.forEach((value, i) => {
    const difference = Math.abs((actual[i] ?? NaN) - value);
    if (!(difference <= tolerance * largest))
      throw new Error(`${what}[${i}]: ${actual[i]}, expected ${value} (largest ${largest})`);
  });
}
