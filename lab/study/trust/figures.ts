import type { MaskedFigures, TrustDetection } from './record.js';
import type { TrustSample } from './samples.js';

/** Where figures come from, and so what they cost. */
export type TrustFamily = 'attention' | 'spectra' | 'frames' | 'live masks' | 'full masks' | 'yardstick';

/** A figure of one detection that might tell a true one from a false one. */
export interface TrustFigure {
  readonly name: string;
  readonly label: string;
  readonly family: TrustFamily;
  readonly range: string;
  readonly meaning: string;
  /** Enters regressions as `log(1 + x)`: its values span orders of magnitude. */
  readonly logarithmic?: boolean;
  /** Undefined where nothing can be said. */
  readonly of: (sample: TrustSample) => number | undefined;
}

export const FAMILIES: Readonly<Record<TrustFamily, string>> = {
  attention: 'Grad-CAM, on every frame',
  spectra: 'agreement between spectra, on every frame set',
  frames: 'agreement with the frames before, on every frame',
  'live masks': 'masks on the backbone’s features (live RISE), explain node',
  'full masks': 'masks on the picture (RISE), explain node',
  yardstick: 'yardsticks that need no explanation',
};

type Attention = TrustDetection['gradCam']['study'];

function attentionOf(
  prefix: string,
  label: string,
  family: TrustFamily,
  of: (sample: TrustSample) => Attention | undefined,
): TrustFigure[] {
  return [
    {
      name: `${prefix}EnergyInBox`,
      label: `${label}: energy in the box`,
      family,
      range: '0 to 1',
      meaning: 'share of the map inside the box',
      of: (sample) => of(sample)?.energyInBox,
    },
    {
      name: `${prefix}EnergyGain`,
      label: `${label}: energy gain`,
      family,
      range: 'from 0; 1 is a flat map',
      meaning: 'energy in the box divided by the box’s share of the picture',
      logarithmic: true,
      of: (sample) => of(sample)?.energyGain,
    },
    {
      name: `${prefix}PeakInBox`,
      label: `${label}: peak in the box`,
      family,
      range: '0 or 1',
      meaning: 'whether the highest place of the map lies in the box',
      of: (sample) => of(sample)?.peakInBox,
    },
  ];
}

function maskedOf(
  prefix: string,
  label: string,
  family: TrustFamily,
  of: (detection: TrustDetection) => MaskedFigures | undefined,
): TrustFigure[] {
  return [
    ...attentionOf(prefix, label, family, ({ detection }) => of(detection)?.rise),
    {
      name: `${prefix}Found`,
      label: `${label}: found again`,
      family,
      range: '0 to 1',
      meaning: 'share of passes with half of the picture hidden in which the box is found again',
      of: ({ detection }) => of(detection)?.found,
    },
    {
      name: `${prefix}ScoreKept`,
      label: `${label}: score kept`,
      family,
      range: 'from 0',
      meaning: 'mean score under these masks, 0 where the box is lost, divided by the score in the whole picture',
      of: ({ detection }) => {
        const masked = of(detection);
        return masked && masked.meanScore / detection.score;
      },
    },
  ];
}

export const TRUST_FIGURES: readonly TrustFigure[] = [
  ...attentionOf('study', 'Grad-CAM', 'attention', ({ detection }) => detection.gradCam.study),
  ...attentionOf('usual', 'Grad-CAM, ReLU after the sum', 'attention', ({ detection }) => detection.gradCam.usual),
  {
    name: 'bandSupport',
    label: 'Spectra: support',
    family: 'spectra',
    range: '0 to 1',
    meaning: 'share of the other spectra with a box in the same fused detection',
    of: ({ bands }) => bands?.support,
  },
  {
    name: 'bandAgreement',
    label: 'Spectra: agreement',
    family: 'spectra',
    range: '0 to 1',
    meaning:
      'share of the spectra that have or should have a box there and are not silent; unknown where that is one alone',
    of: ({ bands }) => bands?.agreement,
  },
  {
    name: 'otherScore',
    label: 'Spectra: score of the others',
    family: 'spectra',
    range: '0 to 1',
    meaning: 'mean score of the other spectra in the same fused detection, 0 for those without a box',
    of: ({ bands }) => bands?.otherScore,
  },
  {
    name: 'fusedScore',
    label: 'Spectra: fused score',
    family: 'spectra',
    range: '0 to 1',
    meaning: 'score of the fused detection',
    of: ({ bands }) => bands?.fusedScore,
  },
  {
    name: 'followed',
    label: 'Frames: followed',
    family: 'frames',
    range: '0 to 1',
    meaning: 'share of the last three frames through which the box was followed without a gap',
    of: ({ track }) => track?.followed,
  },
  {
    name: 'trackOverlap',
    label: 'Frames: overlap',
    family: 'frames',
    range: '0 to 1',
    meaning: 'IoU with the box of the frame before that it follows, 0 where there is none',
    of: ({ track }) => track?.overlap,
  },
  {
    name: 'trackScore',
    label: 'Frames: score before',
    family: 'frames',
    range: '0 to 1',
    meaning: 'mean score of the boxes that it follows over the last three frames, 0 where it was not followed',
    of: ({ track }) => track?.score,
  },
  ...maskedOf('live', 'Live RISE', 'live masks', ({ live }) => live),
  ...maskedOf('full', 'RISE', 'full masks', ({ full }) => full),
  {
    name: 'boxShare',
    label: 'Size of the box',
    family: 'yardstick',
    range: 'from 0 to 1',
    meaning: 'the box’s share of the picture, as its logarithm',
    of: ({ boxShare }) => Math.log(boxShare),
  },
  {
    name: 'noise',
    label: 'Noise',
    family: 'yardstick',
    range: '0 to 1',
    meaning: 'a random number, which tells nothing: what a useless figure looks like here',
    of: ({ noise }) => noise,
  },
];

/** One or more figures whose worth beside the score is asked for. */
export interface Question {
  readonly name: string;
  readonly label: string;
  readonly figures: readonly TrustFigure[];
}

/** Every figure, every family of several, and several families together. */
export function trustQuestions(): Question[] {
  const known = (family: TrustFamily): TrustFigure[] =>
    // Agreement is unknown for too many detections to ask it of all figures' common ones.
    TRUST_FIGURES.filter((figure) => figure.family === family && figure.name !== 'bandAgreement');
  const together = (name: string, label: string, families: readonly TrustFamily[]): Question => {
    return { name, label, figures: families.flatMap(known) };
  };
  return [
    ...TRUST_FIGURES.map((figure) => ({ name: figure.name, label: figure.label, figures: [figure] })),
    together('allAttention', 'All of Grad-CAM', ['attention']),
    together('allSpectra', 'All of the spectra', ['spectra']),
    together('allFrames', 'All of the frames', ['frames']),
    together('allLiveMasks', 'All of live RISE', ['live masks']),
    together('allFullMasks', 'All of RISE', ['full masks']),
    together('spectraAndFrames', 'Spectra and frames', ['spectra', 'frames']),
    together('allButFull', 'All figures but RISE', ['attention', 'spectra', 'frames', 'live masks']),
  ];
}
