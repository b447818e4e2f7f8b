import { z } from 'zod';
import { ExpectedError } from '../errors.js';
import { FEATURE_GROUNDS } from './network/liveGraph.js';
import { FEATURE_MASKS } from './masks/featureMasks.js';
import { GRAD_CAM_VARIANTS } from '../perception/gradCam.js';
import { SAMPLERS } from './masks/maskStream.js';
import { SIDU_OUTPUTS } from './estimates/sidu.js';
import { ACTIVATION_METHODS } from './gradients/classActivation.js';

/** How scores and masks become a map. */
export const ESTIMATORS = ['sparse-bayes', 'mean', 'regression', 'box-prior'] as const;
export type Estimator = (typeof ESTIMATORS)[number];

/** Whether an estimator takes cheap scores and a few full ones. */
function correctedBy(estimator: Estimator): boolean {
  return estimator === 'sparse-bayes' || estimator === 'box-prior';
}

/** Upper limit of masks for one explanation: memory does not depend on it, patience does. */
const MAX_PASSES = 1_000_000;

const unit = z.number().min(0).max(1);

/**
 * How the target is found again among the boxes of a masked picture. D-RISE compares with every box that reaches the score
 * threshold and has no least IoU.
 */
const target = z
  .strictObject({
    /** `nms`: among the detections after non-maximum suppression, as the study. `anchors`: among all raw boxes. */
    among: z.enum(['nms', 'anchors']),
    /** Boxes with a lower best score are not looked at. */
    scoreThreshold: unit.default(0.05),
    /** Boxes that overlap the target less are another object. */
    iouThreshold: unit.default(0.5),
  })
  .readonly();

/** What a masked-out pixel becomes: zero, the picture's mean colour, or the picture blurred. */
const fill = z.enum(['black', 'mean', 'blur']);

/** The random masks: cells of a coarse grid that are on with some probability, upsampled bilinearly and shifted. */
const masks = {
  passes: z.int().min(1).max(MAX_PASSES),
  /** Cells along each side of the picture. */
  grid: z.strictObject({ rows: z.int().min(2).max(64), columns: z.int().min(2).max(64) }).readonly(),
  /** That a cell is on. */
  probability: z.number().min(0.001).max(0.999),
  /** How the grids are drawn; every one of them gives the same expected map. */
  sampler: z.enum(SAMPLERS),
  /**
   * `sparse-bayes`: the linear part of the scores, which is all that equation 4 sees, by sparse Bayesian regression; expects no place more than
   * another. `mean`: equation 4. `regression`: equation 4 for what a linear model of the mask does not explain, plus that model; unbiased.
   * `box-prior`: a ridge regression that expects the reason at the target's box, and confirms it: what lies elsewhere it hardly shows.
   */
  estimator: z.enum(ESTIMATORS),
  /** Pixels of the model's input from one value of the map to the next. */
  mapStride: z.int().min(1).max(64).default(4),
};

/** When to stop before all passes are done. */
const earlyStop = z
  .strictObject({
    /**
     * Stop when every target's convergence, an estimate of the map's Pearson correlation with the map of infinitely many
     * masks (MapEstimate.convergence), is at least this. Targets never found so far do not count. Estimators that know no standard error
     * (`box-prior`, live masks with corrections) never stop early.
     */
    convergence: z.number().min(0).max(1),
    minPasses: z.int().min(1).max(MAX_PASSES),
  })
  .readonly();

const streaming = {
  /** Absent: all passes are done. */
  earlyStop: earlyStop.optional(),
  /** Passes between partial results. */
  reportEvery: z.int().min(1).max(MAX_PASSES).default(50),
};

const rise = z.strictObject({ method: z.literal('rise'), ...masks, fill, target, ...streaming }).readonly();
const dRise = z.strictObject({ method: z.literal('d-rise'), ...masks, fill, target, ...streaming }).readonly();
/** RISE that masks the backbone's output maps instead of the picture; the backbone, most of the time, runs once. */
const liveRise = z
  .strictObject({
    method: z.literal('live-rise'),
    ...masks,
    /** What masked maps blend into: nothing, or the maps of the fill picture. */
    ground: z.enum(FEATURE_GROUNDS).default('fill'),
    /** So many of the masks are passed through the whole network too, which takes the bias out: see CorrectedSparseBayesEstimate. */
    corrected: z.int().min(0).max(MAX_PASSES).default(0),
    fill,
    target,
    ...streaming,
  })
  .refine(({ corrected, passes }) => corrected <= passes, { path: ['corrected'], message: 'must not exceed passes' })
  .refine(({ corrected, estimator }) => corrected === 0 || correctedBy(estimator), {
    path: ['estimator'],
    message: 'must be sparse-bayes or box-prior where masks are corrected',
  })
  .readonly();
const sidu = z
  .strictObject({
    method: z.literal('sidu'),
    /** σ of equation 5. */
    sigma: z.number().positive().max(1e3),
    /** `original`: the whole score vector of the box; `class`: the score of the target's class alone. */
    output: z.enum(SIDU_OUTPUTS),
    /** How feature maps become masks: see saliency/featureMasks.ts. */
    masks: z.enum(FEATURE_MASKS),
    /** Pixels of the model's input from one value of the map to the next. */
    mapStride: z.int().min(1).max(64).default(4),
    fill,
    target,
  })
  .readonly();
const gradCam = z.strictObject({ method: z.literal('grad-cam'), variant: z.enum(GRAD_CAM_VARIANTS) }).readonly();

/** Class activation maps by the gradient graph, of any family: see gradients/classActivation.ts. */
const activation = z
  .strictObject({
    method: z.enum(ACTIVATION_METHODS),
    /** Tensors of the ONNX file, [1, channels, rows, columns]; absent: where the network's neck ends. Several are fused. */
    layers: z.array(z.string().min(1).max(1000)).min(1).max(16).optional(),
  })
  .readonly();
const integrated = z
  .strictObject({
    method: z.literal('integrated-gradients'),
    /** Points on the way from the mean colour to the picture, each a forward and a backward pass. */
    steps: z.int().min(1).max(1000).default(32),
  })
  .readonly();
const smooth = z
  .strictObject({
    method: z.literal('smooth-grad'),
    /** Noisy pictures, each a forward and a backward pass. */
    samples: z.int().min(1).max(1000).default(16),
    /** Of the noise, as a share of the picture's range. */
    deviation: z.number().positive().max(1).default(0.1),
  })
  .readonly();

export const explainSettings = z.discriminatedUnion('method', [
  rise,
  dRise,
  liveRise,
  sidu,
  gradCam,
  activation,
  integrated,
  smooth,
]);

/** How an explanation is made. */
export type ExplainSettings = z.infer<typeof explainSettings>;
/** As written by people: what has a default may be left out. */
export type ExplainSettingsInput = z.input<typeof explainSettings>;
export type ExplainMethod = ExplainSettings['method'];
export type SettingsOf<Method extends ExplainMethod> = {
  [Name in ExplainMethod]: Extract<ExplainSettings, { method: Name }> extends never
    ? Extract<ExplainSettings, { method: ActivationMethod }>
    : Extract<ExplainSettings, { method: Name }>;
}[Method];
type ActivationMethod = (typeof ACTIVATION_METHODS)[number];
/** Settings of the methods that differentiate the network. */
export type GradientSettings = SettingsOf<'grad-cam' | 'hirescam' | 'integrated-gradients' | 'smooth-grad'>;
export const EXPLAIN_METHODS = [
  'rise',
  'd-rise',
  'live-rise',
  'sidu',
  'grad-cam',
  ...ACTIVATION_METHODS,
  'integrated-gradients',
  'smooth-grad',
] as const satisfies readonly ExplainMethod[];

/**
 * What the explain node and its action use where nobody says otherwise (then `node dist/src/ros/writeParameterFiles.js`): on planted reasons nearer to the
 * exact map than plain RISE's 500, in the time of 42 passes: see docs/reasons.md.
 */
export const VEHICLE_METHOD: ExplainMethod = 'live-rise';

/** `paper`: the study's own parameters. `default`: what was measured to need the least time for the same maps. */
export const EXPLAIN_PRESETS = ['paper', 'default'] as const;
export type ExplainPreset = (typeof EXPLAIN_PRESETS)[number];

const studyMasks = {
  passes: 500,
  grid: { rows: 8, columns: 8 },
  probability: 0.1,
  sampler: 'plain',
  estimator: 'mean',
  fill: 'black',
  reportEvery: 50,
  mapStride: 1,
} as const;
const fasterMasks = {
  ...studyMasks,
  passes: 100,
  estimator: 'sparse-bayes',
  mapStride: 8,
} as const;
const afterNms = { among: 'nms', scoreThreshold: 0.05, iouThreshold: 0.5 } as const;
const onAnchors = { ...afterNms, among: 'anchors' } as const;

const uncorrected = { ground: 'fill', corrected: 0 } as const;
/** σ and the threshold of the masks are original SIDU's, on which the study says nothing. */
const studySidu = { sigma: 0.25, masks: 'binary', fill: 'black' } as const;

const gradients = {
  hirescam: { method: 'hirescam' },
  'grad-cam++': { method: 'grad-cam++' },
  layercam: { method: 'layercam' },
  odam: { method: 'odam' },
  'integrated-gradients': { method: 'integrated-gradients', steps: 32 },
  'smooth-grad': { method: 'smooth-grad', samples: 16, deviation: 0.1 },
} as const;

const presets = {
  paper: {
    rise: { method: 'rise', ...studyMasks, target: afterNms },
    'd-rise': { method: 'd-rise', ...studyMasks, target: afterNms },
    'live-rise': { method: 'live-rise', ...studyMasks, ...uncorrected, target: afterNms },
    sidu: { method: 'sidu', ...studySidu, output: 'original', mapStride: 1, target: afterNms },
    'grad-cam': { method: 'grad-cam', variant: 'study' },
    ...gradients,
  },
  default: {
    rise: { method: 'rise', ...fasterMasks, target: onAnchors },
    'd-rise': { method: 'd-rise', ...fasterMasks, target: afterNms },
    'live-rise': { method: 'live-rise', ...fasterMasks, ground: 'fill', corrected: 30, target: onAnchors },
    sidu: { method: 'sidu', ...studySidu, output: 'class', mapStride: 4, target: onAnchors },
    'grad-cam': { method: 'grad-cam', variant: 'study' },
    ...gradients,
  },
} as const satisfies Record<ExplainPreset, { [Method in ExplainMethod]: SettingsOf<Method> }>;

/** A method's settings by the name of a preset. */
export function presetSettings<Method extends ExplainMethod>(
  method: Method,
  preset: ExplainPreset = 'default',
): SettingsOf<Method> {
  const chosen: { readonly [Name in ExplainMethod]: ExplainSettings } = presets[preset];
  return chosen[method] as SettingsOf<Method>;
}

/** The same with another estimator; live masks stay uncorrected where it cannot correct them. */
export function withEstimator<Settings extends SettingsOf<'rise' | 'd-rise' | 'live-rise'>>(
  settings: Settings,
  estimator: Estimator,
): Settings {
  return { ...settings, estimator, ...('corrected' in settings && !correctedBy(estimator) && { corrected: 0 }) };
}

/** The same with another number of masks; live RISE passes the same share of them through the whole network. */
export function withPasses<Settings extends SettingsOf<'rise' | 'd-rise' | 'live-rise'>>(
  settings: Settings,
  passes: number,
): Settings {
  const corrected = 'corrected' in settings ? Math.round((settings.corrected * passes) / settings.passes) : undefined;
  return { ...settings, passes, ...(corrected !== undefined && { corrected }) };
}

/**
 * Checks settings that come from outside.
 * @param source how messages name them, for example `explain.yaml`
 * @throws ExpectedError `usage` that lists every field that is wrong
 */
export function parseExplainSettings(value: unknown, source: string): ExplainSettings {
  const result = explainSettings.safeParse(value);
  if (result.success) return result.data;
  const removed = removedSetting(value);
  if (removed)
    throw new ExpectedError(
      'usage',
      `the explanation settings of ${source} do not hold: ${removed.what}`,
      removed.remedy,
    );
  const problems = result.error.issues
    .slice(0, 10)
    .map(({ path, message }) => `${path.join('.') || '(top)'}: ${message}`);
  throw new ExpectedError(
    'usage',
    `the explanation settings of ${source} do not hold: ${problems.join('; ')}`,
    `correct these fields; methods are ${EXPLAIN_METHODS.join(', ')}, described in docs/explanations.md`,
  );
}

/** What earlier versions knew and measurements spoke against: docs/explanations.md. */
function removedSetting(value: unknown): { readonly what: string; readonly remedy: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('sampler' in value && (value.sampler === 'antithetic' || value.sampler === 'stratified'))
    return {
      what: `${value.sampler} masks were removed in 0.2.0, as their maps were no nearer than those of plain ones`,
      remedy: 'set sampler to plain or importance',
    };
  if ('estimator' in value && value.estimator === 'ridge')
    return {
      what: 'the estimator ridge is called box-prior since 0.2.0, for what it does: it expects the reason at the box',
      remedy: 'set estimator to sparse-bayes, the default, which expects no place; or to box-prior',
    };
  if ('groups' in value)
    return {
      what: 'groups of SIDU’s masks were removed in 0.2.0, as their maps were too far from those of all masks',
      remedy: 'leave groups out',
    };
  return undefined;
}
