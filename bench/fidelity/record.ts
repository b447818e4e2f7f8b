import { appendFile, readFile, stat, truncate } from 'node:fs/promises';
import type { MaskedDetector } from '../../src/detector/maskedDetector.js';
import { gridBatch } from '../../src/explain/gridBatch.js';
import { fillPicture, modelPicture } from '../../src/explain/modelPicture.js';
import type { SearchSpace } from '../../src/detector/maskedGraph.js';
import { letterbox, toInput } from '../../src/geometry/letterbox.js';
import { MaskStream } from '../../src/saliency/maskStream.js';
import { readPicture, type PlannedPicture } from './plan.js';
import { streamOptions, type RecordedStream } from './streams.js';

/** Masks between two writes: what a kill can cost. */
const CHUNK = 25;

/** Scores [masks, targets] of one picture under one stream, float32, from the first mask on. */
export function recordPath(
  folder: string,
  picture: PlannedPicture,
  stream: RecordedStream,
  search: SearchSpace,
): string {
  const name = `${picture.id} ${stream.name} ${search}`.replaceAll(/[^\w.=-]+/g, '_');
  return `${folder}/${name}.f32`;
}

/** What was recorded so far, whole masks only. */
export async function readRecord(file: string, targets: number): Promise<Float32Array> {
  const bytes = await readFile(file).catch(() => Buffer.alloc(0));
  const masks = Math.floor(bytes.length / (4 * targets));
  return new Float32Array(Uint8Array.from(bytes.subarray(0, 4 * targets * masks)).buffer);
}

/** Records what is missing of a stream; goes on where an earlier run ended. */
export async function record(
  detector: MaskedDetector,
  picture: PlannedPicture,
  stream: RecordedStream,
  search: SearchSpace,
  file: string,
  onProgress: (done: number) => void,
): Promise<void> {
  const { boxes } = picture;
  const row = 4 * boxes.length;
  const recorded = await stat(file).then(
    ({ size }) => Math.floor(size / row),
    () => 0,
  );
  if (recorded >= stream.passes) return;
  // A kill may have left half a row.
  if (recorded > 0) await truncate(file, recorded * row);
  const { pixels, size } = await readPicture(picture.file);
  const { input } = detector.manifest;
  const laid = modelPicture(pixels, size, input);
  const targets = boxes.map(({ box, classIndex }) => ({ box: toInput(box, laid.placed), classIndex }));
  const scene = await detector.picture({
    pixels: laid.pixels,
    fill: fillPicture(laid, 'black'),
    content: letterbox(size, input, input.resize).content,
    targets,
    rule: { among: search, scoreThreshold: 0.05, iouThreshold: 0.5 },
  });
  const masks = new MaskStream(
    streamOptions(
      stream,
      laid.placed.content,
      targets.map(({ box }) => box),
    ),
  );
  for (let from = recorded; from < stream.passes; from += CHUNK) {
    const count = Math.min(CHUNK, stream.passes - from);
    const scores = new Float32Array(count * boxes.length);
    for (let i = 0; i < count; i++)
      scores.set((await scene.scoreGrids(gridBatch(masks, from + i, 1))).scores, i * boxes.length);
    await appendFile(file, new Uint8Array(scores.buffer));
    onProgress(from + count);
  }
}
