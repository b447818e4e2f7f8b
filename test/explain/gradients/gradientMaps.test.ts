import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDetector } from '../../../src/detector/openDetector.js';
import { testPicture } from '../../../src/detector/inputTensors.js';
import { EXPLAIN_METHODS, presetSettings } from '../../../src/explain/settings.js';
import { openExplainer } from '../../../src/explain/run/explainerPool.js';
import { gaussianNumbers } from '../../../src/explain/masks/gaussianNumbers.js';
import { fixture } from '../../detector/reference.js';
import { TINY_MODEL } from '../../frameLog/frameLogs.js';

const METHODS = EXPLAIN_METHODS.filter((method) => !['rise', 'd-rise', 'live-rise', 'sidu'].includes(method));

describe('maps by gradients through the workers', function () {
  this.timeout(120_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'msal-gradients-'));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  // EfficientDet, and a network of a family that has no closed form.
  for (const family of ['efficientdet', 'retinanet'] as const)
    it(`${family}: every method gives a map of its own over the picture, the same each time`, async () => {
      const model = path.join(folder, 'retinanet.onnx');
      copyFileSync(fixture('families/retinanet.onnx'), model);
      const manifest = family === 'efficientdet' ? TINY_MODEL : model;
      const detector = await openDetector(manifest);
      const { input } = detector.manifest;
      const size = { width: input.width, height: Math.round(0.75 * input.height) };
      const pixels = testPicture(input);
      const { detections } = await detector.detect(pixels, size, { scoreThreshold: 0.01, maxDetections: 5 });
      await detector.close();
      const [target] = detections;
      assert.ok(target, 'the network finds something');
      const explainer = await openExplainer(manifest, { workers: 1, threads: 1 });
      const maps = new Map<string, string>();
      try {
        for (const method of METHODS) {
          const request = { input: pixels, size, targets: [target], settings: presetSettings(method), seed: 3 };
          const answers: Float32Array[] = [];
          for (let time = 0; time < 2; time++)
            for await (const { targets, complete } of explainer.explain(request)) {
              assert.ok(complete);
              const [{ map, lost }] = targets;
              assert.equal(lost, 0, method);
              assert.ok(Math.abs(map.width / map.height - 4 / 3) < 0.35, `${method}: ${map.width}×${map.height}`);
              assert.ok(
                map.values.every((value) => Number.isFinite(value)),
                method,
              );
              answers.push(map.values);
            }
          assert.deepEqual(answers[0], answers[1]);
          maps.set(method, [...answers[0]].map((value) => value.toPrecision(5)).join());
        }
      } finally {
        await explainer.close();
      }
      assert.equal(new Set(maps.values()).size, METHODS.length);
    });
});

describe('Gaussian numbers', () => {
  it('have mean 0, variance 1 and kurtosis 3, and are their seed’s', () => {
    const [next, same, other] = [gaussianNumbers(5), gaussianNumbers(5), gaussianNumbers(6)];
    const values = Array.from({ length: 20_000 }, next);
    const moment = (k: number): number => values.reduce((sum, value) => sum + value ** k, 0) / values.length;
    // Within four standard errors: √(1/n), √(2/n), √(96/n).
    assert.ok(Math.abs(moment(1)) < 0.029);
    assert.ok(Math.abs(moment(2) - 1) < 0.04);
    assert.ok(Math.abs(moment(4) - 3) < 0.28);
    assert.equal(same(), values[0]);
    assert.notEqual(other(), values[0]);
  });
});
