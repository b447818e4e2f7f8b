import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { BoxDetector } from '../../../src/detector/boxDetector.js';
import { MaskedDetector } from '../../../src/explain/network/maskedDetector.js';
import { packageRoot } from '../../../src/packageRoot.js';
import { runMsal } from '../../cli/runMsal.js';

const FOLDER = path.join(packageRoot, '.cache/real-networks');
const PICTURES = ['motorcycle_left', 'astronaut', 'camera'];
const NETWORKS = { nanodet: 416, centernet: 512 } as const;
const found = z.array(z.object({ box: z.array(z.number()), class: z.number(), score: z.number() }));
const answersSchema = z.object({
  classes: z.array(z.string()),
  nanodet: z.record(z.string(), found),
  centernet: z.record(z.string(), found),
});

/** Two networks trained on COCO; training/msal_training/real_networks.py fetches them once. */
describe('networks trained by others, on photographs', function () {
  this.timeout(300_000);
  let answers: z.infer<typeof answersSchema>;

  before(function () {
    if (!existsSync(path.join(FOLDER, 'answers.json'))) {
      const python = process.env.MSAL_TRAINING_PYTHON;
      assert.ok(
        python,
        'MSAL_TRAINING_PYTHON must name a Python with the training project’s packages (`npm test` sees to that)',
      );
      const made = spawnSync(python, ['-W', 'ignore', '-m', 'msal_training.real_networks', FOLDER], {
        cwd: path.join(packageRoot, 'training'),
        encoding: 'utf8',
      });
      // Without a network there is nothing to test with.
      if (made.status === 3) this.skip();
      assert.equal(made.status, 0, made.stderr);
    }
    answers = answersSchema.parse(JSON.parse(readFileSync(path.join(FOLDER, 'answers.json'), 'utf8')));
  });

  for (const name of ['nanodet', 'centernet'] as const)
    it(`${name} needs no manifest, and gives the boxes of a decoding in Python to 0.01 pixels`, async () => {
      const detector = await BoxDetector.load(await configured(name), { topK: 5000 });
      assert.deepEqual(detector.manifest.classes, answers.classes);
      const side = NETWORKS[name];
      for (const picture of PICTURES) {
        const pixels = Uint8Array.from(readFileSync(path.join(FOLDER, `${name}-${picture}.rgb`)));
        // Nothing is suppressed.
        const thresholds = { scoreThreshold: 0.3, iouThreshold: 1, maxDetections: 1000 };
        const { detections } = await detector.detect(pixels, { width: side, height: side }, thresholds);
        const expected = answers[name][picture] ?? [];
        assert.equal(detections.length, expected.length, picture);
        assert.ok(expected.length > 0);
        const clipped = (value: number): number => Math.min(Math.max(value, 0), side);
        for (const { box, class: classIndex, score } of expected) {
          const same = detections.find(
            (one) =>
              one.classIndex === classIndex &&
              Math.abs(one.score - score) < 1e-4 &&
              [one.box.x1, one.box.y1, one.box.x2, one.box.y2].every(
                (v, i) => Math.abs(v - clipped(box[i] ?? NaN)) < 0.01,
              ),
          );
          assert.ok(same, `${picture}: no box like ${classIndex} ${score} [${box.join(', ')}]`);
        }
      }
      await detector.close();
    });

  it('NanoDet finds its motorcycle again behind masks, and not where it is hidden', async () => {
    const masked = await MaskedDetector.load(path.join(FOLDER, 'nanodet.onnx'));
    const pixels = Uint8Array.from(readFileSync(path.join(FOLDER, 'nanodet-motorcycle_left.rgb')));
    const best = (answers.nanodet['motorcycle_left'] ?? []).toSorted((a, b) => b.score - a.score)[0];
    assert.ok(best);
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = best.box;
    const side = NETWORKS.nanodet;
    const picture = await masked.picture({
      pixels,
      fill: new Uint8Array(pixels.length),
      content: { width: side, height: side },
      targets: [{ box: { x1, y1, x2, y2 }, classIndex: best.class }],
      rule: { among: 'anchors', scoreThreshold: 0.05, iouThreshold: 0.5 },
    });
    assert.ok(Math.abs((picture.unmasked.scores[0] ?? 0) - best.score) < 1e-4, String(picture.unmasked.scores[0]));
    const hidden = Float32Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      return x >= x1 && x < x2 && y >= y1 && y < y2 ? 0 : 1;
    });
    const { scores } = await picture.scoreMasks(hidden, 1);
    assert.ok((scores[0] ?? 1) < 0.3, `still ${scores[0]}`);
    await masked.close();
  });

  it('two commands, no manifest: boxes and a RISE map of the motorcycle', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'msal-real-'));
    const model = path.join(folder, 'mine.onnx');
    await copyFile(path.join(FOLDER, 'nanodet.onnx'), model);
    const photograph = path.join(FOLDER, 'motorcycle_left.png');
    const detected = await runMsal(['detect', photograph, '--model', model]);
    assert.equal(detected.code, 0, detected.stderr);
    assert.match(detected.stdout, /motorcycle 0\.\d\d at /);
    assert.match(detected.stderr, /without maps/);
    const why = path.join(folder, 'why');
    const explained = await runMsal([
      'explain',
      photograph,
      '--model',
      model,
      '-o',
      why,
      '--passes',
      '20',
      '--box',
      '1',
    ]);
    assert.equal(explained.code, 0, explained.stderr);
    assert.match(explained.stdout, /motorcycle/);
    assert.ok(existsSync(path.join(why, 'explanation.json')));
    await rm(folder, { recursive: true });
  });

  /** CenterNet's own makers prepare pictures in another way than this network wants: a manifest says so. */
  async function configured(name: keyof typeof NETWORKS): Promise<string> {
    const file = path.join(FOLDER, `${name}.onnx`);
    if (name === 'nanodet') return file;
    const { draftManifest } = await import('../../../src/detector/draftManifest.js');
    const { writeFile } = await import('node:fs/promises');
    const outputs = { heatMap: 'tower_0_keypoints', sizes: 'tower_0_wh' };
    const draft = await draftManifest(readFileSync(file), file);
    assert.equal(draft.families[0], 'centernet');
    assert.deepEqual(draft.fields?.['outputs'], outputs);
    const raw = { order: 'rgb', scale: 1, mean: [0, 0, 0], std: [1, 1, 1], resize: 'stretch' };
    const manifest = path.join(FOLDER, `${name}-manifest.json`);
    await writeFile(
      manifest,
      JSON.stringify({ ...draft.fields, input: { ...(draft.fields['input'] as object), ...raw } }),
    );
    return manifest;
  }
});
