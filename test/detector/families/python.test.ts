import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { BoxDetector } from '../../../src/detector/boxDetector.js';
import { readBoxNetwork } from '../../../src/detector/boxNetwork.js';
import { draftManifest } from '../../../src/detector/draftManifest.js';
import { parseManifest, type FamilyName } from '../../../src/detector/manifestSchema.js';
import { fixture } from '../reference.js';

const SIDE = 128;
const answersSchema = z.object({
  manifest: z.record(z.string(), z.unknown()),
  detections: z.array(z.object({ box: z.array(z.number()), class: z.number(), score: z.number() })),
});

/** Networks with the libraries' own heads: training/msal_training/family_fixtures.py. FCOS has a level less than the tensors can tell. */
const NETWORKS: readonly { name: string; family: FamilyName; outputs: Record<string, string>; recognised?: false }[] = [
  {
    name: 'retinanet',
    family: 'retinanet',
    outputs: { classLogits: 'cls_logits', boxRegression: 'bbox_regression' },
  },
  {
    name: 'fcos',
    family: 'fcos',
    outputs: { classLogits: 'cls_logits', distances: 'bbox_regression', centreness: 'bbox_ctrness' },
    recognised: false,
  },
  { name: 'ssd', family: 'ssd', outputs: { classLogits: 'cls_logits', boxRegression: 'bbox_regression' } },
  { name: 'detr', family: 'detr', outputs: { logits: 'logits', boxes: 'pred_boxes' } },
  { name: 'rt-detr', family: 'detr', outputs: { logits: 'logits', boxes: 'pred_boxes' } },
  { name: 'd-fine', family: 'detr', outputs: { logits: 'logits', boxes: 'pred_boxes' } },
];
const SCORING: Readonly<Record<string, string>> = { detr: 'softmax', 'rt-detr': 'sigmoid', 'd-fine': 'sigmoid' };

/** The picture of family_fixtures.py. */
function picture(): Uint8Array {
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++)
      for (let c = 0; c < 3; c++)
        pixels[(y * SIDE + x) * 3 + c] = (2 * x + 3 * y + 60 * c + 90 * (((x >> 4) + (y >> 3)) & 1)) % 256;
  return pixels;
}

describe('heads against the Python code that made them', function () {
  this.timeout(60_000);
  for (const { name, family, outputs, recognised = true } of NETWORKS)
    it(`${name}: the same boxes to 0.01 pixels, the same scores to 1e-4`, async () => {
      const file = fixture(`families/${name}.onnx`);
      const bytes = readFileSync(file);
      const { manifest: fields, detections: expected } = answersSchema.parse(
        JSON.parse(readFileSync(fixture(`families/${name}.answers.json`), 'utf8')),
      );
      const draft = await draftManifest(bytes, file);
      if (recognised) assert.equal(draft.families[0], family);
      if (SCORING[name] !== undefined) assert.equal(draft.fields?.['scoring'], SCORING[name]);
      const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
      const unit = { mean: [0, 0, 0], std: [1, 1, 1] };
      const manifest = parseManifest(
        {
          schemaVersion: 1,
          family,
          name,
          file: `${name}.onnx`,
          sha256: createHash('sha256').update(bytes).digest('hex'),
          spectra: ['rgb'],
          classes: ['a', 'b', 'c', 'd', 'e'],
          ...(SCORING[name] === undefined ? {} : { scoring: SCORING[name] }),
          outputs,
          ...fields,
          input: {
            name: 'images',
            width: SIDE,
            height: SIDE,
            channels: 3,
            scale: 255,
            resize: 'stretch',
            ...(SCORING[name] === 'sigmoid' ? unit : imagenet),
          },
        },
        name,
      );
      const network = readBoxNetwork({ manifest, manifestPath: file, modelPath: file, bytes });
      const detector = await BoxDetector.open(network, { threads: 1, topK: 5000 });
      const { detections } = await detector.detect(picture(), { width: SIDE, height: SIDE }, { maxDetections: 300 });
      await detector.close();
      const solid = expected
        .map(({ box, ...rest }) => ({ ...rest, box: box.map((v) => Math.min(Math.max(v, 0), SIDE)) }))
        .filter(({ box: [x1 = 0, y1 = 0, x2 = 0, y2 = 0] }) => x2 > x1 && y2 > y1);
      assert.ok(solid.length >= 10, `only ${solid.length} boxes to compare`);
      // Equal scores may come in another order.
      const open = new Set(detections.slice(0, solid.length + 5));
      for (const { box, class: classIndex, score } of solid) {
        const same = [...open].find(
          (found) =>
            found.classIndex === classIndex &&
            Math.abs(found.score - score) < 1e-4 &&
            [found.box.x1, found.box.y1, found.box.x2, found.box.y2].every(
              (v, i) => Math.abs(v - (box[i] ?? NaN)) < 0.01,
            ),
        );
        assert.ok(same, `${name}: no box like ${classIndex} ${score} [${box.join(', ')}]`);
        open.delete(same);
      }
    });
});
