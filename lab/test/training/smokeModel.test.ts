import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'npyjs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { EfficientDet } from '../../../src/detector/efficientDet.js';
import { efficientDetFiles, readModelFiles } from '../../../src/detector/manifest.js';

/** What `python -m msal_training.smoke` has left; `npm test` runs it first and says where. */
const folder = process.env.MSAL_SMOKE_FOLDER;

async function floats(name: string): Promise<{ data: Float32Array; shape: number[] }> {
  const { data, shape } = parse(Uint8Array.from(await readFile(path.join(folder ?? '', `${name}.npy`))).buffer);
  assert.ok(data instanceof Float32Array);
  return { data, shape };
}

describe('a model trained for a few steps and exported', function () {
  before(function () {
    if (folder === undefined) this.skip();
  });

  it("gives PyTorch's outputs in onnxruntime-node to 1e-4", async () => {
    const { manifest, modelPath } = efficientDetFiles(await readModelFiles(path.join(folder ?? '', 'smoke.json')));
    const session = await InferenceSession.create(modelPath);
    const { data, shape } = await floats('images');
    const outputs = await session.run({ [manifest.input.name]: new Tensor('float32', data, shape) });
    const { classLogits, boxRegression, headFeatures = [] } = manifest.outputs;
    const names = [...classLogits, ...boxRegression, ...headFeatures];
    assert.equal(names.length, 15);
    for (const name of names) {
      const expected = await floats(name);
      assert.deepEqual(outputs[name].dims, expected.shape);
      const values = outputs[name].data as Float32Array;
      const largest = expected.data.reduce((most, value, i) => Math.max(most, Math.abs(value - values[i])), 0);
      assert.ok(largest <= 1e-4, `${name} differs by ${String(largest)}`);
      assert.ok(
        expected.data.some((value) => value !== expected.data[0]),
        `${name} is flat`,
      );
    }
    await session.release();
  });

  it('runs as a detector', async () => {
    const detector = await EfficientDet.load(path.join(folder ?? '', 'smoke.json'));
    const { width, height } = detector.manifest.input;
    const { detections } = await detector.detect(new Uint8Array(width * height * 3), { width, height });
    assert.ok(Array.isArray(detections));
    await detector.close();
  });
});
