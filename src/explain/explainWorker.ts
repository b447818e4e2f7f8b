import { workerData } from 'node:worker_threads';
import { EfficientDet } from '../detector/efficientDet.js';
import { MaskedDetector } from '../detector/maskedDetector.js';
import type { MaskedPicture } from '../detector/maskedPicture.js';
import { iou } from '../geometry/box.js';
import { letterbox, toInput } from '../geometry/letterbox.js';
import { gradCam, type GradCamVariant } from '../saliency/gradCam.js';
import { MaskStream } from '../saliency/maskStream.js';
import type { SaliencyMap } from '../saliency/saliencyMap.js';
import { serve } from '../workers/workerServer.js';
import type { ExplainAnswer, ExplainTask, ExplainWorkerSetup, MaskValue, SourcePicture } from './explainProtocol.js';
import { gridBatch } from './gridBatch.js';
import { fillPicture, modelPicture } from './modelPicture.js';

/** Entry point of a worker thread of the explainer: hosts the sessions and scores masks. */

const setup = workerData as ExplainWorkerSetup;
/** Grad-CAM explains a detection of the same class that overlaps the target by at least this. */
const SAME_BOX_IOU = 0.5;

let masked: Promise<MaskedDetector> | undefined;
let plain: Promise<EfficientDet> | undefined;
const pictures = new Map<number, { picture: MaskedPicture; stream: MaskStream; value: MaskValue }>();

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
    case 'end':
      pictures.delete(task.id);
      return { value: { kind: 'done' } };
    case 'gradCam':
      return { value: { kind: 'maps', maps: await gradCamMaps(task.picture, task.variant) } };
    case 'close':
      await (await masked)?.close();
      await (await plain)?.close();
      return { value: { kind: 'done' } };
  }
});

async function begin(task: Extract<ExplainTask, { kind: 'begin' }>): Promise<void> {
  const detector = await maskedDetector();
  const { pixels, size, targets } = task.picture;
  const laid = modelPicture(pixels, size, detector.manifest.input);
  const picture = await detector.picture({
    pixels: laid.pixels,
    fill: fillPicture(laid, task.fill),
    content: laid.placed.content,
    targets: targets.map(({ box, classIndex }) => ({ box: toInput(box, laid.placed), classIndex })),
    rule: task.rule,
  });
  pictures.set(task.id, { picture, stream: new MaskStream(task.stream), value: task.value });
}

async function score(
  id: number,
  from: number,
  count: number,
): Promise<{ values: Float32Array<ArrayBuffer>; found: Uint8Array<ArrayBuffer> }> {
  const known = pictures.get(id);
  if (!known) throw new Error(`no picture ${id} was begun`);
  const { picture, stream, value } = known;
  const targets = picture.setup.targets.length;
  const values = new Float32Array(count * targets);
  const found = new Uint8Array(count * targets);
  for (let done = 0; done < count; done += setup.batch) {
    const size = Math.min(setup.batch, count - done);
    const scores = await picture.scoreGrids(gridBatch(stream, from + done, size));
    values.set(value === 'score' ? scores.scores : scores.similarities, done * targets);
    scores.ious.forEach((overlap, i) => (found[done * targets + i] = overlap > 0 ? 1 : 0));
  }
  return { values, found };
}

async function gradCamMaps(
  { pixels, size, targets }: SourcePicture,
  variant: GradCamVariant,
): Promise<(SaliencyMap | undefined)[]> {
  const detector = await (plain ??= EfficientDet.load(setup.manifestPath, setup));
  const laid = modelPicture(pixels, size, detector.manifest.input);
  const thresholds = { scoreThreshold: 0.01, maxDetections: 1000 };
  const { detections, featureMaps } = await detector.detect(laid.pixels, size, thresholds);
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
