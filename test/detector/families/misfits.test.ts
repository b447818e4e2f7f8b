import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { draftManifest } from '../../../src/detector/draftManifest.js';
import { openDetector } from '../../../src/detector/openDetector.js';
import { checkRequest } from '../../../src/explain/request.js';
import { presetSettings } from '../../../src/explain/settings.js';
import { DataType } from '../../../src/onnx/schema.js';
import { runMsal } from '../../cli/runMsal.js';
import { fixture } from '../reference.js';
import { handMade, saved } from './handMade.js';

const V8 = { shape: [1, 6, 84], values: {} };

/** A network and a manifest with some fields changed; the path of the manifest. */
async function changed(
  bytes: Uint8Array,
  change: (fields: Record<string, unknown>, input: Record<string, unknown>) => void,
): Promise<string> {
  const file = await saved(bytes);
  const { fields = {} } = await draftManifest(bytes, file, { size: { width: 64, height: 64 } });
  const input = { ...(fields['input'] as Record<string, unknown>) };
  const copy: Record<string, unknown> = { ...fields, input };
  change(copy, input);
  const target = file.replace(/onnx$/, 'json');
  await writeFile(target, JSON.stringify(copy));
  return target;
}

describe('networks that do not fit', function () {
  this.timeout(60_000);

  it('names sides that do not fit the classes, with the field to correct', async () => {
    const manifest = await changed(handMade({ outputs: { output0: V8 } }), (fields) => (fields['classes'] = ['one']));
    await assert.rejects(openDetector(manifest), {
      kind: 'model',
      message: /output0 is \[1, 6, 84\] where its family, classes and input size make it \[\?, 5, \?\]/,
      remedy: /outputs\.predictions, classes or input/,
    });
  });

  it('the same of an output whose sides the file leaves open, in the first run', async () => {
    const bytes = handMade({ outputs: { output0: { ...V8, open: [1, 2] } } });
    const manifest = await changed(bytes, (fields) => (fields['classes'] = ['a', 'b', 'c']));
    await assert.rejects(openDetector(manifest), { kind: 'model', message: /does not fit its manifest/ });
  });

  it('an input size that the file does not have', async () => {
    const manifest = await changed(handMade({ outputs: { output0: V8 } }), (_, input) => (input['width'] = 128));
    await assert.rejects(openDetector(manifest), {
      kind: 'model',
      message: /input images is \[1, 3, 64, 64\] where the manifest says 128×64/,
    });
  });

  it('scores that are no probabilities', async () => {
    const bytes = handMade({ outputs: { output0: { ...V8, values: { [4 * 84]: 43 } } } });
    await assert.rejects(openDetector(await saved(bytes)), {
      kind: 'model',
      message: /gives a score of 43 where probabilities/,
    });
  });

  it('an input beside the picture that nothing is known of', async () => {
    const bytes = handMade({
      outputs: { output0: V8 },
      beside: { gain: { type: DataType.float32, shape: [1] } },
    });
    const draft = await draftManifest(bytes, 'network.onnx');
    assert.ok('input.others.gain' in draft.asks);
    await assert.rejects(openDetector(await saved(bytes)), {
      kind: 'model',
      message: /cannot tell input\.others\.gain/,
    });
    const manifest = await changed(bytes, (_, input) => {
      input['others'] = { gain: { type: 'float32', shape: [1], values: [2] } };
    });
    await (await openDetector(manifest)).close();
  });

  it('a file of no known layout, with its outputs', async () => {
    const file = await saved(handMade({ outputs: { mask: { shape: [1, 1, 7, 9], values: {} } } }));
    await assert.rejects(openDetector(file), {
      kind: 'model',
      message: /has the outputs mask, which no known head layout has/,
    });
    const { code, stdout } = await runMsal(['model', file]);
    assert.equal(code, 0);
    assert.match(stdout, /no known head layout[^]*output mask {2}float32 \[1, 1, 7, 9\]/);
  });

  it('an input whose size the file leaves open is asked for by name, and --size answers', async () => {
    const bytes = handMade({ outputs: { output0: V8 }, dynamic: true });
    const draft = await draftManifest(bytes, 'network.onnx');
    assert.match(Object.keys(draft.asks).join(), /input\.width/);
    const sized = await draftManifest(bytes, 'network.onnx', { size: { width: 64, height: 64 } });
    assert.equal(sized.manifest?.family, 'yolo-v8');
  });

  it('methods that look inside the network say in the user’s terms that they cannot', async () => {
    const { manifest } = await draftManifest(handMade({ outputs: { output0: V8 } }), 'network.onnx');
    assert.ok(manifest);
    const box = { x1: 1, y1: 1, x2: 5, y2: 5 };
    for (const method of ['live-rise', 'sidu'] as const) {
      const request = {
        input: new Uint8Array(64 * 64 * 3),
        size: { width: 8, height: 8 },
        targets: [{ box, classIndex: 0, className: 'class 0', score: 1 }],
        settings: presetSettings(method),
        seed: 0,
      };
      assert.throws(() => checkRequest(request, manifest), {
        kind: 'usage',
        message: new RegExp(`${method} looks inside the network, which is known for EfficientDet only so far`),
        remedy: /use rise or d-rise/,
      });
    }
  });

  it('msal model writes a commented manifest that loads; msal info points an ONNX file there', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'msal-model-'));
    const file = path.join(folder, 'mine.onnx');
    await writeFile(file, handMade({ outputs: { output0: V8 }, metadata: { names: "{0: 'cat', 1: 'dog'}" } }));
    const { code, stdout, stderr } = await runMsal(['model', file, '--write']);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /yolo-v8[^]*input {2}images {2}float32 \[1, 3, 64, 64\][^]*yes masks[^]*yes gradients[^]*no {2}live maps/,
    );
    const text = await readFile(path.join(folder, 'mine.yaml'), 'utf8');
    assert.match(text, /# order of the colours[^\n]*\n *# assumed: as Ultralytics prepares pictures\n *order: rgb/);
    assert.deepEqual((parse(text) as { classes: string[] }).classes, ['cat', 'dog']);
    const info = await runMsal(['info', file]);
    assert.equal(info.code, 2);
    assert.match(info.stderr, /is an ONNX file\n {2}what to do: `msal model /);
    const shown = await runMsal(['info', path.join(folder, 'mine.yaml')]);
    assert.match(shown.stdout, /mine: yolo-v8 /);
    const again = await runMsal(['model', file, '--write']);
    assert.notEqual(again.code, 0);
  });

  it('EfficientDet is recognised too', async () => {
    const file = fixture('efficientdet-tiny.onnx');
    const draft = await draftManifest(await readFile(file), file);
    assert.equal(draft.families[0], 'efficientdet');
  });
});
