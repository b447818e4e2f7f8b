import { workerData } from 'node:worker_threads';
import { EfficientDet } from '../../detector/efficientDet.js';
import { MaskedDetector } from '../network/maskedDetector.js';
import type { MaskedPicture, MaskedTarget, MaskScores } from '../network/maskedPicture.js';
import { iou } from '../../geometry/box.js';
import { letterbox, toInput, type Letterbox } from '../../geometry/letterbox.js';
import { gradCam, type GradCamVariant } from '../../perception/gradCam.js';
import { MaskStream } from '../masks/maskStream.js';
import { isCorrected } from '../estimates/correctedRidgeEstimate.js';
import type { SaliencyMap } from '../../maps/saliencyMap.js';
import { serve } from '../../workers/workerServer.js';
import type {
  ExplainAnswer,
  ExplainTask,
  ExplainWorkerSetup,
  LiveMasking,
  MaskValue,
  PictureToExplain,
} from './explainProtocol.js';
import { GradientNetwork } from '../gradients/gradientNetwork.js';
import { gradientMaps, gradientOptions } from './gradientMaps.js';
import { gridBatch } from './gridBatch.js';
import { fillPicture } from './fillPicture.js';
import { siduMasks, type SiduLevel } from '../masks/siduMasks.js';

/** Entry point of a worker thread of the explainer: hosts the sessions and scores masks. */

const setup = workerData as ExplainWorkerSetup;
/** Grad-CAM explains a detection of the same class that overlaps the target by at least this. */
const SAME_BOX_IOU = 0.5;

let masked: Promise<MaskedDetector> | undefined;
let plain: Promise<EfficientDet> | undefined;
/** A picture that masks are passed through; `whole` beside live masks that are corrected. */
interface BegunPicture {
  readonly picture: MaskedPicture;
  readonly whole?: MaskedPicture | undefined;
  readonly stream?: MaskStream | undefined;
  readonly value: MaskValue;
  readonly live?: LiveMasking | undefined;
}
const pictures = new Map<number, BegunPicture>();
/** By layers. */
const gradientNetworks = new Map<string, Promise<GradientNetwork>>();

const maskedDetector = (): Promise<MaskedDetector> => (masked ??= MaskedDetector.load(setup.manifestPath, setup));

serve<ExplainTask, ExplainAnswer>(async (task) => {
  switch (task.kind) {
    case 'load': {
      const { manifest, provider } = await maskedDetector();
      return { value: { kind: 'loaded', manifest, provider } };
    }
    case 'begin':
      await begin(task);
      return { value: { kind: 'done' } };
    case 'score': {
      const { values, found } = await score(task.id, task.from, task.count);
      return { value: { kind: 'scored', values, found }, transfer: [values.buffer, found.buffer] };
    }
    case 'scoreGrids': {
      const { ious, vectors } = await begun(task.id).picture.scoreGrids(task.masks);
      return { value: { kind: 'vectors', ious, vectors } };
    }
    case 'siduMasks': {
      const levels = await makeSiduMasks(task);
      const transfer = levels.flatMap((level) => [level.masks.buffer, level.counts.buffer]);
      return { value: { kind: 'siduMasks', levels }, transfer };
    }
    case 'end':
      pictures.delete(task.id);
      return { value: { kind: 'done' } };
    case 'gradients':
      return { value: { kind: 'maps', maps: await gradientMapsOf(task) } };
    case 'close':
      await (await masked)?.close();
      await (await plain)?.close();
      for (const network of gradientNetworks.values()) await (await network).close();
      return { value: { kind: 'done' } };
  }
});

async function begin(task: Extract<ExplainTask, { kind: 'begin' }>): Promise<void> {
  const detector = await maskedDetector();
  const { placed, targets } = placeIn(task.picture, detector);
  const { content } = placed;
  const { rule, live, value } = task;
  const pixels = task.picture.input;
  // Only D-RISE compares with what the network says of the unmasked picture.
  const look = value === 'similarity';
  const picture = { pixels, fill: fillPicture(pixels, placed, task.fill), content, targets, rule, look };
  pictures.set(task.id, {
    picture: await detector.picture(live ? { ...picture, features: live.ground } : picture),
    whole: live && live.corrected > 0 ? await detector.picture(picture) : undefined,
    stream: task.stream && new MaskStream(task.stream),
    value,
    live,
  });
}

/** Where the source image lies in the model's input, and its targets there. */
function placeIn(
  { size, targets }: PictureToExplain,
  { manifest: { input } }: MaskedDetector,
): { placed: Letterbox; targets: MaskedTarget[] } {
  const placed = letterbox(size, input, input.resize);
  return { placed, targets: targets.map(({ box, classIndex }) => ({ box: toInput(box, placed), classIndex })) };
}

function begun(id: number): BegunPicture {
  const known = pictures.get(id);
  if (!known) throw new Error(`no picture ${id} was begun`);
  return known;
}

async function score(
  id: number,
  from: number,
  count: number,
): Promise<{ values: Float32Array<ArrayBuffer>; found: Uint8Array<ArrayBuffer> }> {
  const { picture, whole, stream, value, live } = begun(id);
  if (!stream) throw new Error(`picture ${id} was begun without masks`);
  const targets = picture.setup.targets.length;
  const width = whole ? 2 * targets : targets;
  const values = new Float32Array(count * width).fill(NaN);
  const found = new Uint8Array(count * targets);
  const valuesOf = (scores: MaskScores): Float32Array => (value === 'score' ? scores.scores : scores.similarities);
  for (let done = 0; done < count; done += setup.batch) {
    const size = Math.min(setup.batch, count - done);
    const scores = await picture.scoreGrids(gridBatch(stream, from + done, size));
    for (let i = 0; i < size; i++)
      values.set(valuesOf(scores).subarray(i * targets, (i + 1) * targets), (done + i) * width);
    scores.ious.forEach((overlap, i) => (found[done * targets + i] = overlap > 0 ? 1 : 0));
  }
  if (whole && live)
    for (let i = 0; i < count; i++) {
      if (!isCorrected(from + i, live.passes, live.corrected)) continue;
      values.set(valuesOf(await whole.scoreGrids(gridBatch(stream, from + i, 1))), i * width + targets);
    }
  return { values, found };
}

async function makeSiduMasks(task: Extract<ExplainTask, { kind: 'siduMasks' }>): Promise<SiduLevel[]> {
  const detector = await maskedDetector();
  const { placed, targets } = placeIn(task.picture, detector);
  const { rule, masks, picture } = task;
  return siduMasks(detector, { pixels: picture.input, content: placed.content, targets, rule, masks });
}

/** EfficientDet's Grad-CAM has a closed form; everything else goes through the gradient graph. */
async function gradientMapsOf({
  picture,
  settings,
  seed,
}: Extract<ExplainTask, { kind: 'gradients' }>): Promise<(SaliencyMap | undefined)[]> {
  const { manifest } = await maskedDetector();
  if (settings.method === 'grad-cam' && manifest.family === 'efficientdet')
    return gradCamMaps(picture, settings.variant);
  const options = gradientOptions(settings);
  const key = JSON.stringify(options);
  const known =
    gradientNetworks.get(key) ?? GradientNetwork.load(setup.manifestPath, { ...options, threads: setup.threads });
  gradientNetworks.set(key, known);
  try {
    return await gradientMaps(await known, picture, settings, seed);
  } catch (error) {
    gradientNetworks.delete(key);
    throw error;
  }
}

async function gradCamMaps(
  { input, size, targets }: PictureToExplain,
  variant: GradCamVariant,
): Promise<(SaliencyMap | undefined)[]> {
  const detector = await (plain ??= EfficientDet.load(setup.manifestPath, setup));
  const thresholds = { scoreThreshold: 0.01, maxDetections: 1000 };
  const { detections, featureMaps } = await detector.detect(input, size, thresholds);
  const chosen = targets.map((target) => {
    const same = detections.filter(({ classIndex }) => classIndex === target.classIndex);
    const nearest = same.toSorted((a, b) => iou(b.box, target.box) - iou(a.box, target.box)).at(0);
    return nearest && iou(nearest.box, target.box) >= SAME_BOX_IOU ? nearest : undefined;
  });
  const found = chosen.flatMap((detection) => (detection ? [detection] : []));
  const { classHead, manifest } = detector;
  const placed = letterbox(size, manifest.input, manifest.input.resize);
  const inputs = { featureMaps, classHead, classCount: manifest.classes.length, letterbox: placed };
  const maps = await gradCam(found, inputs, variant);
  return chosen.map((detection) => detection && maps[found.indexOf(detection)]);
}
