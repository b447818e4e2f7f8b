import assert from 'node:assert/strict';
import { Tensor } from 'onnxruntime-node';
import { cutBackbone, type CutModel } from '../../../src/explain/network/backbone.js';
import { readPlainDetector, type PlainDetector } from '../../../src/detector/composedDetector.js';
import { readModelFiles } from '../../../src/detector/manifest.js';
import { openSession } from '../../../src/detector/providers.js';
import { GraphBuilder, opsetOf } from '../../../src/onnx/graphBuilder.js';
import { writeModel } from '../../../src/onnx/modelFile.js';
import { DataType, type Model } from '../../../src/onnx/schema.js';
import { assertClose, fixture, FIXTURE_MODELS } from '../../detector/reference.js';

/** Gives a part of a model typed inputs and outputs, and runs it. */
async function runPart(
  part: Model,
  outputs: readonly string[],
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const graph = new GraphBuilder(opsetOf(part));
  const inputs = Object.keys(feeds).map((name, i) => graph.input(`in_${i}`, DataType.float32, feeds[name].dims));
  const named = Object.fromEntries(Object.keys(feeds).map((name, i) => [name, inputs[i]]));
  const inner = graph.embed(part, { prefix: 'part/', inputs: named });
  outputs.forEach((name, i) => {
    graph.output(inner(name), `out_${i}`, DataType.float32, []);
  });
  const session = await openSession(writeModel(graph.build()), 'cpu', 1);
  try {
    const values = await session.run(Object.fromEntries(Object.values(feeds).map((tensor, i) => [`in_${i}`, tensor])));
    return Object.fromEntries(outputs.map((name, i) => [name, values[`out_${i}`]]));
  } finally {
    await session.release();
  }
}

for (const name of FIXTURE_MODELS)
  describe(`the backbone of ${name}`, () => {
    let plain: PlainDetector;
    let cut: CutModel;
    let image: Tensor;
    before(async () => {
      plain = readPlainDetector(await readModelFiles(fixture(`${name}.json`)));
      cut = cutBackbone(plain.model, plain.manifest, plain.head);
      const { width, height } = plain.manifest.input;
      const values = Float32Array.from({ length: 3 * width * height }, (_, i) => Math.sin(i / 11) + Math.cos(i / 1237));
      image = new Tensor('float32', values, [1, 3, height, width]);
    });

    it('ends in maps of 1/8, 1/16 and 1/32 of the picture’s size', async () => {
      const maps = await runPart(cut.backbone, cut.features, { [plain.manifest.input.name]: image });
      const { levels } = plain.anchors;
      const shapes = cut.features.map((feature) => maps[feature].dims.slice(2));
      assert.deepEqual(
        shapes,
        levels.slice(0, 3).map(({ rows, columns }) => [rows, columns]),
      );
    });

    it('and the rest make together what the whole model makes', async () => {
      const { classLogits, boxRegression } = plain.manifest.outputs;
      const outputs = [...classLogits, ...boxRegression];
      const whole = await runPart(plain.model, outputs, { [plain.manifest.input.name]: image });
      const maps = await runPart(cut.backbone, cut.features, { [plain.manifest.input.name]: image });
      const joined = await runPart(cut.rest, outputs, maps);
      for (const output of outputs)
        assertClose(joined[output].data as Float32Array, [...(whole[output].data as Float32Array)], 1e-5, output);
    });

    it('has most of the nodes, and the rest none of them', () => {
      const backbone = new Set(cut.backbone.graph.node);
      assert.ok(cut.rest.graph.node.every((node) => node.opType === 'Constant' || !backbone.has(node)));
      const convolutions = (model: Model): number => model.graph.node.filter(({ opType }) => opType === 'Conv').length;
      assert.equal(convolutions(cut.backbone) + convolutions(cut.rest), convolutions(plain.model));
    });

    it('can be named in the manifest', () => {
      const outputs = { ...plain.manifest.outputs, backboneFeatures: [...cut.features] };
      const named = cutBackbone(plain.model, { ...plain.manifest, outputs }, plain.head);
      assert.deepEqual(named.rest.graph.node, cut.rest.graph.node);
    });

    it('says what is wrong where the names are', () => {
      const at = (backboneFeatures: string[]): CutModel =>
        cutBackbone(
          plain.model,
          { ...plain.manifest, outputs: { ...plain.manifest.outputs, backboneFeatures } },
          plain.head,
        );
      const trouble = { name: 'ExpectedError', kind: 'model' };
      assert.throws(() => at(['nowhere']), trouble);
      assert.throws(() => at(cut.features.slice(1)), { ...trouble, message: /outputs also depend on/ });
    });

    it('is not found where the coarser levels are not made by max-pooling', () => {
      const node = plain.model.graph.node.map((one) => (one.opType === 'MaxPool' ? { ...one, opType: 'Relu' } : one));
      const other = { ...plain.model, graph: { ...plain.model.graph, node } };
      assert.throws(() => cutBackbone(other, plain.manifest, plain.head), {
        name: 'ExpectedError',
        kind: 'model',
        message: /end of the model's backbone was not found/,
      });
    });
  });
