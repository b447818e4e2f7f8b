import { Tensor } from 'onnxruntime-node';
import { openSession } from '../../../src/detector/providers.js';
import { traceTensors } from '../../../src/detector/traceTensors.js';
import { gradientModel, gradientNames } from '../../../src/onnx/gradient/gradientModel.js';
import { GraphBuilder } from '../../../src/onnx/graphBuilder.js';
import { writeModel } from '../../../src/onnx/modelFile.js';
import { DataType, type Model } from '../../../src/onnx/schema.js';

export interface Array32 {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Inputs by name, and a graph that computes from them. */
export interface SmallCase {
  readonly inputs: Readonly<Record<string, Array32>>;
  readonly build: (graph: GraphBuilder) => string;
  readonly opset?: number;
}

export function array(dims: readonly number[], values: ArrayLike<number>): Array32 {
  return { dims, data: Float32Array.from(values) };
}

/** A model whose output is called y. */
export function smallModel({ inputs, build, opset = 18 }: SmallCase): Model {
  const graph = new GraphBuilder(opset);
  for (const [name, { dims }] of Object.entries(inputs)) graph.input(name, DataType.float32, dims);
  graph.output(build(graph), 'y', DataType.float32, []);
  const model = graph.build();
  return { ...model, graph: { ...model.graph, output: [{ name: 'y' }] } };
}

function feedsOf(inputs: SmallCase['inputs']): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { dims, data }]) => [name, new Tensor('float32', data, [...dims])]),
  );
}

/** Values of y, in double precision only as far as float32 goes. */
export async function openForward(small: SmallCase): Promise<(inputs: SmallCase['inputs']) => Promise<Float32Array>> {
  const session = await openSession(writeModel(smallModel(small)), 'cpu', 1);
  return async (inputs) => {
    const { y } = await session.run(feedsOf(inputs));
    return Float32Array.from(y.data as Float32Array);
  };
}

/** Gradients of chosen values of y at every input: `[target][input name]`. */
export async function gradientsOf(
  small: SmallCase,
  targets: readonly number[],
  at: readonly string[] = Object.keys(small.inputs),
): Promise<Record<string, Float32Array>[]> {
  const model = smallModel(small);
  const feeds = feedsOf(small.inputs);
  const differentiated = gradientModel(model, await traceTensors(model, feeds), { scores: 'y', at });
  const session = await openSession(writeModel(differentiated), 'cpu', 1);
  const results = await session.run({
    ...feeds,
    [gradientNames.targets]: new Tensor('int64', BigInt64Array.from(targets, BigInt), [targets.length]),
  });
  await session.release();
  return targets.map((_, k) =>
    Object.fromEntries(
      at.map((name, i) => {
        const gradient = results[gradientNames.gradient(i)];
        const size = small.inputs[name].data.length;
        return [name, Float32Array.from((gradient.data as Float32Array).subarray(k * size, (k + 1) * size))];
      }),
    ),
  );
}
