import { z } from 'zod';
import { isInvertible } from '../geometry/homography.js';
import { SPECTRA } from '../spectrum.js';

const MAX_CLASSES = 1000;

const homographySchema = z
  .array(z.number(), 'a homography is a list of nine numbers, row by row')
  .length(9, 'a homography has nine numbers, row by row')
  .refine(isInvertible, 'these nine numbers are a singular matrix: no picture can be registered by it');

/** How the boxes of several cameras become boxes of one view. */
export const fusionSchema = z
  .strictObject({
    reference: z
      .enum(SPECTRA)
      .default('rgb')
      .describe('The band whose pictures are the reference view: fused boxes are in its pixels.'),
    homographies: z
      .partialRecord(z.enum(SPECTRA), homographySchema)
      .describe(
        'For every other band nine numbers, row by row: the map that takes a pixel (x, y, 1) of its pictures to the reference view. Corners of pixels have whole coordinates, their centres halves. A band without a map takes no part.',
      ),
    iouThreshold: z
      .number()
      .min(0)
      .max(1)
      .default(0.55)
      .describe(
        'Boxes of one class that overlap a fused one by more than this (intersection over union) are fused with it.',
      ),
    parallaxPixels: z
      .number()
      .min(0)
      .max(10_000)
      .default(15)
      .describe(
        'How far, in pixels of the reference view, registered boxes of one thing may lie apart before bands are said to disagree.',
      ),
    expect: z
      .strictObject({
        classes: z
          .partialRecord(z.enum(SPECTRA), z.array(z.string().min(1).max(200)).max(MAX_CLASSES))
          .default({})
          .describe('The classes that a band can be expected to see; a band left out: all classes of its model.'),
        minimumSide: z
          .number()
          .min(0)
          .max(10_000)
          .default(16)
          .describe(
            'A band is not expected to see what would be narrower or lower than this in its own pictures, pixels.',
          ),
        minimumVisible: z
          .number()
          .min(0)
          .max(1)
          .default(0.75)
          .describe('Nor what would lie in its pictures with less than this share of its area.'),
      })
      .prefault({})
      .describe('What a band should see of that which another band sees; its silence then counts as disagreement.'),
  })
  .superRefine(({ reference, homographies }, context) => {
    const complain = (message: string, path: string[]): void => context.addIssue({ code: 'custom', message, path });
    if (homographies[reference] !== undefined)
      complain(`${reference} is the reference view and needs no homography`, ['homographies', reference]);
    else if (Object.keys(homographies).length === 0)
      complain(`name the map of at least one band other than ${reference}`, ['homographies']);
  });

export type FusionConfig = z.output<typeof fusionSchema>;
