import { aurocByGroup } from '../../numbers/auroc.js';
import { brierByGroup, calibrationErrorByGroup, squaredErrors } from '../../numbers/calibration.js';
import { crossValidated } from '../../numbers/crossValidation.js';
import { difference, estimate, type Estimate } from '../../numbers/groupBootstrap.js';
import { labelledCases, type LabelledCases } from '../../numbers/labelledCases.js';
import { logit } from '../../numbers/logisticRegression.js';
import { pairedSignFlipTest, type Uniform } from '../../numbers/statistics.js';
import type { Question, TrustFigure } from './figures.js';
import type { TrustSample } from './samples.js';

/** How well values tell true detections from false ones, and how well they are probabilities. */
export interface Quality {
  readonly auroc: Estimate;
  readonly brier: Estimate;
  readonly calibrationError: Estimate;
}

/** What figures add to a regression without them, on the same detections; positive is better in all of them. */
export interface Gain {
  readonly auroc: Estimate;
  readonly brier: Estimate;
  readonly calibrationError: Estimate;
  /** Two-sided sign-flip test of the gain in Brier's score, drives flipped. */
  readonly p: number;
}

/** Out-of-fold probabilities that a detection is true, by what the regression knows. */
export interface Predictions {
  readonly alone: Float64Array;
  readonly score: Float64Array;
  readonly withScore: Float64Array;
}

/** What a question's figures are worth. */
export interface Answer {
  readonly question: Question;
  readonly cases: LabelledCases;
  /** True or false detections of which all figures are known. */
  readonly samples: readonly TrustSample[];
  readonly predictions: Predictions;
  readonly positives: number;
  /** Of a single figure its own AUROC, which may lie below 0.5; of several, and for the rest, that of a regression on them. */
  readonly alone: Quality;
  readonly score: Quality;
  readonly withScore: Quality;
  readonly gain: Gain;
  /** The same beside score, size, class and spectrum: what the detector knows of a box without any explanation. */
  readonly context: Quality;
  readonly gainBeyondContext: Gain;
}

/** Resamples of an interval: enough for its ends to be known to a small part of its width, as there are hundreds of intervals. */
export const BOOTSTRAPS = 2_000;

/** Strength of the regressions' ridge on standardised columns. */
export const RIDGE = 1;

interface Setting {
  /** Fold of each group. */
  readonly folds: ReadonlyMap<string, number>;
  readonly uniform: (what: string) => Uniform;
}

/** @returns undefined where there are no true or no false detections of which all figures are known */
export function answer(
  question: Question,
  all: readonly TrustSample[],
  { folds, uniform }: Setting,
): Answer | undefined {
  const { name, figures } = question;
  const samples = all.filter(
    (sample) => sample.verdict !== 'ignored' && figures.every(({ of }) => of(sample) !== undefined),
  );
  const cases = labelledCases(samples.map(({ verdict, group }) => ({ positive: verdict === 'true', group })));
  const positives = cases.positive.filter((is) => is).length;
  if (positives === 0 || positives === samples.length) return undefined;
  const fold = foldsOf(samples, cases, folds);
  const regress = (columns: (sample: TrustSample) => number[]): Float64Array =>
    crossValidated(samples.map(columns), cases, fold, RIDGE);
  const own = (sample: TrustSample): number[] => figures.map((figure) => column(figure, sample));
  const context = contextColumns(all);

  const alone = regress(own);
  const score = regress(scoreColumns);
  const withScore = regress((sample) => [...scoreColumns(sample), ...own(sample)]);
  const known = regress(context);
  const withKnown = regress((sample) => [...context(sample), ...own(sample)]);
  const single = figures.length === 1 ? samples.map((sample) => figures[0].of(sample) ?? NaN) : alone;
  const draw = (what: string): Uniform => uniform(`${name} ${what}`);
  return {
    question,
    cases,
    samples,
    predictions: { alone, score, withScore },
    positives,
    alone: qualityOf(alone, cases, draw('alone'), single),
    score: qualityOf(score, cases, draw('score')),
    withScore: qualityOf(withScore, cases, draw('with score')),
    gain: gainOf(score, withScore, samples, cases, draw('gain')),
    context: qualityOf(known, cases, draw('context')),
    gainBeyondContext: gainOf(known, withKnown, samples, cases, draw('gain beyond context')),
  };
}

/** @param ranking what AUROC is taken of */
export function qualityOf(
  probabilities: ArrayLike<number>,
  cases: LabelledCases,
  uniform: Uniform,
  ranking = probabilities,
): Quality {
  const { groups } = cases;
  return {
    auroc: estimate(aurocByGroup(ranking, cases), groups, uniform, BOOTSTRAPS),
    brier: estimate(brierByGroup(probabilities, cases), groups, uniform, BOOTSTRAPS),
    calibrationError: estimate(calibrationErrorByGroup(probabilities, cases), groups, uniform, BOOTSTRAPS),
  };
}

function gainOf(
  without: Float64Array,
  withFigures: Float64Array,
  samples: readonly TrustSample[],
  cases: LabelledCases,
  uniform: Uniform,
): Gain {
  const { groups, positive } = cases;
  const lower = (of: typeof brierByGroup): Estimate =>
    estimate(difference(of(without, cases), of(withFigures, cases)), groups, uniform, BOOTSTRAPS);
  const before = squaredErrors(without, positive);
  const after = squaredErrors(withFigures, positive);
  return {
    auroc: aurocGain(without, withFigures, cases, uniform),
    brier: lower(brierByGroup),
    calibrationError: lower(calibrationErrorByGroup),
    p: pairedSignFlipTest(
      samples.map(({ group }, i) => ({ group, value: before[i] - after[i] })),
      uniform,
    ),
  };
}

/** What a second ranking is better by, with a paired interval. */
export function aurocGain(
  without: ArrayLike<number>,
  withFigures: ArrayLike<number>,
  cases: LabelledCases,
  uniform: Uniform,
): Estimate {
  return estimate(
    difference(aurocByGroup(withFigures, cases), aurocByGroup(without, cases)),
    cases.groups,
    uniform,
    BOOTSTRAPS,
  );
}

function foldsOf(
  samples: readonly TrustSample[],
  { group, groups }: LabelledCases,
  folds: ReadonlyMap<string, number>,
): number[] {
  const fold = new Array<number>(groups).fill(0);
  samples.forEach((sample, i) => (fold[group[i]] = folds.get(sample.group) ?? 0));
  return fold;
}

function column({ of, logarithmic }: TrustFigure, sample: TrustSample): number {
  const value = of(sample) ?? NaN;
  return logarithmic ? Math.log1p(value) : value;
}

const scoreColumns = ({ detection }: TrustSample): number[] => [logit(detection.score)];

/** Score, logarithm of the size, and an indicator for each class and spectrum but the first. */
function contextColumns(all: readonly TrustSample[]): (sample: TrustSample) => number[] {
  const others = (names: readonly string[]): string[] => [...new Set(names)].sort().slice(1);
  const classes = others(all.map(({ detection }) => detection.className));
  const spectra = others(all.map(({ spectrum }) => spectrum));
  return (sample) => [
    ...scoreColumns(sample),
    Math.log(sample.boxShare),
    ...classes.map((name) => Number(sample.detection.className === name)),
    ...spectra.map((name) => Number(sample.spectrum === name)),
  ];
}
