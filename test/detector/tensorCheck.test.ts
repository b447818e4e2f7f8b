import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { readPlainDetector } from '../../src/detector/composedDetector.js';
import { EfficientDet } from '../../src/detector/efficientDet.js';
import { readModelFiles } from '../../src/detector/manifest.js';
import { ExpectedError } from '../../src/errors.js';
import type { Model } from '../../src/onnx/schema.js';
import { packageRoot } from '../../src/packageRoot.js';
import { inFolder } from '../bag/bagTools.js';
import { failWhenRun, modelVariant, openShapes, type ManifestFields } from './modelVariant.js';
import { fixture, FIXTURE_MODELS } from './reference.js';

type Change = (model: Model, manifest: ManifestFields) => void;

/** The reason why a changed model is refused before a session is made of it. */
function refusal(change: Change): Promise<string> {
  return inFolder2(async (folder) => {
    const files = await readModelFiles(await modelVariant(folder, change));
    try {
      readPlainDetector(files);
    } catch (error) {
      if (error instanceof ExpectedError && error.kind === 'model') return error.message;
      throw error;
    }
    return 'accepted';
  });
}

async function inFolder2<T>(use: (folder: string) => Promise<T>): Promise<T> {
  let result: T | undefined;
  await inFolder(async (folder) => {
    result = await use(folder);
  });
  return result as T;
}

/** Runs a script in a process of its own, from a file: worker threads would inherit the options of one that is typed in. */
async function script(folder: string, text: string): Promise<{ stdout: string; stderr: string }> {
  const file = path.join(folder, 'script.mjs');
  await writeFile(file, text);
  return promisify(execFile)(process.execPath, [file]);
}

const dist = (file: string): string => JSON.stringify(path.join(packageRoot, 'dist/src', file));

describe('tensors against their manifest', function () {
  this.timeout(120_000);

  for (const name of FIXTURE_MODELS)
    it(`${name} is accepted`, async () => {
      assert.ok(readPlainDetector(await readModelFiles(fixture(`${name}.json`))));
    });

  it('with open shapes it is accepted as well', async () => {
    assert.equal(await refusal(openShapes), 'accepted');
  });

  it('another input size, layout or element type is refused with both shapes', async () => {
    const wider: Change = (_, { input }) => (input.width *= 2);
    assert.match(
      await refusal(wider),
      /input, has the shape \[\?, 3, \d+, \d+\] where 3 channels before .* make \[\?, 3/,
    );
    const last: Change = ({ graph }, { input }) => {
      const shape = graph.input.find(({ name }) => name === input.name)?.type?.tensorType?.shape;
      assert.ok(shape);
      shape.dim = [shape.dim[0], shape.dim[2], shape.dim[3], shape.dim[1]];
    };
    assert.match(await refusal(last), /input, has the shape \[\?, \d+, \d+, 3\]/);
    const bytes: Change = ({ graph }, { input }) => {
      const type = graph.input.find(({ name }) => name === input.name)?.type?.tensorType;
      assert.ok(type);
      type.elemType = 2;
    };
    assert.match(await refusal(bytes), /is of ONNX element type 2; the manifest's input.type feeds it float32/);
  });

  it('outputs of other depth, order or level are refused by name', async () => {
    const sides: Change = (_, { outputs }) => (outputs.boxRegression = outputs.classLogits);
    assert.match(await refusal(sides), /manifest's outputs\.boxRegression, has the shape .* anchors of 4 sides make/);
    const order: Change = (_, { outputs }) => void outputs.boxRegression.reverse();
    assert.match(await refusal(order), /manifest's outputs\.boxRegression, has the shape/);
    const logits: Change = (_, { outputs }) => void outputs.classLogits.reverse();
    assert.match(await refusal(logits), /manifest's outputs\.classLogits, has the shape/);
    const features: Change = (_, { outputs }) => void outputs.headFeatures?.reverse();
    assert.match(await refusal(features), /manifest's outputs\.headFeatures, has the shape/);
  });

  it('box tensors of other depth are refused where only the convolution tells', async () => {
    const change: Change = (model, { outputs }) => {
      openShapes(model);
      outputs.boxRegression = outputs.classLogits;
    };
    assert.match(await refusal(change), /has the shape \[\?, \d+, \?, \?\] where .* 4 sides/);
  });

  it('what the model leaves open is refused by the first run, and ONNX Runtime prints nothing', async () => {
    await inFolder(async (folder) => {
      // Reversed channels behind a node that hides them: only a run shows that there are twice as many.
      const doubled: Change = (model, { outputs }) => {
        openShapes(model);
        const [name] = outputs.boxRegression;
        for (const node of model.graph.node) node.output = node.output.map((made) => (made === name ? 'inner' : made));
        const axis = { name: 'axis', type: 2, i: 1 };
        const input = ['inner', 'inner'];
        model.graph.node.push({ opType: 'Concat', name: 'twice', input, output: [name], attribute: [axis] });
      };
      const refused = /its box regression has \d+ rows of 4 where its \d+ anchors have 4 sides each/;
      await assert.rejects(EfficientDet.load(await modelVariant(folder, doubled), { threads: 1 }), refused);
      const failing = await modelVariant(folder, (model, { outputs }) => {
        openShapes(model);
        failWhenRun(model, outputs.boxRegression[0]);
      });
      const load = `const { EfficientDet } = await import(${dist('detector/efficientDet.js')});
        await EfficientDet.load(${JSON.stringify(failing)}, { threads: 1 }).catch((error) => console.log(error.message));`;
      const { stdout, stderr } = await script(folder, load);
      assert.match(stdout, /does not fit its manifest: Non-zero status code returned while running Gather node/);
      assert.equal(stderr, '');
    });
  });

  it('a model that fails in every worker of an explainer ends no process', async () => {
    await inFolder(async (folder) => {
      const failing = await modelVariant(folder, (model, { outputs }) => {
        openShapes(model);
        failWhenRun(model, outputs.boxRegression[0]);
      });
      const open = `const { openExplainer } = await import(${dist('explain/run/explainerPool.js')});
        for (let i = 0; i < 2; i += 1)
          await openExplainer(${JSON.stringify(failing)}, { workers: 3, threads: 1 }).catch((error) => console.log(error.kind));`;
      const { stdout, stderr } = await script(folder, open);
      assert.equal(stdout, 'model\n'.repeat(2));
      assert.equal(stderr, '');
    });
  });
});
