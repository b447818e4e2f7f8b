import { MaskedDetector } from '../../../src/explain/network/maskedDetector.js';
import type { MaskedPicture, MaskedTarget } from '../../../src/explain/network/maskedPicture.js';
import { gridBatch } from '../../../src/explain/run/gridBatch.js';
import { fillPicture } from '../../../src/explain/run/fillPicture.js';
import { modelPicture, type ModelPicture } from '../../study/modelPicture.js';
import { toInput } from '../../../src/geometry/letterbox.js';
import { areaUnderCurve, PERTURBATIONS, relativeArea } from '../../numbers/perturbationCurve.js';
import { importanceRanks } from '../../../src/maps/pixelOrder.js';
import { MaskStream } from '../../../src/explain/masks/maskStream.js';
import { upsample } from '../../../src/maps/upsample.js';
import { PerturbationScorer } from '../../study/perturbation.js';
import { DEFAULT_CURVES } from '../../study/settings.js';
import { serve } from '../../../src/workers/workerServer.js';
import type { PlannedPicture, SourcePixels } from './plan.js';
import type { FidelityAnswer, FidelityRequest, FidelityTask } from './protocol.js';
import { streamOptions, type RecordedStream } from './streams.js';

/** A thread of the fidelity bench: one session thread, one network and one picture at a time. */

let loaded: { readonly manifest: string; readonly detector: MaskedDetector } | undefined;
let scene: { readonly id: string; readonly laid: ModelPicture; readonly targets: readonly MaskedTarget[] } | undefined;
const passed = new Map<string, MaskedPicture>();

const RULE = { scoreThreshold: 0.05, iouThreshold: 0.5 } as const;

serve<FidelityRequest, FidelityAnswer>(async ({ task, source }) => {
  const detector = await detectorOf(task.manifest);
  takeUp(detector, task.picture, source);
  switch (task.kind) {
    case 'masks': {
      const value = await maskScores(detector, task);
      return { value, transfer: [value.scores.buffer] };
    }
    case 'curves':
      return { value: await curves(detector, task) };
  }
});

async function detectorOf(manifest: string): Promise<MaskedDetector> {
  if (loaded?.manifest === manifest) return loaded.detector;
  passed.clear();
  scene = undefined;
  await loaded?.detector.close();
  loaded = { manifest, detector: await MaskedDetector.load(manifest, { threads: 1 }) };
  return loaded.detector;
}

function takeUp(detector: MaskedDetector, { id, boxes }: PlannedPicture, { pixels, size }: SourcePixels): void {
  if (scene?.id === id) return;
  passed.clear();
  const laid = modelPicture(pixels, size, detector.manifest.input);
  const targets = boxes.map(({ box, classIndex }) => ({ box: toInput(box, laid.placed), classIndex }));
  scene = { id, laid, targets };
}

function taken(): NonNullable<typeof scene> {
  if (!scene) throw new Error('no picture was taken up');
  return scene;
}

async function pictureOf(
  detector: MaskedDetector,
  { masks, among }: Pick<RecordedStream, 'masks' | 'among'>,
): Promise<MaskedPicture> {
  const { laid, targets } = taken();
  const key = `${masks} ${among}`;
  const known = passed.get(key);
  if (known) return known;
  const made = await detector.picture({
    pixels: laid.pixels,
    fill: fillPicture(laid.pixels, laid.placed, 'black'),
    content: laid.placed.content,
    targets,
    rule: { among, ...RULE },
    look: false,
    ...(masks === 'features' && { features: 'fill' }),
  });
  passed.set(key, made);
  return made;
}

async function maskScores(
  detector: MaskedDetector,
  { stream, from, count }: Extract<FidelityTask, { kind: 'masks' }>,
): Promise<Extract<FidelityAnswer, { kind: 'masks' }>> {
  const masked = await pictureOf(detector, stream);
  const { laid, targets } = taken();
  const boxes = targets.map(({ box }) => box);
  const masks = new MaskStream(streamOptions(stream, laid.placed.content, boxes));
  const scores = new Float32Array(count * targets.length);
  const started = performance.now();
  for (let i = 0; i < count; i++)
    scores.set((await masked.scoreGrids(gridBatch(masks, from + i, 1))).scores, i * targets.length);
  return { kind: 'masks', scores, ms: performance.now() - started };
}

async function curves(
  detector: MaskedDetector,
  { picture, box, map, steps }: Extract<FidelityTask, { kind: 'curves' }>,
): Promise<Extract<FidelityAnswer, { kind: 'curves' }>> {
  const { laid } = taken();
  const { box: corners, classIndex } = picture.boxes[box];
  const settings = { ...DEFAULT_CURVES, steps, rule: { among: 'anchors', ...RULE } } as const;
  const scorer = await PerturbationScorer.open(detector, laid, { box: corners, classIndex }, settings);
  const { width, height } = laid.placed.content;
  const ranks = importanceRanks(upsample(map, width, height).values);
  const areas = { deletion: 0, insertion: 0 };
  for (const kind of PERTURBATIONS) {
    const scores = await scorer.curve(kind, ranks);
    const whole = kind === 'deletion' ? scores[0] : scores[scores.length - 1];
    areas[kind] = relativeArea(areaUnderCurve(scores), whole);
  }
  return { kind: 'curves', ...areas };
}
