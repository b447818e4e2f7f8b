import { setImmediate as turn } from 'node:timers/promises';
import { Random } from '../../scenes/random.js';
import { auroc, rocCurve, type RocPoint } from '../../numbers/auroc.js';
import { reliability, type ReliabilityBin } from '../../numbers/calibration.js';
import { dealFolds } from '../../numbers/crossValidation.js';
import type { Estimate } from '../../numbers/groupBootstrap.js';
import { labelledCases } from '../../numbers/labelledCases.js';
import { holm, type Uniform } from '../../numbers/statistics.js';
import type { Spectrum } from '../../../src/spectrum.js';
import type { JudgingOptions } from '../resumable.js';
import { answer, aurocGain, qualityOf, type Answer, type Gain, type Quality } from './evaluate.js';
import { trustQuestions } from './figures.js';
import type { TrustPlan } from './plan.js';
import type { TrustRecord } from './record.js';
import { trustSamples, type TrustSample } from './samples.js';

export interface CorrectedGain extends Gain {
  /** p after Holm's correction over all questions. */
  readonly pCorrected: number;
  /** Whether the intervals of the gains in AUROC and in Brier's score lie above zero and the corrected p is below 0.05. */
  readonly adds: boolean;
}

/** What one figure, or several together, are worth. */
export interface TrustRow {
  readonly name: string;
  readonly label: string;
  readonly figures: readonly string[];
  readonly detections: number;
  readonly trueDetections: number;
  readonly drives: number;
  readonly alone: Quality;
  /** Of a regression on the score, on the same detections. */
  readonly score: Quality;
  readonly withScore: Quality;
  readonly gain: CorrectedGain;
  readonly context: Quality;
  readonly gainBeyondContext: CorrectedGain;
  /** Gain in AUROC over the score within parts of the detections. */
  readonly slices: readonly SliceGain[];
}

export interface SliceGain {
  readonly slice: string;
  readonly detections: number;
  readonly trueDetections: number;
  readonly scoreAuroc: number;
  readonly gain: Estimate;
}

export interface TrustNetworkCounts {
  readonly network: string;
  readonly sha256: string;
  readonly spectrum: Spectrum;
  readonly pictures: number;
  readonly fullPictures: number;
  readonly drives: number;
  readonly trueDetections: number;
  readonly falseDetections: number;
  /** Detections of objects that are not asked for. */
  readonly ignored: number;
  /** Of the score as it is. */
  readonly auroc: number | null;
}

/** A ranking's characteristic and reliability, on the detections of which everything but RISE is known. */
export interface TrustCurve {
  readonly name: string;
  readonly label: string;
  readonly roc: readonly RocPoint[];
  /** Only of what is a probability. */
  readonly reliability: readonly ReliabilityBin[];
}

/** Everything that the page says; the same for the same plan, however often the run was killed. */
export interface TrustResults {
  readonly settings: TrustPlan['settings'];
  readonly identity: string;
  readonly networks: readonly TrustNetworkCounts[];
  readonly folds: number;
  readonly drives: number;
  /** The score as it is, not put through a regression, on all detections; null without true or without false ones. */
  readonly rawScore: Quality | null;
  readonly rows: readonly TrustRow[];
  /** Labels of the questions to which the detections have no answer. */
  readonly unanswered: readonly string[];
  readonly curves: readonly TrustCurve[];
}

const FOLDS = 10;
const SIGNIFICANT = 0.05;
/** The detector's own default: what is shown. */
const SHOWN_SCORE = 0.3;
const ROC_POINTS = 200;

/**
 * @param records in the plan's order, all of them
 * @throws the signal's reason once it is aborted
 */
export async function trustResults(
  plan: TrustPlan,
  records: readonly TrustRecord[],
  { onProgress, signal }: JudgingOptions = {},
): Promise<{ results: TrustResults; samples: readonly TrustSample[] }> {
  const { settings, networks, pictures, identity } = plan;
  const samples = trustSamples(plan, records);
  const uniform = (what: string): Uniform => {
    const random = new Random(settings.seed, `bootstrap ${what}`);
    return () => random.next();
  };
  const groups = [...new Set(samples.map(({ group }) => group))].sort();
  const foldCount = Math.min(FOLDS, groups.length);
  const dealt = dealFolds(groups.length, Math.max(1, foldCount), uniform('folds'));
  const folds = new Map(groups.map((group, g) => [group, dealt[g]]));
  const questions = trustQuestions();
  let done = 0;
  // Each question is answered, and those with an answer are asked of the parts of the detections, too.
  const step = async (steps = 1): Promise<void> => {
    done += steps;
    onProgress?.(done, 2 * questions.length);
    await turn();
    signal?.throwIfAborted();
  };
  const answers: Answer[] = [];
  for (const question of questions) {
    const given = answer(question, samples, { folds, uniform });
    if (given) answers.push(given);
    await step(given ? 1 : 2);
  }
  const answered = new Set(answers.map(({ question }) => question.name));
  const gains = corrected(answers.map(({ gain }) => gain));
  const beyond = corrected(answers.map(({ gainBeyondContext }) => gainBeyondContext));
  const rows: TrustRow[] = [];
  for (const [i, given] of answers.entries()) {
    rows.push(rowOf(given, gains[i], beyond[i], uniform));
    await step();
  }
  const everything = answers.find(({ question }) => question.name === 'allButFull');
  const results: TrustResults = {
    settings,
    identity,
    networks: networks.map(({ manifest: { name, sha256 }, spectrum }, network): TrustNetworkCounts => {
      const own = pictures.filter((picture) => picture.network === network);
      const found = samples.filter((sample) => sample.network === name);
      const judged = found.filter(({ verdict }) => verdict !== 'ignored');
      const value = auroc(
        judged.map(({ detection }) => detection.score),
        judged.map(({ verdict }) => verdict === 'true'),
      );
      return {
        network: name,
        sha256,
        spectrum,
        pictures: own.length,
        fullPictures: own.filter(({ full }) => full).length,
        drives: new Set(own.map(({ image }) => image.drive ?? image.id)).size,
        trueDetections: judged.filter(({ verdict }) => verdict === 'true').length,
        falseDetections: judged.filter(({ verdict }) => verdict === 'false').length,
        ignored: found.length - judged.length,
        auroc: Number.isNaN(value) ? null : value,
      };
    }),
    folds: foldCount,
    drives: groups.length,
    rawScore: rawScoreOf(samples, uniform('raw score')),
    rows,
    unanswered: questions.filter(({ name }) => !answered.has(name)).map(({ label }) => label),
    curves: everything ? curvesOf(everything) : [],
  };
  return { results, samples };
}

function rawScoreOf(samples: readonly TrustSample[], uniform: Uniform): Quality | null {
  const judged = samples.filter(({ verdict }) => verdict !== 'ignored');
  const cases = labelledCases(judged.map(({ verdict, group }) => ({ positive: verdict === 'true', group })));
  if (new Set(cases.positive).size < 2) return null;
  return qualityOf(
    judged.map(({ detection }) => detection.score),
    cases,
    uniform,
  );
}

function rowOf(
  given: Answer,
  gain: CorrectedGain,
  gainBeyondContext: CorrectedGain,
  uniform: (what: string) => Uniform,
): TrustRow {
  const { question, cases, positives, alone, score, withScore, context } = given;
  return {
    name: question.name,
    label: question.label,
    figures: question.figures.map(({ name }) => name),
    detections: cases.positive.length,
    trueDetections: positives,
    drives: cases.groups,
    ...{ alone, score, withScore, gain, context, gainBeyondContext },
    slices: slicesOf(given, uniform),
  };
}

function slicesOf({ question, samples, predictions }: Answer, uniform: (what: string) => Uniform): SliceGain[] {
  const parts: (readonly [string, (sample: TrustSample) => boolean])[] = [
    ...[...new Set(samples.map(({ spectrum }) => spectrum))].map(
      (name) => [name.toUpperCase(), ({ spectrum }: TrustSample) => spectrum === name] as const,
    ),
    ['by day', ({ time }) => time === 'day'],
    ['by night', ({ time }) => time === 'night'],
    [`score from ${SHOWN_SCORE}`, ({ detection }) => detection.score >= SHOWN_SCORE],
    [`score below ${SHOWN_SCORE}`, ({ detection }) => detection.score < SHOWN_SCORE],
  ];
  return parts.flatMap(([slice, isIn]): SliceGain[] => {
    const places = samples.flatMap((sample, i) => (isIn(sample) ? [i] : []));
    const cases = labelledCases(
      places.map((i) => ({ positive: samples[i].verdict === 'true', group: samples[i].group })),
    );
    const trueDetections = cases.positive.filter((is) => is).length;
    if (trueDetections === 0 || trueDetections === places.length) return [];
    const score = places.map((i) => predictions.score[i]);
    const withScore = places.map((i) => predictions.withScore[i]);
    return [
      {
        slice,
        detections: places.length,
        trueDetections,
        scoreAuroc: auroc(score, cases.positive),
        gain: aurocGain(score, withScore, cases, uniform(`${question.name} ${slice}`)),
      },
    ];
  });
}

function corrected(gains: readonly Gain[]): CorrectedGain[] {
  const values = holm(gains.map(({ p }) => p));
  const isAbove = ({ interval }: Estimate): boolean => interval !== null && interval.low > 0;
  return gains.map((gain, i) => ({
    ...gain,
    pCorrected: values[i],
    adds: isAbove(gain.auroc) && isAbove(gain.brier) && values[i] < SIGNIFICANT,
  }));
}

/** The score as it is, the score through a regression, and everything together. */
function curvesOf({ samples, cases: { positive }, predictions }: Answer): TrustCurve[] {
  const raw = samples.map(({ detection }) => detection.score);
  const curve = (name: string, label: string, values: ArrayLike<number>): TrustCurve => {
    return { name, label, roc: thinned(rocCurve(values, positive)), reliability: reliability(values, positive) };
  };
  return [
    curve('raw', 'Score as it is', raw),
    curve('score', 'Score, regression', predictions.score),
    curve('figures', 'All figures but RISE, without the score', predictions.alone),
    curve('together', 'Score and all figures but RISE', predictions.withScore),
  ];
}

/** Enough points for a drawing, both ends among them. */
function thinned(points: readonly RocPoint[]): RocPoint[] {
  if (points.length <= ROC_POINTS) return [...points];
  const step = (points.length - 1) / (ROC_POINTS - 1);
  return Array.from({ length: ROC_POINTS }, (_, i) => points[Math.round(i * step)]);
}
