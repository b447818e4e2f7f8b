import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ExpectedError } from '../../../src/errors.js';
import { RULES } from '../../../src/onnx/gradient/rules.js';
import type { GraphBuilder } from '../../../src/onnx/graphBuilder.js';
import { array, gradientsOf, openForward, type Array32, type SmallCase } from './smallGraphs.js';

type Values = Parameters<GraphBuilder['node']>[2];
interface RuleCase {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly build: SmallCase['build'];
  readonly opset?: number;
  /** What the inputs are drawn from; by default [−2, 2]. */
  readonly from?: readonly [number, number];
}

const X = { x: [1, 4, 6, 5] } as const;
const one = (opType: string, values: Values = {}, from?: readonly [number, number], opset?: number): RuleCase => ({
  inputs: { x: [2, 3, 4] },
  build: (graph) => graph.node(opType, ['x'], values),
  ...(from && { from }),
  ...(opset && { opset }),
});
const two = (opType: string, from?: readonly [number, number]): RuleCase => ({
  inputs: { a: [2, 3, 4], b: [3, 1] },
  build: (graph) => graph.node(opType, ['a', 'b']),
  ...(from && { from }),
});
/** Weights that are the same each time. */
function weights(graph: GraphBuilder, dims: readonly number[]): string {
  const size = dims.reduce((a, b) => a * b, 1);
  return graph.floats(
    'weights',
    Float32Array.from({ length: size }, (_, i) => Math.sin(2.3 * i + 1)),
    dims,
  );
}
const windowed = (opType: string, dims: readonly number[], values: Values, kernel?: readonly number[]): RuleCase => ({
  inputs: { x: dims },
  build: (graph) => graph.node(opType, kernel ? ['x', weights(graph, kernel)] : ['x'], values),
});
const resized = (values: Values, sizes: readonly number[], dims: readonly number[] = [1, 2, 4, 3]): RuleCase => ({
  inputs: { x: dims },
  build: (graph) => graph.node('Resize', ['x', '', '', graph.integers('sizes', sizes)], values),
});
const withIntegers = (
  opType: string,
  dims: readonly number[],
  integers: readonly (readonly number[])[],
  values: Values = {},
): RuleCase => ({
  inputs: { x: dims },
  build: (graph) => graph.node(opType, ['x', ...integers.map((list) => graph.integers('list', list))], values),
});

/** Operator (and what about it) → graphs whose finite differences are taken. */
const cases: Readonly<Record<string, RuleCase>> = {
  Identity: one('Identity'),
  Dropout: one('Dropout'),
  Cast: one('Cast', { to: 1 }),
  Neg: one('Neg'),
  Abs: one('Abs', {}, [0.1, 2]),
  Exp: one('Exp'),
  Log: one('Log', {}, [0.5, 3]),
  Sqrt: one('Sqrt', {}, [0.5, 3]),
  Reciprocal: one('Reciprocal', {}, [0.5, 3]),
  Sin: one('Sin'),
  Cos: one('Cos'),
  Tanh: one('Tanh'),
  Erf: one('Erf'),
  Sigmoid: one('Sigmoid'),
  Swish: { ...one('Swish'), opset: 24, build: (graph) => graph.node('Swish', ['x'], { alpha: { float: 1.3 } }) },
  Softplus: one('Softplus'),
  Mish: one('Mish'),
  Relu: one('Relu', {}, [0.1, 2]),
  'Relu below': one('Relu', {}, [-2, -0.1]),
  LeakyRelu: one('LeakyRelu', { alpha: { float: 0.1 } }, [-2, -0.1]),
  Elu: one('Elu', { alpha: { float: 1.5 } }, [-2, -0.1]),
  HardSigmoid: one('HardSigmoid', { alpha: { float: 0.2 } }, [-2, 2]),
  HardSwish: one('HardSwish', {}, [-2.9, 2.9]),
  'HardSwish above': one('HardSwish', {}, [3.1, 5]),
  Gelu: one('Gelu', {}, [-2, 2], 20),
  'Gelu by tanh': one('Gelu', { approximate: 'tanh' }, [-2, 2], 20),
  PRelu: {
    inputs: { x: [2, 3, 4] },
    build: (graph) => graph.node('PRelu', ['x', weights(graph, [3, 1])]),
    from: [-2, -0.1],
  },
  Clip: {
    inputs: { x: [2, 3, 4] },
    build: (graph) => graph.node('Clip', ['x', graph.floats('low', [-9], []), graph.floats('high', [9], [])]),
  },
  Pow: {
    inputs: { x: [2, 3] },
    build: (graph) => graph.node('Pow', ['x', graph.floats('p', [1.7], [])]),
    from: [0.5, 2],
  },
  Where: {
    inputs: { a: [2, 3], b: [1, 3] },
    build: (graph) =>
      graph.node('Where', [graph.node('Less', [weights(graph, [2, 3]), graph.floats('zero', [0], [])]), 'a', 'b']),
  },
  Min: {
    ...two('Min'),
    build: (graph) => graph.node('Min', ['a', graph.node('Add', ['b', graph.floats('far', [9], [])])]),
  },
  Max: {
    ...two('Max'),
    build: (graph) => graph.node('Max', ['a', graph.node('Add', ['b', graph.floats('far', [9], [])])]),
  },
  Sum: two('Sum'),
  Mean: two('Mean'),
  Add: two('Add'),
  Sub: two('Sub'),
  Mul: two('Mul'),
  Div: two('Div', [0.5, 2]),
  Conv: windowed('Conv', [1, 4, 6, 5], { pads: [1, 1, 1, 1] }, [3, 4, 3, 3]),
  'Conv by groups with steps': windowed(
    'Conv',
    [2, 4, 7, 6],
    { strides: [2, 2], pads: [1, 0, 1, 2], group: 2 },
    [6, 2, 3, 3],
  ),
  'Conv dilated': windowed('Conv', [1, 2, 9, 8], { dilations: [2, 2], pads: [2, 2, 2, 2] }, [3, 2, 3, 3]),
  'Conv depthwise, padding of its own': windowed(
    'Conv',
    [1, 4, 7, 8],
    { strides: [2, 2], auto_pad: 'SAME_UPPER', group: 4 },
    [4, 1, 3, 3],
  ),
  'Conv padded beyond its reach': windowed('Conv', [1, 2, 4, 4], { pads: [2, 2, 2, 2] }, [2, 2, 1, 1]),
  'Conv over one axis': windowed('Conv', [1, 2, 9], { pads: [1, 1] }, [3, 2, 3]),
  ConvTranspose: windowed(
    'ConvTranspose',
    [1, 4, 4, 3],
    { strides: [2, 2], pads: [1, 1, 0, 0], output_padding: [1, 0], group: 2 },
    [4, 3, 3, 3],
  ),
  MatMul: { inputs: { a: [2, 3, 4], b: [4, 5] }, build: (graph) => graph.node('MatMul', ['a', 'b']) },
  Gemm: {
    inputs: { a: [3, 2], b: [4, 3], c: [4] },
    build: (graph) =>
      graph.node('Gemm', ['a', 'b', 'c'], { transA: 1, transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } }),
  },
  'Gemm as it comes': { inputs: { a: [2, 3], b: [3, 4] }, build: (graph) => graph.node('Gemm', ['a', 'b']) },
  BatchNormalization: {
    inputs: X,
    build: (graph) =>
      graph.node('BatchNormalization', [
        'x',
        weights(graph, [4]),
        weights(graph, [4]),
        weights(graph, [4]),
        graph.floats('variance', [0.5, 1, 2, 3], [4]),
      ]),
  },
  LayerNormalization: {
    inputs: { x: [2, 3, 5] },
    build: (graph) =>
      graph.node('LayerNormalization', ['x', weights(graph, [3, 5]), weights(graph, [3, 5])], { axis: 1 }),
  },
  InstanceNormalization: {
    inputs: X,
    build: (graph) => graph.node('InstanceNormalization', ['x', weights(graph, [4]), weights(graph, [4])]),
  },
  Softmax: one('Softmax', { axis: 1 }),
  'Softmax of old': one('Softmax', { axis: 1 }, [-2, 2], 12),
  LogSoftmax: one('LogSoftmax', { axis: -1 }),
  'MaxPool overlapping': windowed('MaxPool', [1, 2, 6, 5], {
    kernel_shape: [3, 3],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
  }),
  'MaxPool overlapping, of old': {
    ...windowed('MaxPool', [2, 3, 7, 5], { kernel_shape: [3, 3], strides: [2, 1], pads: [1, 1, 1, 1] }),
    opset: 13,
  },
  MaxPool: windowed('MaxPool', [2, 2, 6, 4], { kernel_shape: [2, 2], strides: [2, 2] }),
  AveragePool: windowed('AveragePool', [1, 3, 6, 5], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  'AveragePool counting padding': windowed('AveragePool', [1, 3, 6, 5], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    count_include_pad: 1,
  }),
  GlobalAveragePool: { inputs: X, build: (graph) => graph.node('GlobalAveragePool', ['x']) },
  ReduceSum: withIntegers('ReduceSum', [2, 3, 4], [[-1]], { keepdims: 0 }),
  ReduceMean: withIntegers('ReduceMean', [2, 3, 4], [[0, 2]]),
  ReduceMax: withIntegers('ReduceMax', [2, 3, 4], [[1]], { keepdims: 0 }),
  ReduceMin: withIntegers('ReduceMin', [2, 3, 4], [[1]]),
  ReduceL2: withIntegers('ReduceL2', [2, 3, 4], [[1]]),
  ReduceL1: { ...withIntegers('ReduceL1', [2, 3, 4], [[1]]), from: [0.1, 2] },
  ReduceSumSquare: withIntegers('ReduceSumSquare', [2, 3, 4], [[1]]),
  ReduceLogSumExp: withIntegers('ReduceLogSumExp', [2, 3, 4], [[1]]),
  Reshape: withIntegers('Reshape', [2, 3, 4], [[4, -1]]),
  Flatten: one('Flatten', { axis: 2 }),
  Squeeze: withIntegers('Squeeze', [2, 1, 4], [[1]]),
  Unsqueeze: withIntegers('Unsqueeze', [2, 4], [[0, 2]]),
  Transpose: one('Transpose', { perm: [2, 0, 1] }),
  Concat: { inputs: { a: [2, 3], b: [2, 2] }, build: (graph) => graph.node('Concat', ['a', 'b', 'a'], { axis: -1 }) },
  Split: {
    inputs: { x: [2, 6] },
    build: (graph) => graph.nodes('Split', ['x', graph.integers('sizes', [1, 2, 3])], { axis: 1 }, 3)[1],
  },
  Slice: withIntegers(
    'Slice',
    [3, 6, 5],
    [
      [1, -4],
      [3, -1],
      [0, 2],
    ],
  ),
  'Slice with steps': withIntegers(
    'Slice',
    [2, 6, 5],
    [
      [1, -1],
      [6, -9],
      [1, 2],
      [2, -2],
    ],
  ),
  Pad: withIntegers('Pad', [2, 3], [[0, 1, 1, 2]]),
  Gather: withIntegers('Gather', [2, 5, 3], [[4, 0, -1]], { axis: 1 }),
  'Gather of one': {
    inputs: { x: [2, 5, 3] },
    build: (graph) => graph.node('Gather', ['x', graph.integers('i', [2], [])], { axis: 1 }),
  },
  GatherElements: {
    inputs: { x: [3, 4] },
    build: (graph) =>
      graph.node('GatherElements', ['x', graph.integers('i', [0, 1, 2, 2, 1, 0, 0, 0], [2, 4])], { axis: 0 }),
  },
  GatherND: {
    inputs: { x: [3, 4, 2] },
    build: (graph) => graph.node('GatherND', ['x', graph.integers('i', [0, 1, 2, 3, 0, 1], [3, 2])]),
  },
  Expand: withIntegers('Expand', [3, 1], [[2, 3, 4]]),
  Tile: withIntegers('Tile', [2, 3], [[2, 3]]),
  TopK: {
    inputs: { x: [2, 7] },
    build: (graph) => graph.nodes('TopK', ['x', graph.integers('k', [3])], { axis: 1 }, 2)[0],
  },
  DepthToSpace: windowed('DepthToSpace', [1, 8, 2, 3], { blocksize: 2 }),
  'DepthToSpace the other way': windowed('DepthToSpace', [1, 8, 2, 3], { blocksize: 2, mode: 'CRD' }),
  SpaceToDepth: windowed('SpaceToDepth', [1, 2, 4, 6], { blocksize: 2 }),
  'Resize, nearest, twice': resized(
    { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    [1, 2, 8, 6],
  ),
  'Resize, nearest, odd': resized({ mode: 'nearest' }, [1, 2, 7, 2]),
  Resize: resized({ mode: 'linear' }, [1, 2, 7, 5]),
  'Resize, corners': resized({ mode: 'linear', coordinate_transformation_mode: 'align_corners' }, [1, 2, 7, 2]),
  'Resize, cubic': resized({ mode: 'cubic', coordinate_transformation_mode: 'pytorch_half_pixel' }, [1, 2, 8, 6]),
  GridSample: {
    inputs: { x: [2, 3, 5, 4], grid: [2, 2, 3, 2] },
    build: (graph) => graph.node('GridSample', ['x', 'grid']),
    from: [-1.2, 1.2],
  },
  'GridSample, corners': {
    inputs: { x: [1, 3, 5, 4], grid: [1, 2, 3, 2] },
    build: (graph) => graph.node('GridSample', ['x', 'grid'], { align_corners: 1 }),
    from: [-0.9, 0.9],
  },
};
/** Followed by another rule of the same function, or nothing to test alone. */
const ELSEWHERE = new Set(['Upsample']);

const STEP = 8e-3;
const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);
const moved = (by: number, values: Array32, direction: Float32Array): Array32 =>
  array(
    values.dims,
    values.data.map((value, i) => value + by * direction[i]),
  );

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

describe('gradients of operators', function () {
  this.timeout(60_000);

  for (const [name, { inputs, build, opset, from = [-2, 2] }] of Object.entries(cases)) {
    it(`${name}: the slope in any direction is the finite difference`, async () => {
      const small = (drawn: Record<string, Array32>): SmallCase => ({ inputs: drawn, build, ...(opset && { opset }) });
      const draw = (seed: number): Record<string, Array32> => {
        const next = generator(seed);
        return Object.fromEntries(
          Object.entries(inputs).map(([input, dims]) => {
            const size = dims.reduce((a, b) => a * b, 1);
            return [
              input,
              array(
                dims,
                Array.from({ length: size }, () => from[0] + (from[1] - from[0]) * next()),
              ),
            ];
          }),
        );
      };
      const forward = await openForward(small(draw(1)));
      let compared = 0;
      let kinks = 0;
      const property = fc.asyncProperty(fc.nat(), async (seed) => {
        const drawn = draw(seed);
        const size = (await forward(drawn)).length;
        const targets = [seed % size, (seed * 7 + 3) % size];
        const gradients = await gradientsOf(small(drawn), targets);
        for (const [input, values] of Object.entries(drawn)) {
          const next = generator(seed + 1);
          const direction = values.data.map(() => 2 * next() - 1);
          const difference = async (step: number): Promise<number[]> => {
            const ahead = await forward({ ...drawn, [input]: moved(step, values, direction) });
            const behind = await forward({ ...drawn, [input]: moved(-step, values, direction) });
            return targets.map((place) => (ahead[place] - behind[place]) / (2 * step));
          };
          const [wide, narrow] = [await difference(STEP), await difference(STEP / 2)];
          targets.forEach((_, k) => {
            // A kink (a tie, a pixel's edge) lies between: there is no slope to compare with.
            if (Math.abs(wide[k] - narrow[k]) > 2e-3 * (1 + Math.abs(narrow[k]))) {
              kinks++;
              return;
            }
            compared++;
            const slope = dot(gradients[k][input], direction);
            assert.ok(
              Math.abs(slope - narrow[k]) <= 4e-3 * (1 + Math.abs(slope)),
              `${input}: ${String(slope)} instead of ${String(narrow[k])}`,
            );
          });
        }
      });
      await fc.assert(property, { numRuns: 4, endOnFailure: true });
      assert.ok(compared > 2 * kinks, `${String(kinks)} of ${String(kinks + compared)} lay at kinks`);
    });
  }

  it('are tested for every rule', () => {
    const tested = new Set(Object.keys(cases).map((name) => name.split(/[ ,]/, 1)[0]));
    assert.deepEqual(
      [...RULES.keys()].filter((name) => !tested.has(name) && !ELSEWHERE.has(name)),
      [],
    );
  });
});

describe('gradients, by hand', () => {
  it('of a product and a sum that share an input', async () => {
    // y = x₀·x₁ + x₀ with x = (2, 3): ∂/∂x₀ = 4, ∂/∂x₁ = 2.
    const small: SmallCase = {
      inputs: { a: array([1], [2]), b: array([1], [3]) },
      build: (graph) => graph.node('Add', [graph.node('Mul', ['a', 'b']), 'a']),
    };
    const [gradients] = await gradientsOf(small, [0]);
    assert.deepEqual([[...gradients['a']], [...gradients['b']]], [[4], [2]]);
  });

  it('of a convolution: each value sees the kernel turned round', async () => {
    // y₁ = 1·x₀ + 2·x₁ + 3·x₂ of [x₀, x₁, x₂].
    const small: SmallCase = {
      inputs: { x: array([1, 1, 3], [5, 5, 5]) },
      build: (graph) => graph.node('Conv', ['x', graph.floats('w', [1, 2, 3], [1, 1, 3])], { pads: [1, 1] }),
    };
    const [middle, first] = await gradientsOf(small, [1, 0]);
    assert.deepEqual([...middle['x']], [1, 2, 3]);
    assert.deepEqual([...first['x']], [2, 3, 0]);
  });

  it('of the largest of overlapping windows: one place is counted twice', async () => {
    // Windows (1, 9), (9, 2): both maxima are x₁.
    const small: SmallCase = {
      inputs: { x: array([1, 1, 3], [1, 9, 2]) },
      build: (graph) =>
        graph.node('ReduceSum', [graph.node('MaxPool', ['x'], { kernel_shape: [2] }), graph.integers('axes', [2])]),
    };
    const [gradients] = await gradientsOf(small, [0]);
    assert.deepEqual([...gradients['x']], [0, 2, 0]);
  });

  it('names the operator that it cannot pass and how far it came', async () => {
    const small: SmallCase = {
      inputs: { x: array([1, 3], [1, 2, 3]) },
      build: (graph) => graph.node('Mul', [graph.node('CumSum', ['x', graph.integers('axis', [1], [])]), 'x']),
    };
    await assert.rejects(gradientsOf(small, [0]), (error) => {
      assert.ok(error instanceof ExpectedError);
      assert.match(error.message, /cannot pass the operator CumSum .*reach is CumSum/);
      return true;
    });
  });
});
