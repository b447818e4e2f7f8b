import assert from 'node:assert/strict';
import { Tensor } from 'onnxruntime-node';
import { candidateAnchors } from '../../../src/explain/network/candidates.js';
import { readPlainDetector, type PlainDetector } from '../../../src/detector/composedDetector.js';
import type { AnchorRef, Detection } from '../../../src/detector/detection.js';
import { EfficientDet } from '../../../src/detector/efficientDet.js';
import { flatLayout } from '../../../src/detector/flatOutputs.js';
import { readModelFiles } from '../../../src/detector/manifest.js';
import { MaskedDetector } from '../../../src/explain/network/maskedDetector.js';
import type { MaskedPicture, MaskedTarget, SearchRule } from '../../../src/explain/network/maskedPicture.js';
import { openSession } from '../../../src/detector/providers.js';
import { iou, type Box } from '../../../src/geometry/box.js';
import { toInput } from '../../../src/geometry/letterbox.js';
import { sampleMask } from '../../../src/explain/masks/gridMask.js';
import { assertClose, fixture, FIXTURE_MODELS, reference, referencePicture } from '../../detector/reference.js';

const LOW: Omit<SearchRule, 'among'> = { scoreThreshold: 0.02, iouThreshold: 0.5 };
const SEARCHES = ['anchors', 'nms'] as const;

/** Random numbers in [0, 1) that are the same every time. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

for (const name of FIXTURE_MODELS)
  describe(`${name} behind masks`, () => {
    const expected = reference(name);
    let plain: PlainDetector;
    let ordinary: EfficientDet;
    let masked: MaskedDetector;
    let pixels: Uint8Array;
    let targets: MaskedTarget[];
    let detections: readonly Detection<AnchorRef>[];

    before(async () => {
      plain = readPlainDetector(await readModelFiles(fixture(`${name}.json`)));
      ordinary = await EfficientDet.load(fixture(`${name}.json`), { threads: 1, topK: 5000 });
      masked = await MaskedDetector.open(plain, { threads: 1 });
      pixels = referencePicture(expected, ordinary.manifest.input);
      const { width, height } = expected.picture;
      const found = await ordinary.detect(pixels, expected.picture, { scoreThreshold: 0, maxDetections: 5000 });
      // The boxes of an untrained network that reach beyond the picture are all alike once they are clipped.
      const inner = found.detections.filter(({ box: b }) => b.x1 > 0 && b.y1 > 0 && b.x2 < width && b.y2 < height);
      // It also throws boxes far from their anchors, which a trained one does not.
      detections = inner
        .filter(({ box, source }) => candidateAnchors(plain.anchors, box, 512).includes(anchorIndex(plain, source)))
        .slice(0, 6);
      targets = detections.map(({ box, classIndex }) => ({
        box: toInput(box, ordinary.letterbox(expected.picture)),
        classIndex,
      }));
      assert.ok(targets.length >= 3);
    });
    after(async () => {
      await ordinary.close();
      await masked.close();
    });

    const open = (rule: SearchRule, fill = new Uint8Array(pixels.length)): Promise<MaskedPicture> =>
      masked.picture({ pixels, fill, content: expected.picture, targets, rule });

    it('finds every detection of the unmasked picture again, with its score', async () => {
      for (const among of SEARCHES) {
        const { unmasked } = await open({ among, scoreThreshold: 0, iouThreshold: 0.5 });
        detections.forEach(({ score }, t) => {
          assert.ok(Math.abs(unmasked.scores[t] - score) < 1e-5, `${among} ${t}: ${unmasked.scores[t]}, ${score}`);
          assert.ok(unmasked.ious[t] > 0.999, `${among} ${t}: IoU ${unmasked.ious[t]}`);
          assert.ok(unmasked.similarities[t] > 0.999, `${among} ${t}: similarity ${unmasked.similarities[t]}`);
        });
      }
    });

    it('is the plain detector on a picture masked in JavaScript', async () => {
      const { width, height } = ordinary.manifest.input;
      const fill = new Uint8Array(pixels.length).fill(90);
      const random = dice(7);
      // On or off, so that the masked picture is a picture of whole numbers again.
      const mask = Float32Array.from({ length: width * height }, (_, i) =>
        Math.sin(i / 7) + ((i / width) & 8) / 8 + random() > 0.4 ? 1 : 0,
      );
      const shown = pixels.map((value, i) => (mask[Math.floor(i / 3)] === 1 ? value : fill[i]));
      const answer = await ordinary.detect(shown, expected.picture, { scoreThreshold: 0.02, maxDetections: 5000 });
      const place = ordinary.letterbox(expected.picture);
      const picture = await open({ among: 'nms', ...LOW }, fill);
      const { scores, ious, count } = await picture.scoreMasks(mask, 1);
      assert.equal(count, 1);
      targets.forEach(({ box, classIndex }, t) => {
        const overlaps = answer.detections.map((detection) => iou(toInput(detection.box, place), box));
        const best = Math.max(0, ...overlaps.filter((overlap) => overlap >= LOW.iouThreshold));
        assert.ok(Math.abs(ious[t] - best) < 1e-4, `target ${t}: IoU ${ious[t]}, expected ${best}`);
        const found = answer.detections[overlaps.indexOf(best)];
        const alone = overlaps.filter((overlap) => best - overlap < 1e-6).length === 1;
        if (alone && found?.classIndex === classIndex) assert.ok(Math.abs(scores[t] - found.score) < 1e-4);
      });
    });

    it('makes the grids’ masks in the graph as JavaScript does', async () => {
      const { width, height } = ordinary.manifest.input;
      const random = dice(3);
      // The foreign export has a batch size of one baked in.
      const [rows, columns, count] = [5, 7, name === 'efficientdet-tiny' ? 3 : 1];
      const grids = Float32Array.from({ length: count * rows * columns }, () => (random() < 0.6 ? 1 : 0));
      const offsets = Float32Array.from({ length: 2 * count }, () => Math.floor(random() * 20));
      const upsampled = { width: width + 25, height: height + 22 };
      const full = new Float32Array(count * width * height);
      for (let b = 0; b < count; b++) {
        const mask = new Float64Array(width * height);
        const grid = grids.subarray(b * rows * columns, (b + 1) * rows * columns);
        const [offsetY = 0, offsetX = 0] = offsets.subarray(2 * b);
        sampleMask({ rows, columns, grid, offsetY, offsetX, upsampled }, { width, height }, { width, height }, mask);
        full.set(mask, b * width * height);
      }
      for (const among of SEARCHES) {
        const picture = await open({ among, ...LOW, scoreThreshold: 0 });
        const made = await picture.scoreGrids({ count, rows, columns, grids, offsets, upsampled });
        const given = await picture.scoreMasks(full, count);
        assert.ok(given.scores.some((score) => score > 0));
        for (const key of ['scores', 'ious', 'vectors', 'similarities'] as const)
          assertClose(made[key], [...given[key]], 1e-4, `${among} ${key}`);
        for (let b = 0; b < count; b++) {
          const alone = await picture.scoreMasks(full.slice(b * width * height, (b + 1) * width * height), 1);
          const row = given.scores.subarray(b * targets.length, (b + 1) * targets.length);
          assertClose(alone.scores, [...row], 1e-4, `${among}: mask ${b} alone`);
        }
      }
    });

    it('chooses among raw anchors by the study’s rule, and knows D-RISE’s similarity', async () => {
      const { width, height, name: input, mean, std, scale } = plain.manifest.input;
      const random = dice(11);
      const mask = Float32Array.from({ length: width * height }, () => 0.3 + 0.7 * random());
      const images = new Float32Array(3 * width * height);
      for (let y = 0; y < expected.picture.height; y++)
        for (let x = 0; x < expected.picture.width; x++)
          for (let c = 0; c < 3; c++) {
            const i = y * width + x;
            images[c * width * height + i] = ((mask[i] * pixels[3 * i + c]) / scale - mean[c]) / std[c];
          }
      const session = await openSession((await readModelFiles(fixture(`${name}.json`))).bytes, 'cpu', 1);
      const outputs = await session.run({ [input]: new Tensor('float32', images, [1, 3, height, width]) });
      const { classLogits, boxRegression } = plain.manifest.outputs;
      const joined = (names: readonly string[]): number[] =>
        names.flatMap((output) => [...(outputs[output].data as Float32Array)]);
      const classCount = plain.manifest.classes.length;
      const logits = joined(classLogits);
      const regression = joined(boxRegression);
      await session.release();
      const classAt = flatLayout(plain.anchors, classCount, classLogits.length > 1).at;
      const boxAt = flatLayout(plain.anchors, 4, boxRegression.length > 1).at;
      const score = (anchor: number, c: number): number =>
        plain.head.probabilities ? logits[classAt(anchor, c)] : 1 / (1 + Math.exp(-logits[classAt(anchor, c)]));
      const picture = await open({ among: 'anchors', ...LOW });
      const { scores, ious, similarities } = await picture.scoreMasks(mask, 1);
      targets.forEach(({ box, classIndex }, t) => {
        let best = { overlap: 0, score: 0 };
        let likeness = 0;
        const own = picture.unmasked.vectors.subarray(t * classCount, (t + 1) * classCount);
        for (const anchor of candidateAnchors(plain.anchors, box, 512)) {
          const vector = Array.from({ length: classCount }, (_, c) => score(anchor, c));
          const delta = [0, 1, 2, 3].map((d) => regression[boxAt(anchor, d)]);
          const overlap = iou(decoded(plain, anchor, delta, expected.picture), box);
          // D-RISE's maximum of IoU times cosine, which has no least IoU.
          if (Math.max(...vector) >= LOW.scoreThreshold)
            likeness = Math.max(
              likeness,
              overlap * (dot(own, vector) / Math.sqrt(dot(own, own) * dot(vector, vector))),
            );
          if (Math.max(...vector) < LOW.scoreThreshold || overlap < LOW.iouThreshold || overlap <= best.overlap)
            continue;
          best = { overlap, score: vector[classIndex] };
        }
        assert.ok(Math.abs(ious[t] - best.overlap) < 1e-4, `target ${t}: IoU ${ious[t]}, expected ${best.overlap}`);
        assert.ok(Math.abs(scores[t] - best.score) < 1e-4, `target ${t}: score ${scores[t]}, expected ${best.score}`);
        assert.ok(Math.abs(similarities[t] - likeness) < 1e-4, `target ${t}: ${similarities[t]}, expected ${likeness}`);
      });
    });

    it('never finds a target that is not there, and says so', async () => {
      const nowhere: MaskedTarget = { box: { x1: 1, y1: 1, x2: 1.5, y2: 60 }, classIndex: 0 };
      for (const among of SEARCHES) {
        const fill = new Uint8Array(pixels.length);
        const rule = { among, ...LOW };
        const picture = await masked.picture({ pixels, fill, content: expected.picture, targets: [nowhere], rule });
        for (const { scores, ious, vectors } of [
          picture.unmasked,
          await picture.scoreMasks(new Float32Array(pixels.length / 3), 1),
        ]) {
          assert.deepEqual([...scores, ...ious], [0, 0]);
          assert.ok(vectors.every((value) => value === 0));
        }
      }
    });

    it('leaves the padding as the model expects it', async () => {
      const other = pixels.slice();
      other.fill(3, expected.picture.height * ordinary.manifest.input.width * 3);
      const setup = { content: expected.picture, targets, rule: { among: 'anchors', ...LOW } as const };
      const random = dice(5);
      const mask = Float32Array.from({ length: pixels.length / 3 }, () => random());
      const a = await masked.picture({ pixels, fill: pixels.map((value) => 255 - value), ...setup });
      const b = await masked.picture({ pixels: other, fill: other.map((value) => 255 - value), ...setup });
      assert.deepEqual((await a.scoreMasks(mask, 1)).scores, (await b.scoreMasks(mask, 1)).scores);
    });

    it('says that a model for one picture at a time cannot take a batch', async () => {
      const picture = await open({ among: 'anchors', ...LOW });
      const batch = picture.scoreMasks(new Float32Array((2 * pixels.length) / 3).fill(1), 2);
      if (name === 'efficientdet-tiny') assert.equal((await batch).scores.length, 2 * targets.length);
      else await assert.rejects(batch, { name: 'ExpectedError', kind: 'model' });
    });

    it('refuses what does not fit', async () => {
      const setup = { pixels, fill: pixels, content: expected.picture, rule: { among: 'nms', ...LOW } as const };
      const flat = { x1: 3, y1: 3, x2: 3, y2: 9 };
      await assert.rejects(masked.picture({ ...setup, targets: [{ box: flat, classIndex: 0 }] }), /has no area/);
      await assert.rejects(masked.picture({ ...setup, targets: [{ ...targets[0], classIndex: 99 }] }), /class 99/);
      await assert.rejects(
        masked.picture({ ...setup, targets, pixels: new Uint8Array(12) }),
        /12 values are no \d+×128 RGB picture/,
      );
    });
  });

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function anchorIndex({ anchors }: PlainDetector, { level, row, column, anchor }: AnchorRef): number {
  const grid = anchors.levels.find((other) => other.level === level);
  assert.ok(grid);
  return grid.first + (row * grid.columns + column) * anchors.perCell + anchor;
}

function decoded(
  { anchors }: PlainDetector,
  anchor: number,
  [ty = 0, tx = 0, th = 0, tw = 0]: readonly number[],
  picture: { width: number; height: number },
): Box {
  const [ya = 0, xa = 0, ha = 0, wa = 0] = anchors.boxes.subarray(4 * anchor, 4 * anchor + 4);
  const [y, x, h, w] = [ty * ha + ya, tx * wa + xa, Math.exp(th) * ha, Math.exp(tw) * wa];
  const inside = (value: number, limit: number): number => Math.min(Math.max(value, 0), limit);
  return {
    x1: inside(x - w / 2, picture.width),
    y1: inside(y - h / 2, picture.height),
    x2: inside(x + w / 2, picture.width),
    y2: inside(y + h / 2, picture.height),
  };
}
