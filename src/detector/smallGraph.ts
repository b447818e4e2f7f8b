import './noTelemetry.js';
import { Tensor } from 'onnxruntime-node';
import { openSession } from './providers.js';

/** A float32 tensor outside ONNX Runtime: row-major. */
export interface FloatTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A small ONNX graph with float32 inputs and one float32 output, run on one CPU thread. */
export interface SmallGraph {
  run(inputs: Readonly<Record<string, FloatTensor>>): Promise<FloatTensor>;
  close(): Promise<void>;
}

/**
 * Opens a graph for arithmetic beside the detector.
 * @param output name of the output that is wanted
 */
export async function openSmallGraph(graph: Uint8Array, output: string): Promise<SmallGraph> {
  const session = await openSession(graph, 'cpu', 1);
  return {
    run: async (inputs) => {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([name, { data, shape }]) => [name, new Tensor('float32', data, shape)]),
      );
      const tensor = (await session.run(feeds))[output];
      if (!(tensor?.data instanceof Float32Array)) throw new TypeError(`output ${output} is not float32`);
      return { data: tensor.data, shape: tensor.dims };
    },
    close: () => session.release(),
  };
}
