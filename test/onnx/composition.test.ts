import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { openSmallGraph } from '../../src/detector/smallGraph.js';
import { ExpectedError } from '../../src/errors.js';
import { GraphBuilder, opsetOf } from '../../src/onnx/graphBuilder.js';
import { GraphIndex } from '../../src/onnx/graphIndex.js';
import { readModel, writeModel } from '../../src/onnx/modelFile.js';
import { DataType, modelType, type Model } from '../../src/onnx/schema.js';
import { float32Values, halfToFloat } from '../../src/onnx/tensors.js';
import { fixture } from '../detector/reference.js';

/** y = 2x + 1. */
function affine(opset = 18): Model {
  const graph = new GraphBuilder(opset);
  const x = graph.input('x', DataType.float32, ['n']);
  const doubled = graph.node('Mul', [x, graph.floats('two', [2], [1])]);
  graph.output(graph.node('Add', [doubled, graph.floats('one', [1], [1])]), 'y', DataType.float32, ['n']);
  return readModel(writeModel(graph.build()), 'affine');
}

async function apply(model: Model, values: number[]): Promise<number[]> {
  const session = await openSmallGraph(writeModel(model), 'y');
  const { data } = await session.run({ x: { data: Float32Array.from(values), shape: [values.length] } });
  await session.close();
  return [...data];
}

describe('GraphBuilder', () => {
  it('makes a graph that ONNX Runtime computes', async () => {
    assert.deepEqual(await apply(affine(), [0, 1, -3]), [1, 3, -5]);
  });

  it('joins models end to end, with nodes before, between and behind, names kept apart', async () => {
    const inner = affine();
    const before = JSON.stringify(inner);
    const graph = new GraphBuilder(opsetOf(inner));
    const x = graph.node('Neg', [graph.input('x', DataType.float32, ['n'])]);
    const first = graph.embed(inner, { prefix: 'a/', inputs: { x } });
    const second = graph.embed(inner, { prefix: 'b/', inputs: { x: graph.node('Abs', [first('y')]) } });
    graph.output(graph.node('Neg', [second('y')]), 'y', DataType.float32, ['n']);
    // −(2·|2·(−x) + 1| + 1)
    assert.deepEqual(await apply(graph.build(), [0, 1, 5]), [-3, -3, -19]);
    assert.equal(JSON.stringify(inner), before, 'the embedded model was changed');
  });

  it('renames what a nested graph captures', async () => {
    const branch = (op: string) => ({
      name: op,
      node: [{ opType: op, input: ['doubled'], output: [op], attribute: [] }],
      initializer: [],
      input: [],
      output: [{ name: op }],
      valueInfo: [],
    });
    const model = affine();
    model.graph.node = [
      { opType: 'Add', input: ['x', 'x'], output: ['doubled'], attribute: [] },
      { opType: 'ReduceSum', input: ['x'], output: ['sum'], attribute: [{ name: 'keepdims', type: 2, i: 0 }] },
      { opType: 'Less', input: ['sum', 'zero'], output: ['negative'], attribute: [] },
      {
        opType: 'If',
        input: ['negative'],
        output: ['y'],
        attribute: [
          { name: 'then_branch', type: 5, g: branch('Neg') },
          { name: 'else_branch', type: 5, g: branch('Identity') },
        ],
      },
    ];
    model.graph.initializer = [{ name: 'zero', dims: [], dataType: DataType.float32, floatData: [0] }];
    const graph = new GraphBuilder(18);
    const inner = graph.embed(readModel(writeModel(model), 'If'), {
      prefix: 'p/',
      inputs: { x: graph.input('x', DataType.float32, ['n']) },
    });
    graph.output(inner('y'), 'y', DataType.float32, ['n']);
    assert.deepEqual(await apply(graph.build(), [1, 2]), [2, 4]);
    assert.deepEqual(await apply(graph.build(), [1, -2]), [-2, 4]);
  });

  it('refuses inputs that are not connected, not there, and operator sets that differ', () => {
    const graph = new GraphBuilder(18);
    assert.throws(
      () => graph.embed(affine(), { prefix: 'a/', inputs: {} }),
      /has an input x that nothing is known about/,
    );
    assert.throws(() => graph.embed(affine(), { prefix: 'b/', inputs: { x: 'x', z: 'x' } }), /no input named z/);
    assert.throws(() => graph.embed(affine(17), { prefix: 'c/', inputs: { x: 'x' } }), /operator set ai.onnx 17/);
    assert.throws(() => new GraphBuilder(9), /operator set 9/);
  });
});

describe('readModel', () => {
  it('keeps fields that it does not know', () => {
    const known = protobuf.Reader.create(writeModel(affine()));
    const model = modelType.encode(modelType.decode(known)).finish();
    // doc_string (6) of the model and metadata_props (14), as onnx.proto numbers them.
    const extra = protobuf.Writer.create()
      .uint32((6 << 3) | 2)
      .string('kept')
      .uint32((14 << 3) | 2)
      .bytes(Uint8Array.of(10, 1, 97))
      .finish();
    const read = readModel(Uint8Array.of(...model, ...extra), 'extended');
    assert.ok(Buffer.from(writeModel(read)).includes(Buffer.from(extra)));
  });

  it('writes what it read, weights unchanged', () => {
    const bytes = readFileSync(fixture('efficientdet-tiny.onnx'));
    const first = readModel(bytes, 'tiny');
    const again = readModel(writeModel(first), 'again');
    assert.deepEqual(
      again.graph.node.map(({ opType }) => opType),
      first.graph.node.map(({ opType }) => opType),
    );
    const weights = (model: Model) =>
      new GraphIndex(model.graph).constantValues('class_net.predict.conv_pw.weight').values;
    assert.deepEqual(weights(again), weights(first));
  });

  it('says that bytes are no model, never anything else', () => {
    assert.throws(
      () => readModel(Buffer.from('<html>404</html>'), 'page.onnx'),
      /page.onnx is not a readable ONNX model/,
    );
    assert.throws(() => readModel(new Uint8Array(), 'empty.onnx'), /empty.onnx is not a readable ONNX model/);
    const bytes = writeModel(affine());
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
        const damaged = cut ? bytes.slice(0, at) : bytes.with(at, value);
        try {
          readModel(damaged, 'damaged');
        } catch (error) {
          assert.ok(error instanceof ExpectedError, String(error));
        }
      }),
    );
  });
});

describe('tensor values', () => {
  it('by hand: half precision', () => {
    const cases: [number, number][] = [
      [0x3c00, 1],
      [0xc000, -2],
      [0x0001, 2 ** -24],
      [0x7bff, 65504],
      [0x3555, 0.333251953125],
      [0x7c00, Infinity],
    ];
    for (const [bits, value] of cases) assert.equal(halfToFloat(bits), value);
    assert.ok(Number.isNaN(halfToFloat(0x7e00)));
  });

  it('refuses a wrong number of values, other types, and weights in another file', () => {
    const tensor = { name: 'w', dims: [3], dataType: DataType.float32, rawData: new Uint8Array(8) };
    assert.throws(() => float32Values(tensor), /tensor w .* holds 2 values where its shape \[3\] asks for 3/);
    assert.throws(() => float32Values({ ...tensor, dataType: DataType.int64 }), /element type 7/);
    assert.throws(() => float32Values({ ...tensor, dataLocation: 1 }), /file of their own/);
  });
});
