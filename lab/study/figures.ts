import type { MeasuredRecord, MethodFigures } from './record.js';

/** A figure of one map, with what a reader has to know about it. */
export interface StudyFigure {
  readonly name: string;
  readonly label: string;
  /** `none`: a description, neither good nor bad. */
  readonly better: 'low' | 'high' | 'near 0' | 'none';
  readonly range: string;
  readonly meaning: string;
  /** Undefined where it could not be measured. */
  readonly of: (figures: MethodFigures, target: MeasuredRecord['target']) => number | undefined;
}

const relative = (area: number, score: number): number | undefined => (score > 0 ? area / score : undefined);

export const STUDY_FIGURES: readonly StudyFigure[] = [
  {
    name: 'deletion',
    label: 'Deletion',
    better: 'low',
    range: '0 to 1',
    meaning: 'area under the score while the most important pixels are removed first',
    of: ({ deletion }) => deletion,
  },
  {
    name: 'insertion',
    label: 'Insertion',
    better: 'high',
    range: '0 to 1',
    meaning: 'area under the score while the most important pixels come back first into the blurred picture',
    of: ({ insertion }) => insertion,
  },
  {
    name: 'deletionRelative',
    label: 'Deletion ÷ score',
    better: 'low',
    range: '0 to about 1',
    meaning: 'deletion in units of the score in the whole picture: for comparing networks of different confidence',
    of: ({ deletion }, { score }) => relative(deletion, score),
  },
  {
    name: 'insertionRelative',
    label: 'Insertion ÷ score',
    better: 'high',
    range: '0 to about 1',
    meaning: 'insertion in units of the score in the whole picture',
    of: ({ insertion }, { score }) => relative(insertion, score),
  },
  {
    name: 'averagePrecision',
    label: 'AP on the mask',
    better: 'high',
    range: '0 to 1',
    meaning: 'average precision of “a high value lies on the object”, against the object’s true pixels',
    of: ({ mask }) => mask?.averagePrecision,
  },
  {
    name: 'energyInMask',
    label: 'Energy in the mask',
    better: 'high',
    range: '0 to 1',
    meaning: 'share of the map on the object’s true pixels',
    of: ({ mask }) => mask?.energyInMask,
  },
  {
    name: 'maskGain',
    label: 'Energy gain, mask',
    better: 'high',
    range: 'from 0; 1 is a flat map',
    meaning: 'energy in the mask divided by the object’s share of the picture',
    of: ({ mask }) => mask?.energyGain,
  },
  {
    name: 'pointingMask',
    label: 'Pointing, mask',
    better: 'high',
    range: '0 to 1',
    meaning: 'whether the highest pixel lies on the object',
    of: ({ mask }) => mask?.pointing,
  },
  {
    name: 'energyInBox',
    label: 'Energy in the box',
    better: 'high',
    range: '0 to 1',
    meaning: 'share of the map inside the detected box',
    of: ({ energyInBox }) => energyInBox,
  },
  {
    name: 'boxGain',
    label: 'Energy gain, box',
    better: 'high',
    range: 'from 0; 1 is a flat map',
    meaning: 'energy in the box divided by the box’s share of the picture',
    of: ({ energyGain }) => energyGain,
  },
  {
    name: 'pointingBox',
    label: 'Pointing, box',
    better: 'high',
    range: '0 to 1',
    meaning: 'pointing game: whether the highest place lies in the box',
    of: ({ pointingBox }) => pointingBox,
  },
  {
    name: 'gini',
    label: 'Sparsity',
    better: 'none',
    range: '0 (flat) to 1 (one pixel)',
    meaning: 'Gini index of the map’s positive values',
    of: ({ gini }) => gini,
  },
  {
    name: 'shiftStability',
    label: 'Stability, moved',
    better: 'high',
    range: '−1 to 1',
    meaning: 'correlation with the map of the slightly moved picture, moved back',
    of: ({ shiftStability }) => shiftStability,
  },
  {
    name: 'noiseStability',
    label: 'Stability, noise',
    better: 'high',
    range: '−1 to 1',
    meaning: 'correlation with the map of the slightly noisier picture',
    of: ({ noiseStability }) => noiseStability,
  },
  {
    name: 'randomised',
    label: 'Shuffled weights',
    better: 'near 0',
    range: '−1 to 1',
    meaning: 'correlation with the map of the same network with shuffled weights: what survives was not learned',
    of: ({ randomised }) => randomised,
  },
  {
    name: 'lost',
    label: 'Passes without target',
    better: 'none',
    range: '0 to 1',
    meaning: 'share of the method’s forward passes in which the target was not found again',
    of: ({ lost, passes }) => (passes > 0 ? lost / passes : undefined),
  },
];
