import { availableParallelism } from 'node:os';
import { testPicture } from '../../src/detector/inputTensors.js';
import { decodeImage } from '../../src/images/decode.js';
import { encodeJpeg } from '../../src/images/encode.js';
import { resizeToInput } from '../../src/images/resize.js';
import type { SensorImage } from '../../src/images/sensorImage.js';
import { ExplainingDetector } from '../../src/perception/explainingDetector.js';
import { openBareSession } from './bareSession.js';
import { comparedRow, plainRow, type Bench, type BenchRow } from './benchRow.js';
import { compare, interleave, median } from './interleave.js';

const CAMERA = { width: 640, height: 480 };
/** As many boxes as asked for, whatever the model makes of the picture. */
const TEN_BOXES = { scoreThreshold: 0, iouThreshold: 0.5, maxDetections: 10 };

/**
 * One camera frame from message to explained boxes (decode, resize, inference, box decoding, suppression, Grad-CAM and
 * attention figures for ten boxes) against nothing but `session.run` of the plain model, in one process.
 */
export const livePath: Bench = async ({ model, rounds }) => {
  const rows: BenchRow[] = [];
  for (const threads of new Set([availableParallelism(), 1])) rows.push(...(await withThreads(model, rounds, threads)));
  return rows;
};

async function withThreads(model: string, rounds: number, threads: number): Promise<BenchRow[]> {
  const bare = await openBareSession(model, threads);
  const detector = await ExplainingDetector.load(model, { threads });
  const rgb = testPicture(CAMERA);
  const raw: SensorImage = {
    kind: 'raw',
    ...CAMERA,
    encoding: 'bgr8',
    bigEndian: false,
    step: CAMERA.width * 3,
    data: rgb,
  };
  const jpeg: SensorImage = {
    kind: 'compressed',
    format: 'bgr8; jpeg compressed bgr8',
    data: encodeJpeg({ ...CAMERA, channels: 3, data: rgb }),
  };
  const stages = {
    decodeResize: [] as number[],
    inference: [] as number[],
    boxes: [] as number[],
    gradCam: [] as number[],
  };
  const frame = async (image: SensorImage, count: boolean): Promise<void> => {
    const started = performance.now();
    const pixels = resizeToInput(decodeImage(image), detector.detector.letterbox(CAMERA));
    const decodeResizeMs = performance.now() - started;
    const { detections, timings } = await detector.detect({ pixels, source: CAMERA, thresholds: TEN_BOXES });
    if (detections.length !== 10) throw new Error(`${detections.length} boxes where ten were asked for`);
    if (!count) return;
    stages.decodeResize.push(decodeResizeMs);
    stages.inference.push(timings.inferenceMs);
    stages.boxes.push(timings.decodeMs);
    stages.gradCam.push(timings.gradCamMs);
  };
  // Compiled code and warm caches, as in a process that has run for a while.
  for (let i = 0; i < 10; i++) await frame(raw, false);
  const timings = await interleave(
    { bare: () => bare.run(), raw: () => frame(raw, true), jpeg: () => frame(jpeg, false) },
    rounds,
  );
  await bare.close();
  await detector.close();
  const on = `${threads} thread${threads === 1 ? '' : 's'}`;
  const limit = { limit: 1.15, side: 'at most' } as const;
  const explained = { value: median(stages.gradCam), reference: median(stages.inference) };
  return [
    comparedRow(`live path, raw image (${on}) / bare run`, 'ms', compare(timings.raw, timings.bare), limit),
    comparedRow(`live path, JPEG (${on}) / bare run`, 'ms', compare(timings.jpeg, timings.bare)),
    comparedRow(
      `Grad-CAM of 10 boxes (${on}) / inference`,
      'ms',
      { ...explained, ratio: compare(stages.gradCam, stages.inference).ratio },
      { limit: 0.03, side: 'at most' },
    ),
    plainRow(`decode and resize (${on})`, 'ms', median(stages.decodeResize)),
    plainRow(`thresholds and suppression (${on})`, 'ms', median(stages.boxes)),
  ];
}
