import assert from 'node:assert/strict';
import { Tensor } from 'onnxruntime-node';
import { BoxDetector } from '../../../src/detector/boxDetector.js';
import { draftManifest } from '../../../src/detector/draftManifest.js';
import type { FamilyName } from '../../../src/detector/manifestSchema.js';
import { openSession } from '../../../src/detector/providers.js';
import { DataType } from '../../../src/onnx/schema.js';
import { at, handMade, saved, type HandMade } from './handMade.js';

interface Expected {
  readonly box: readonly number[];
  readonly classIndex: number;
  readonly score: number;
}

interface Case {
  readonly what: string;
  readonly family: FamilyName;
  readonly network: HandMade;
  readonly classes?: readonly string[];
  readonly expected: readonly Expected[];
}

const V8 = [1, 6, 84];
const V5 = [1, 252, 7];
const X = [1, 84, 7];
const log2 = Math.log(2);

/** What heads of 64×64 networks put out, and the boxes that this means, both worked out by hand. A picture of 64×64 fills the input. */
const CASES: readonly Case[] = [
  {
    what: 'Ultralytics v8: centre and sides, classes as they are; the same class overlapping is suppressed, another is not',
    family: 'yolo-v8',
    network: {
      outputs: {
        output0: {
          shape: V8,
          values: {
            ...column(V8, 10, [20, 30, 8, 12, 0.1, 0.9]),
            ...column(V8, 11, [20, 31, 8, 12, 0.1, 0.8]),
            ...column(V8, 12, [20, 31, 8, 12, 0.7, 0.2]),
          },
        },
      },
      metadata: { names: "{0: 'person', 1: \"driver's car\"}" },
    },
    expected: [
      { box: [16, 24, 24, 36], classIndex: 1, score: 0.9 },
      { box: [16, 25, 24, 37], classIndex: 0, score: 0.7 },
    ],
  },
  {
    what: 'Ultralytics v5: objectness times class',
    family: 'yolo-v5',
    network: { outputs: { output0: { shape: V5, values: row(V5, 200, [32, 32, 10, 20, 0.5, 0.9, 0.2]) } } },
    expected: [{ box: [27, 22, 37, 42], classIndex: 0, score: 0.45 }],
  },
  {
    // Cell 64 + 5 is row 1, column 1 of the 4×4 level of stride 16.
    what: 'YOLOX raw: (cell + t)·stride, exp(t)·stride',
    family: 'yolox',
    network: { outputs: { output: { shape: X, values: row(X, 69, [0.5, 0.25, log2, 0, 0.8, 0, 1]) } } },
    expected: [{ box: [24 - 16, 20 - 8, 24 + 16, 20 + 8], classIndex: 1, score: 0.8 }],
  },
  {
    what: 'one table of finished boxes',
    family: 'end-to-end',
    network: {
      outputs: {
        output0: { shape: [1, 3, 6], values: [1, 2, 11, 22, 0.9, 1, 30, 30, 40, 40, 0.5, 0, 0, 0, 0, 0, 0, 0] },
      },
    },
    classes: ['a', 'b'],
    expected: [
      { box: [1, 2, 11, 22], classIndex: 1, score: 0.9 },
      { box: [30, 30, 40, 40], classIndex: 0, score: 0.5 },
    ],
  },
  {
    what: 'one table of finished boxes without a batch',
    family: 'end-to-end',
    network: { outputs: { output: { shape: [2, 6], values: [1, 2, 11, 22, 0.9, 1, 3, 3, 4, 4, 0.1, 0], open: [0] } } },
    classes: ['a', 'b'],
    expected: [{ box: [1, 2, 11, 22], classIndex: 1, score: 0.9 }],
  },
  {
    what: 'boxes, scores and labels of an export with suppression inside: overlapping boxes stay',
    family: 'suppressed',
    network: {
      outputs: {
        boxes: { shape: [2, 4], values: [1, 2, 11, 22, 1, 2, 11, 23], open: [0] },
        labels: { shape: [2], values: [1, 1], type: DataType.int64, open: [0] },
        scores: { shape: [2], values: [0.9, 0.6], open: [0] },
      },
    },
    classes: ['a', 'b'],
    expected: [
      { box: [1, 2, 11, 22], classIndex: 1, score: 0.9 },
      { box: [1, 2, 11, 23], classIndex: 1, score: 0.6 },
    ],
  },
  {
    what: 'TensorFlow’s detection API: y before x, shares of the sides, classes from 1, uint8 with channels last',
    family: 'suppressed',
    network: {
      layout: 'nhwc',
      type: DataType.uint8,
      outputs: {
        detection_boxes: { shape: [1, 2, 4], values: [0.25, 0.5, 0.5, 1, 0, 0, 0, 0] },
        detection_classes: { shape: [1, 2], values: [2, 1] },
        detection_scores: { shape: [1, 2], values: [0.75, 0] },
        num_detections: { shape: [1], values: [1] },
      },
    },
    classes: ['a', 'b'],
    expected: [{ box: [32, 16, 64, 32], classIndex: 1, score: 0.75 }],
  },
  {
    what: 'an export with suppression inside that finds nothing',
    family: 'suppressed',
    network: {
      outputs: {
        boxes: { shape: [0, 4], values: [], open: [0] },
        labels: { shape: [0], values: [], type: DataType.int64, open: [0] },
        scores: { shape: [0], values: [], open: [0] },
      },
    },
    classes: ['a'],
    expected: [],
  },
  {
    // 64 + 16 + 4 + 1 cells; a distribution whose whole weight lies at k gives k strides. Cell 64 + 6: row 1, column 2, stride 16.
    what: 'NanoDet-Plus: one table, distributions over eight steps, measured from the corner of the cell',
    family: 'nanodet',
    network: {
      outputs: { output: { shape: [1, 85, 34], values: row([1, 85, 34], 70, [-9, 2, ...peaks([1, 0, 2, 1], 8)], -9) } },
    },
    expected: [{ box: [32 - 16, 16 - 0, 32 + 32, 16 + 16], classIndex: 1, score: 1 / (1 + Math.exp(-2)) }],
  },
  {
    // Cell (2, 3) of 16×16 with stride 4; its neighbour is no peak.
    what: 'CenterNet: peaks, sides in cells, offsets',
    family: 'centernet',
    network: {
      outputs: {
        hm: {
          shape: [1, 3, 16, 16],
          values: {
            ...(new Array<number>(3 * 256).fill(-9) as unknown as Record<number, number>),
            [at([1, 3, 16, 16], 0, 2, 2, 3)]: 3,
            [at([1, 3, 16, 16], 0, 2, 2, 4)]: 2,
          },
        },
        wh: {
          shape: [1, 2, 16, 16],
          values: { [at([1, 2, 16, 16], 0, 0, 2, 3)]: 4, [at([1, 2, 16, 16], 0, 1, 2, 3)]: 2 },
        },
        reg: {
          shape: [1, 2, 16, 16],
          values: { [at([1, 2, 16, 16], 0, 0, 2, 3)]: 0.5, [at([1, 2, 16, 16], 0, 1, 2, 3)]: 0.25 },
        },
      },
    },
    expected: [{ box: [14 - 8, 9 - 4, 14 + 8, 9 + 4], classIndex: 2, score: 1 / (1 + Math.exp(-3)) }],
  },
  {
    what: 'DETR: softmax without “no object”, shares of the input',
    family: 'detr',
    network: {
      outputs: {
        logits: { shape: [1, 2, 3], values: [Math.log(6), 0, log2, -9, -9, 9] },
        pred_boxes: { shape: [1, 2, 4], values: [0.5, 0.25, 0.5, 0.125, 0.5, 0.5, 1, 1] },
      },
    },
    // 6 : 1 : 2
    expected: [{ box: [16, 12, 48, 20], classIndex: 0, score: 6 / 9 }],
  },
];

/** The values of one place of [1, rows, places]. */
function column(shape: readonly number[], place: number, values: readonly number[]): Record<number, number> {
  return Object.fromEntries(values.map((value, r) => [at(shape, 0, r, place), value]));
}

/** The values of one place of [1, places, columns]; those of the others are `rest`. */
function row(shape: readonly number[], place: number, values: readonly number[], rest = 0): Record<number, number> {
  const [, places = 0, columns = 0] = shape;
  const all = Object.fromEntries(Array.from({ length: places * columns }, (_, i) => [i, rest])) as Record<
    number,
    number
  >;
  values.forEach((value, c) => (all[at(shape, 0, place, c)] = value));
  return all;
}

/** Logits of distributions that lie at the given steps wholly. */
function peaks(steps: readonly number[], bins: number): number[] {
  return steps.flatMap((step) => Array.from({ length: bins }, (_, k) => (k === step ? 60 : 0)));
}

describe('heads worked out by hand', function () {
  this.timeout(30_000);
  for (const { what, family, network, classes, expected } of CASES)
    it(`${what} (${family})`, async () => {
      const bytes = handMade(network);
      const draft = await draftManifest(bytes, 'network.onnx', { classes });
      assert.ok(draft.manifest, `not recognised: ${JSON.stringify(draft.asks)}`);
      assert.equal(draft.manifest.family, family, `recognised as ${draft.families.join(', ')}`);
      const file = await saved(bytes);
      const detector = classes
        ? await BoxDetector.load(await withManifest(file, draft.manifest))
        : await BoxDetector.load(file);
      const pixels = new Uint8Array(64 * 64 * 3).fill(7);
      const { detections } = await detector.detect(pixels, { width: 64, height: 64 }, { scoreThreshold: 0.3 });
      assert.deepEqual(
        detections.map(({ classIndex }) => classIndex),
        expected.map(({ classIndex }) => classIndex),
      );
      expected.forEach(({ box: [x1, y1, x2, y2], score }, i) => {
        const { box, score: found } = detections[i] ?? assert.fail();
        const corners = { x1, y1, x2, y2 } as Record<string, number>;
        for (const [corner, value] of Object.entries(box) as [string, number][])
          assert.ok(Math.abs(value - (corners[corner] ?? NaN)) < 1e-3, `${what}: ${corner} ${value}`);
        assert.ok(Math.abs(found - score) < 1e-6, `score ${found}, not ${score}`);
      });
      // The scalar whose reason is asked is the score's own.
      const session = await openSession(bytes, 'cpu', 1);
      const image = new Tensor(
        network.type === DataType.uint8 ? 'uint8' : 'float32',
        network.type === DataType.uint8 ? new Uint8Array(64 * 64 * 3) : new Float32Array(64 * 64 * 3),
        network.layout === 'nhwc' ? [1, 64, 64, 3] : [1, 3, 64, 64],
      );
      const raw = await session.run({ images: image });
      for (const { source, classIndex, score } of detections) {
        const target = detector.network.head.target(source.place, classIndex);
        if (target === undefined) {
          assert.equal(detector.network.head.suppression, 'inside');
          continue;
        }
        const read = ({ tensor, index }: { tensor: string; index: readonly number[] }): number =>
          Number(raw[tensor]?.data[at(raw[tensor].dims, ...index)]);
        const product = read(target) * (target.factor ? read(target.factor) : 1);
        const { head } = detector.network;
        const asProbability =
          head.activation === 'sigmoid' || family === 'centernet'
            ? 1 / (1 + Math.exp(-product))
            : family === 'detr'
              ? score
              : product;
        assert.ok(Math.abs(asProbability - score) < 1e-6, `${target.tensor} ${target.index.join()} is ${product}`);
        if (family === 'detr') assert.ok(Math.abs(product - Math.log(6)) < 1e-6);
      }
      await session.release();
      await detector.close();
    });
});

async function withManifest(file: string, manifest: object): Promise<string> {
  const { writeFile } = await import('node:fs/promises');
  const target = file.replace(/\.onnx$/, '.json');
  await writeFile(target, JSON.stringify(manifest));
  return target;
}
