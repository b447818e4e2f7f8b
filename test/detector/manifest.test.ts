import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EfficientDet } from '../../src/detector/efficientDet.js';
import { readModelFiles, type ModelManifest } from '../../src/detector/manifest.js';
import { checkProviders } from '../../src/detector/providerChoice.js';
import { providerDifference, withinTolerance } from '../../src/detector/providerCheck.js';
import type { GraphOutputs } from '../../src/detector/graphOutputs.js';
import { ExpectedError } from '../../src/errors.js';
import { fixture } from './reference.js';

const trouble = (text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ExpectedError, String(error));
  assert.equal(error.kind, 'model');
  assert.match(error.message, text);
  return true;
};

describe('a model that does not fit its manifest', () => {
  const original = JSON.parse(readFileSync(fixture('efficientdet-tiny.json'), 'utf8')) as ModelManifest;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'manifest-'));
    copyFileSync(fixture('efficientdet-tiny.onnx'), path.join(folder, original.file));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const manifest = (changes: Record<string, unknown>): string => {
    const file = path.join(folder, 'model.json');
    writeFileSync(file, JSON.stringify({ ...original, ...changes }));
    return file;
  };

  const cases: [string, Record<string, unknown>, RegExp][] = [
    ['a missing field', { classes: undefined }, /classes/],
    ['several wrong fields', { schemaVersion: 2, spectra: ['uv'] }, /schemaVersion.*spectra/],
    ['another file', { sha256: '0'.repeat(64) }, /is not the file that .* describes/],
    ['a way out of the folder', { file: '../../etc/passwd' }, /points outside its folder/],
    ['no file', { file: 'absent.onnx' }, /cannot be read/],
    [
      'another input name',
      { input: { ...original.input, name: 'data' } },
      /no input named data; its inputs are images/,
    ],
    ['another number of classes', { classes: ['Person'] }, /81 logits a cell where 9 anchors of 1 classes make 9/],
    [
      'another output',
      { outputs: { ...original.outputs, classLogits: ['a', 'b', 'c', 'd', 'e'] } },
      /no tensor named a/,
    ],
    ['fewer levels', { anchors: { ...original.anchors, maxLevel: 6 } }, /5 names for 4 levels/],
    [
      'another input size',
      { input: { ...original.input, width: 200, height: 200 } },
      /cannot run efficientdet-tiny as its manifest describes it/,
    ],
    [
      'swapped levels',
      { outputs: { ...original.outputs, headFeatures: original.outputs.headFeatures?.toReversed() } },
      /does not fit its manifest/,
    ],
    ['weights that are not there', { classHead: { depthwise: 'x', pointwise: 'y' } }, /no weights named x/],
  ];
  for (const [what, changes, message] of cases)
    it(what, () => assert.rejects(EfficientDet.load(manifest(changes), { threads: 1 }), trouble(message)));

  it('is no JSON, or not there', async () => {
    const file = path.join(folder, 'model.json');
    writeFileSync(file, '{"name":');
    await assert.rejects(readModelFiles(file), trouble(/is no JSON/));
    await assert.rejects(readModelFiles(path.join(folder, 'none.json')), trouble(/none.json cannot be read/));
  });

  it('is a damaged ONNX file with the right hash', async () => {
    const bytes = readFileSync(fixture('efficientdet-tiny.onnx')).subarray(0, 100_000);
    writeFileSync(path.join(folder, original.file), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await assert.rejects(EfficientDet.load(manifest({ sha256 })), trouble(/is not a readable ONNX model/));
  });
});

describe('execution providers', () => {
  it('fall back to the CPU and say why', async () => {
    const detector = await EfficientDet.load(fixture('efficientdet-tiny.json'), {
      providers: ['cuda', 'cpu'],
      threads: 1,
    });
    assert.equal(detector.providerAttempts[0].provider, 'cuda');
    assert.equal(detector.providerAttempts.at(-1)?.outcome, 'used');
    if (detector.provider === 'cpu') assert.match(detector.providerAttempts[0].detail, /cuda/);
    await detector.close();
  });

  it('are each tried and reported', async () => {
    const [cpu] = await checkProviders(fixture('efficientdet-tiny.json'), ['cpu']);
    assert.deepEqual(cpu, { provider: 'cpu', outcome: 'used', detail: 'the reference' });
  });

  it('are refused where they differ from the CPU', () => {
    const outputs = (change = 0): GraphOutputs => ({
      boxes: Float32Array.of(10, 10, 110, 110),
      scores: Float32Array.of(0.9 + change),
      classes: Int32Array.of(1),
      anchors: Int32Array.of(5),
      features: [{ level: 3, channels: 1, rows: 1, columns: 2, data: Float32Array.of(4, -1) }],
    });
    assert.deepEqual(providerDifference(outputs(), outputs()), { scores: 0, features: 0, boxes: 0 });
    assert.ok(withinTolerance(providerDifference(outputs(), outputs(0.01))));
    assert.ok(!withinTolerance(providerDifference(outputs(), outputs(0.05))));
    assert.ok(!withinTolerance(providerDifference(outputs(), outputs(NaN))));
    const shifted = { ...outputs(), boxes: Float32Array.of(10, 10, 110, 115) };
    assert.ok(Math.abs(providerDifference(outputs(), shifted).boxes - 0.05) < 1e-6);
    const blank = { ...outputs(), features: [{ ...outputs().features[0], data: Float32Array.of(4, 0) }] };
    assert.equal(providerDifference(outputs(), blank).features, 0.25);
  });
});
