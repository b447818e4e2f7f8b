import type { AttentionFigures } from '../maps/attention.js';
import type { Spectrum } from '../spectrum.js';
import { type Bins, linearBins, logarithmicBins, stepBins } from './bins.js';

/** What one band saw in one image, as far as distributions are made of it. */
export interface BandObservation {
  readonly spectrum: Spectrum;
  /** The classes of its model, in the model's order. */
  readonly classes: readonly string[];
  readonly detections: readonly {
    readonly className: string;
    readonly score: number;
    readonly attention?: AttentionFigures;
  }[];
}

/** What was seen at one moment. */
export interface Observation {
  readonly bands: readonly BandObservation[];
  /** Agreement of each fused detection that more than one band should see, in (0, 1]; empty where nothing is fused. */
  readonly agreements: readonly number[];
}

/**
 * Figures of one band whose distribution is watched. `score`, `energyInBox` and `energyGain` have a value for each detection, the others
 * one for each image. Boxes of distant things hold a hundredth of a map's energy and less, and energy gains of one detector lie within two
 * octaves (measured on generated drives): hence ratios, and fine ones. The extremes tell which images are unusual; they are not watched for
 * drift.
 */
export const BAND_FIGURES = {
  score: linearBins(0, 1, 50),
  count: stepBins([0, 1, 2, 3, 4, 5, 7, 9, 13, 17, 33, 65]),
  energyInBox: logarithmicBins(-12, 0, 4),
  energyGain: logarithmicBins(-4, 10, 8),
  lowestEnergyInBox: logarithmicBins(-16, 0, 8),
  lowestEnergyGain: logarithmicBins(-8, 10, 16),
  highestEnergyGain: logarithmicBins(-4, 14, 16),
} as const satisfies Record<string, Bins>;

export type BandFigure = keyof typeof BAND_FIGURES;

/** Shares of up to four bands: 1/4, 1/3, 1/2 … lie in bins of their own. */
export const AGREEMENT_BINS = linearBins(0, 1, 12);

/** The extremes of an image's attention figures, with the class of the detection that has them. */
export interface Extreme {
  readonly figure: 'lowestEnergyInBox' | 'lowestEnergyGain' | 'highestEnergyGain';
  readonly value: number;
  readonly className: string;
}

/** Extremes of one image; none where nothing was detected or Grad-CAM is off. */
export function extremesOf({ detections }: BandObservation): Extreme[] {
  const looked = detections.flatMap(({ className, attention }) => (attention ? [{ className, ...attention }] : []));
  if (looked.length === 0) return [];
  const least = looked.reduce((best, one) => (one.energyInBox < best.energyInBox ? one : best));
  const low = looked.reduce((best, one) => (one.energyGain < best.energyGain ? one : best));
  const high = looked.reduce((best, one) => (one.energyGain > best.energyGain ? one : best));
  return [
    { figure: 'lowestEnergyInBox', value: least.energyInBox, className: least.className },
    { figure: 'lowestEnergyGain', value: low.energyGain, className: low.className },
    { figure: 'highestEnergyGain', value: high.energyGain, className: high.className },
  ];
}

/** All values that one image adds to its band's distributions. */
export function valuesOf(band: BandObservation): { readonly figure: BandFigure; readonly value: number }[] {
  return [
    { figure: 'count', value: band.detections.length },
    ...band.detections.flatMap(({ score, attention }): { figure: BandFigure; value: number }[] => [
      { figure: 'score', value: score },
      ...(attention
        ? [
            { figure: 'energyInBox' as const, value: attention.energyInBox },
            { figure: 'energyGain' as const, value: attention.energyGain },
          ]
        : []),
    ]),
    ...extremesOf(band),
  ];
}
