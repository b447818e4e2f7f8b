import { modelPicture } from './modelPicture.js';
import type { ExplainTarget } from '../../src/explain/explanation.js';
import type { LabelledObject } from '../scenes/labelled.js';
import { Random } from '../scenes/random.js';
import { attentionFigures } from '../../src/maps/attention.js';
import { maskFigures } from '../numbers/maskFigures.js';
import { pearson, topOverlap } from '../../src/maps/mapAgreement.js';
import { areaUnderCurve } from '../numbers/perturbationCurve.js';
import { importanceRanks } from '../../src/maps/pixelOrder.js';
import { giniIndex } from '../../src/maps/sparsity.js';
import type { SaliencyMap } from '../../src/maps/saliencyMap.js';
import { upsample } from '../../src/maps/upsample.js';
import { baselineMap } from './baselines.js';
import { checkMap } from './mapChecks.js';
import type { StudyMethod } from './methods.js';
import type { NetworkBench, SourcePixels } from './networkBench.js';
import { PerturbationScorer } from './perturbation.js';
import type { MeasuredRecord, MethodFigures } from './record.js';
import { TARGET_SCORE, type StudySettings } from './settings.js';
import { thumbnailOf } from './thumbnail.js';
import { matchingObject, objectMask } from './truthMatch.js';

/** A picture to measure and what is known about it. */
export interface MeasureTask extends SourcePixels {
  readonly objects: readonly LabelledObject[];
  /** Decides everything random about this picture; the same for every network. */
  readonly seed: number;
  readonly keepMaps: boolean;
}

export type Measurement = Pick<MeasuredRecord, 'target' | 'methods' | 'agreement' | 'cost'>;

/** A method's map, and the passes it took. */
export interface MadeMap {
  readonly map: SaliencyMap;
  readonly passes: number;
  readonly lost: number;
}

/** Makes a method's map of a target. */
export async function makeMap(
  bench: NetworkBench,
  picture: SourcePixels,
  target: ExplainTarget,
  { settings }: StudyMethod,
  seed: number,
): Promise<MadeMap> {
  if (settings.method === 'box' || settings.method === 'random')
    return { map: baselineMap(settings, target.box, picture.size, seed), passes: 0, lost: 0 };
  return bench.explain(picture, target, settings, seed);
}

/**
 * Everything about one picture: the box with the highest score, its map by each method, and what the maps are worth.
 * @param shuffled the same network with shuffled weights, where its maps are asked for
 * @returns undefined where the network finds nothing in the picture
 */
export async function measurePicture(
  bench: NetworkBench,
  task: MeasureTask,
  settings: StudySettings,
  shuffled?: NetworkBench,
): Promise<Measurement | undefined> {
  const started = performance.now();
  const { size, seed } = task;
  const laid = modelPicture(task.pixels, size, bench.detector.manifest.input);
  const thresholds = { scoreThreshold: TARGET_SCORE, maxDetections: 1 };
  const { detections, timings } = await bench.detector.detect(laid.pixels, size, thresholds);
  if (detections.length === 0) return undefined;
  const { box, classIndex, className, score } = detections[0];
  const target = { box, classIndex, className, score };
  const object = matchingObject(target, task.objects);
  const mask = object && objectMask(object, size);
  const scorer = await PerturbationScorer.open(bench.masked, laid, target, settings.curves);
  const { content } = laid.placed;
  const tieKeys = settings.curves.ties === 'random' ? randomKeys(content.width * content.height, seed) : undefined;

  const methods: Record<string, MethodFigures> = {};
  const grids: { name: string; values: Float32Array }[] = [];
  let passes = 1;
  for (const method of settings.methods) {
    const made = await makeMap(bench, task, target, method, seed);
    const { values } = upsample(made.map, content.width, content.height);
    const ranks = importanceRanks(values, tieKeys);
    const deletionCurve = await scorer.curve('deletion', ranks);
    const insertionCurve = await scorer.curve('insertion', ranks);
    const attention = attentionFigures(made.map, box, size.width, size.height);
    const onMask = mask && maskFigures(upsample(made.map, size.width, size.height).values, mask);
    const checks = await checkMap({ bench, shuffled, picture: task, seed, target, method, map: made.map, settings });
    methods[method.name] = {
      deletion: areaUnderCurve(deletionCurve),
      insertion: areaUnderCurve(insertionCurve),
      deletionCurve,
      insertionCurve,
      energyInBox: attention.energyInBox,
      energyGain: attention.energyGain,
      pointingBox: Number(attention.peakInBox),
      ...(onMask && { mask: onMask }),
      gini: giniIndex(values),
      ...checks.figures,
      passes: made.passes,
      lost: made.lost,
      ...(task.keepMaps && { thumbnail: thumbnailOf(made.map) }),
    };
    grids.push({ name: method.name, values });
    passes += made.passes + checks.passes;
  }
  const agreement = grids.flatMap(({ name: a, values }, i) =>
    grids.slice(i + 1).map(({ name: b, values: other }) => ({
      a,
      b,
      pearson: pearson(values, other),
      topOverlap: topOverlap(values, other),
    })),
  );
  return {
    target: { className, score, box, correct: object !== undefined },
    methods,
    agreement,
    cost: {
      busyMs: performance.now() - started,
      passes: passes + scorer.passes,
      bareMs: timings.inferenceMs,
    },
  };
}

function randomKeys(count: number, seed: number): Uint32Array {
  const random = new Random(seed, 'ties');
  return Uint32Array.from({ length: count }, () => random.bits());
}
