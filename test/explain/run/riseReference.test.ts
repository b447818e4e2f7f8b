import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { z } from 'zod';
import { EfficientDet } from '../../../src/detector/efficientDet.js';
import { openExplainer } from '../../../src/explain/run/explainerPool.js';
import type { Explanation } from '../../../src/explain/explanation.js';
import { letterbox } from '../../../src/geometry/letterbox.js';
import { resizeToInput } from '../../../src/images/resize.js';
import { presetSettings } from '../../../src/explain/settings.js';
import { packageRoot } from '../../../src/packageRoot.js';
import { MaskStream } from '../../../src/explain/masks/maskStream.js';
import { assertClose, fixture } from '../../detector/reference.js';

const MODEL = fixture('efficientdet-tiny.json');
const PASSES = 12;
const SEED = 12;
// As large as the model's input: nothing is resized, Python needs no bilinear resizing of its own.
const size = { width: 128, height: 96 };
const pixels = Uint8Array.from({ length: size.width * size.height * 3 }, (_, i) => {
  const [x, y, c] = [Math.floor(i / 3) % size.width, Math.floor(i / 3 / size.width), i % 3];
  return (3 * x + 5 * y + 40 * c + 60 * (((x >> 4) + (y >> 4)) & 1)) % 256;
});
const answer = z.object({ maps: z.array(z.array(z.number())), scores: z.array(z.array(z.number())) });

/** Runs rise_reference.py: JSON in, JSON out. */
async function numpyRise(request: unknown): Promise<z.infer<typeof answer>> {
  const python = process.env.MSAL_TEST_PYTHON;
  assert.ok(python, 'MSAL_TEST_PYTHON must name a Python with test/requirements.txt (`npm test` sees to that)');
  const child = spawn(python, [path.join(packageRoot, 'test/explain/run/rise_reference.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(request));
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) text += String(chunk);
  return answer.parse(JSON.parse(text));
}

describe('RISE as the study has it', function () {
  // Python imports its ONNX Runtime first.
  this.timeout(120_000);

  it('equals the equations written down in NumPy on the same ONNX model with the same masks', async () => {
    const detector = await EfficientDet.load(MODEL, { threads: 1 });
    const { manifest } = detector;
    const placed = letterbox(size, manifest.input, manifest.input.resize);
    const input = resizeToInput({ ...size, channels: 3, data: pixels }, placed);
    const { detections } = await detector.detect(input, size, { scoreThreshold: 0, maxDetections: 1000 });
    await detector.close();
    const inside = detections.filter(({ box: b }) => b.x1 > 0 && b.y1 > 0 && b.x2 < size.width && b.y2 < size.height);
    const targets = inside.slice(0, 3);
    const settings = {
      ...presetSettings('rise', 'paper'),
      passes: PASSES,
      // Untrained networks find nothing in a picture that is nine tenths black.
      probability: 0.7,
      target: { among: 'nms', scoreThreshold: 0.05, iouThreshold: 0.3 },
    } as const;
    const explainer = await openExplainer(MODEL, { workers: 1, threads: 1 });
    let result: Explanation | undefined;
    for await (const partial of explainer.explain({ input, size, targets, settings, seed: SEED })) result = partial;
    await explainer.close();
    assert.ok(result?.complete);

    const stream = new MaskStream({
      seed: SEED,
      content: size,
      grid: settings.grid,
      probability: settings.probability,
      sampler: 'plain',
      targets: [],
    });
    const expected = await numpyRise({
      manifest: MODEL,
      model: fixture(manifest.file),
      content: [size.height, size.width],
      pixels: [...pixels],
      targets: targets.map(({ box: b, classIndex }) => ({ box: [b.x1, b.y1, b.x2, b.y2], classIndex })),
      ...{ rows: 8, columns: 8, probability: settings.probability },
      ...{ scoreThreshold: settings.target.scoreThreshold, iouThreshold: settings.target.iouThreshold },
      masks: Array.from({ length: PASSES }, (_, i) => {
        const { grid, offsetY, offsetX } = stream.mask(i);
        return { grid: [...grid], offset: [offsetY, offsetX] };
      }),
    });
    let found = 0;
    result.targets.forEach(({ map, lost }, t) => {
      const scores = expected.scores.map((row) => row[t]);
      assert.equal(lost, scores.filter((score) => score === 0).length, `target ${t}: scores ${scores.join(', ')}`);
      assert.deepEqual([map.width, map.height], [size.width, size.height]);
      assertClose(map.values, expected.maps[t], 1e-5, `target ${t}`);
      found += PASSES - lost;
    });
    assert.ok(found > PASSES / 2 && found < 3 * PASSES, `found in ${found} of ${3 * PASSES}: nothing is tested`);
  });
});
