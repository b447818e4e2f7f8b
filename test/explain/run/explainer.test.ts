import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readPlainDetector } from '../../../src/detector/composedDetector.js';
import { EfficientDet } from '../../../src/detector/efficientDet.js';
import { type ModelManifest, readModelFiles } from '../../../src/detector/manifest.js';
import type { ExpectedError } from '../../../src/errors.js';
import { openExplainer, type ExplainerOptions } from '../../../src/explain/run/explainerPool.js';
import type {
  Explainer,
  Explanation,
  ExplainRequest,
  ExplainTarget,
  WindowFrame,
} from '../../../src/explain/explanation.js';
import { letterbox } from '../../../src/geometry/letterbox.js';
import { resizeToInput } from '../../../src/images/resize.js';
import { presetSettings, type SettingsOf } from '../../../src/explain/settings.js';
import { GraphIndex } from '../../../src/onnx/graphIndex.js';
import { readModel, writeModel } from '../../../src/onnx/modelFile.js';
import { float32Tensor, float32Values, shapeOf } from '../../../src/onnx/tensors.js';
import { pearson } from '../../../src/maps/mapAgreement.js';
import { fixture } from '../../detector/reference.js';

const MODEL = fixture('efficientdet-tiny.json');
const size = { width: 160, height: 112 };
const pixels = Uint8Array.from({ length: size.width * size.height * 3 }, (_, i) => {
  const [x, y, c] = [Math.floor(i / 3) % size.width, Math.floor(i / 3 / size.width), i % 3];
  return (3 * x + 5 * y + 40 * c + 60 * (((x >> 4) + (y >> 4)) & 1)) % 256;
});

const rise: SettingsOf<'rise'> = {
  ...presetSettings('rise'),
  passes: 40,
  probability: 0.5,
  grid: { rows: 4, columns: 5 },
  sampler: 'plain',
  target: { among: 'anchors', scoreThreshold: 0.02, iouThreshold: 0.3 },
  mapStride: 2,
  reportEvery: 15,
};

async function final(explainer: Explainer, request: ExplainRequest, signal?: AbortSignal): Promise<Explanation> {
  let last: Explanation | undefined;
  for await (const result of explainer.explain(request, signal)) last = result;
  assert.ok(last?.complete);
  return last;
}

async function withExplainer<T>(options: ExplainerOptions, work: (explainer: Explainer) => Promise<T>): Promise<T> {
  const explainer = await openExplainer(MODEL, options);
  try {
    return await work(explainer);
  } finally {
    await explainer.close();
  }
}

/** The picture as the model takes it. */
const layIn = (model: ModelManifest['input']): Uint8Array =>
  resizeToInput({ ...size, channels: 3, data: pixels }, letterbox(size, model, model.resize));

describe('the explainer', () => {
  let explainer: Explainer;
  let input: Uint8Array;
  let request: ExplainRequest;

  before(async () => {
    const detector = await EfficientDet.load(MODEL, { threads: 1 });
    input = layIn(detector.manifest.input);
    const found = await detector.detect(input, size, { scoreThreshold: 0, maxDetections: 1000 });
    const inside = found.detections.filter(({ box: b }) => b.x1 > 0 && b.y1 > 0 && b.x2 < 160 && b.y2 < 112);
    request = { input, size, targets: inside.slice(0, 3), settings: rise, seed: 7 };
    assert.equal(request.targets.length, 3);
    await detector.close();
    explainer = await openExplainer(MODEL, { workers: 2, threads: 1 });
  });
  after(() => explainer.close());

  it('gives the same maps whatever the batch size and the number of workers', async () => {
    const expected = await final(explainer, request);
    assert.deepEqual([expected.targets[0].map.width, expected.targets[0].map.height], [64, 45]);
    assert.ok(expected.targets.some(({ map }) => map.values.some((value) => value > 0)));
    const single = await withExplainer({ workers: 1, threads: 1 }, (other) => final(other, request));
    assert.deepEqual(single.targets, expected.targets);
    const batched = await withExplainer({ workers: 1, threads: 2, batch: 3 }, (other) => final(other, request));
    // Other threads and batches may round differently inside ONNX Runtime; the sums over them do not.
    batched.targets.forEach(({ map, lost }, t) => {
      assert.equal(lost, expected.targets[t].lost);
      const largest = expected.targets[t].map.values.reduce((a, b) => Math.max(a, b), 1e-9);
      map.values.forEach((value, x) => assert.ok(Math.abs(value - expected.targets[t].map.values[x]) < 1e-4 * largest));
    });
  });

  it('continues from a checkpoint in another process’s explainer', async () => {
    const whole = await final(explainer, request);
    for await (const { checkpoint, passes } of explainer.explain(request)) {
      if (passes < 30) continue;
      assert.ok(checkpoint);
      const resume = structuredClone(checkpoint());
      const rest = await withExplainer({ workers: 1, threads: 1 }, (other) => final(other, { ...request, resume }));
      assert.deepEqual(rest.targets, whole.targets);
      await assert.rejects(final(explainer, { ...request, seed: 8, resume }), /checkpoint of another explanation/);
      break;
    }
  });

  it('explains two requests at the same time, each its own', async () => {
    const other = { ...request, seed: 99 };
    const alone = [await final(explainer, request), await final(explainer, other)];
    const together = await Promise.all([final(explainer, request), final(explainer, other)]);
    assert.deepEqual(
      together.map(({ targets }) => targets),
      alone.map(({ targets }) => targets),
    );
    assert.notDeepEqual(alone[0].targets, alone[1].targets);
  });

  it('makes D-RISE and Grad-CAM maps too, and every fill and search space', async () => {
    const { targets } = await final(explainer, {
      ...request,
      settings: { ...rise, method: 'd-rise', passes: 12, target: { ...rise.target, among: 'nms' } },
    });
    // A linear model of similarities in [0, 1], divided by p = 0.5; unlike a mean it may reach a little below 0.
    assert.ok(targets.every(({ map }) => map.values.every((value) => value >= -0.2 && value <= 2)));
    assert.ok(targets.some(({ map }) => map.values.some((value) => value > 0)));
    const gradCam = await final(explainer, { ...request, settings: { method: 'grad-cam', variant: 'study' } });
    assert.ok(gradCam.targets.every(({ lost, map }) => lost === 0 && map.values.length > 1));
    for (const fill of ['black', 'mean', 'blur'] as const)
      for (const among of ['nms', 'anchors'] as const) {
        const settings = { ...rise, passes: 4, fill, target: { ...rise.target, among } };
        assert.equal((await final(explainer, { ...request, settings })).passes, 4);
      }
  });

  describe('over a window of images', () => {
    /** The picture, darker and moved by a pixel: another moment. */
    let other: Uint8Array;
    before(() => (other = Uint8Array.from(input, (_, i) => Math.floor(0.8 * (input[i - 3] ?? 0)))));
    const settings = { ...rise, estimator: 'mean' } as const;
    const boxes = (): (ExplainTarget['box'] | undefined)[] => request.targets.map(({ box }) => box);

    it('is RISE without other images, and with the same image again', async () => {
      const alone = await final(explainer, { ...request, settings });
      assert.deepEqual((await final(explainer, { ...request, settings, window: [] })).targets, alone.targets);
      const again = { input, size, boxes: boxes() };
      const three = await final(explainer, { ...request, settings, window: [again, again] });
      assert.deepEqual(three.targets, alone.targets);
    });

    it('is the mean of the images’ own maps by the same masks, of those that have the box', async () => {
      const [first, ...rest] = boxes();
      const windowed = await final(explainer, {
        ...request,
        settings,
        window: [{ input: other, size, boxes: [undefined, ...rest] }],
      });
      const alone = await final(explainer, { ...request, settings });
      const moved = await final(explainer, { ...request, input: other, settings });
      assert.notDeepEqual(moved.targets[1].map, alone.targets[1].map);
      assert.deepEqual(windowed.targets[0].map, alone.targets[0].map);
      assert.ok(first);
      for (const t of [1, 2])
        windowed.targets[t].map.values.forEach((value, x) => {
          const mean = (alone.targets[t].map.values[x] + moved.targets[t].map.values[x]) / 2;
          assert.ok(Math.abs(value - mean) < 1e-6);
        });
    });

    it('continues from a checkpoint of the same window only', async () => {
      const window = [{ input: other, size, boxes: boxes() }];
      const whole = await final(explainer, { ...request, window });
      for await (const { checkpoint } of explainer.explain({ ...request, window })) {
        assert.ok(checkpoint);
        const resume = structuredClone(checkpoint());
        assert.deepEqual((await final(explainer, { ...request, window, resume })).targets, whole.targets);
        await assert.rejects(final(explainer, { ...request, resume }), /checkpoint of another explanation/);
        const brighter = [{ input, size, boxes: boxes() }];
        await assert.rejects(final(explainer, { ...request, window: brighter, resume }), /another explanation/);
        break;
      }
    });

    it('refuses what does not fit', async () => {
      const outside = { x1: 500, y1: 0, x2: 600, y2: 50 };
      const misfits: [Partial<ExplainRequest>, RegExp][] = [
        [{ window: [{ input: other.subarray(3), size, boxes: boxes() }] }, /images of one size/],
        [{ window: [{ input: other, size: { width: 80, height: 56 }, boxes: boxes() }] }, /images of one size/],
        [{ window: [{ input: other, size, boxes: [] }] }, /0 boxes for 3 targets/],
        [{ window: [{ input: other, size, boxes: [outside, undefined, undefined] }] }, /no area inside/],
        [{ window: Array(64).fill({ input: other, size, boxes: boxes() }) as WindowFrame[] }, /65 images of a window/],
        [
          { window: [{ input: other, size, boxes: boxes() }], settings: { method: 'grad-cam', variant: 'study' } },
          /grad-cam draws no masks/,
        ],
      ];
      for (const [change, message] of misfits)
        await assert.rejects(final(explainer, { ...request, ...change }), (error: ExpectedError) => {
          assert.match(`${error.message} ${error.remedy}`, message);
          return true;
        });
    });
  });

  it('says that a target is lost in all passes', async () => {
    const nowhere = { ...request.targets[0], box: { x1: 1, y1: 1, x2: 1.02, y2: 100 } };
    const result = await final(explainer, { ...request, targets: [nowhere], settings: { ...rise, passes: 8 } });
    assert.equal(result.targets[0].lost, 8);
    assert.ok(result.targets[0].map.values.every((value) => value === 0));
    assert.ok(result.targets[0].standardError?.values.every((value) => value === 0));
  });

  it('stops when it is told to, and works on', async () => {
    const controller = new AbortController();
    const long = { ...request, settings: { ...rise, passes: 100_000 } };
    const stopped = (async () => {
      for await (const { passes } of explainer.explain(long, controller.signal))
        if (passes >= 15) controller.abort(new Error('no longer wanted'));
    })();
    await assert.rejects(stopped, /no longer wanted/);
    assert.equal((await final(explainer, { ...request, settings: { ...rise, passes: 4 } })).passes, 4);
  });

  it('gives other maps where the head’s weights are shuffled', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'msal-shuffled-'));
    try {
      const other = await openExplainer(await shuffledModel(folder), { workers: 1, threads: 1 });
      const settings = { ...rise, passes: 60, target: { ...rise.target, scoreThreshold: 0 } };
      const [true_, shuffled] = [
        await final(explainer, { ...request, settings }),
        await final(other, { ...request, settings }),
      ];
      await other.close();
      const likeness = true_.targets.map(({ map }, t) => pearson(map.values, shuffled.targets[t].map.values));
      assert.ok(Math.min(...likeness) < 0.9, `correlations ${likeness.join(', ')}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuses requests that do not fit, and says why', async () => {
    const [target] = request.targets;
    const box = { x1: 500, y1: 3, x2: 600, y2: 9 };
    const refused: readonly [ExplainRequest, RegExp][] = [
      [{ ...request, input: input.subarray(3) }, /49149 values are no 128×128 RGB picture, which has 49152/],
      [{ ...request, size: { width: 0, height: 1 } }, /a picture of 0×1 pixels/],
      [{ ...request, targets: [] }, /0 boxes to explain/],
      [
        { ...request, targets: [{ ...target, box }] },
        /box 1, \[500, 3, 600, 9\], has no area inside the 160×112 picture/,
      ],
      [{ ...request, targets: [{ ...target, className: 'unicorn' }] }, /“unicorn”, which model .* calls/],
      [{ ...request, seed: -1 }, /the seed -1 cannot be used/],
      [{ ...request, settings: { ...rise, probability: 2 } }, /probability/],
    ];
    for (const [wrong, message] of refused)
      await assert.rejects(final(explainer, wrong), (error: Error) => {
        assert.equal(error.name, 'ExpectedError');
        assert.match(error.message, message);
        return true;
      });
    await assert.rejects(openExplainer(fixture('nothing.json'), { workers: 1 }), {
      name: 'ExpectedError',
      kind: 'model',
    });
  });
});

/** The model with the values of its class head's pointwise weights turned round. */
async function shuffledModel(folder: string): Promise<string> {
  const files = await readModelFiles(MODEL);
  const { manifest } = readPlainDetector(files);
  const model = readModel(files.bytes, files.modelPath);
  const name = manifest.classHead?.pointwise;
  assert.ok(name !== undefined && new GraphIndex(model.graph).inputs.length === 1);
  model.graph.initializer = model.graph.initializer.map((tensor) =>
    tensor.name === name ? { ...float32Tensor(float32Values(tensor).toReversed(), shapeOf(tensor)), name } : tensor,
  );
  const bytes = writeModel(model);
  await writeFile(path.join(folder, manifest.file), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const manifestPath = path.join(folder, 'shuffled.json');
  await writeFile(manifestPath, JSON.stringify({ ...manifest, sha256 }));
  return manifestPath;
}
