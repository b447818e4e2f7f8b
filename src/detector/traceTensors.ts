import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { constantFact, type TensorFact, type TensorFacts } from '../onnx/gradient/backward.js';
import { writeModel } from '../onnx/modelFile.js';
import type { Model } from '../onnx/schema.js';
import { openSession } from './providers.js';

/** Tensors fetched in one run: all of a network's at once would be most of a gigabyte. */
const PER_RUN = 100;
/** Longer tensors of whole numbers are data, not shapes or axes. */
const MAX_INTEGERS = 4096;

/**
 * Shape and kind of every tensor of a model, and the values of whole numbers that do not depend on the picture: what differentiating the graph
 * has to know. ONNX Runtime's shape inference tells most of it; the model runs once for the rest.
 * @param feeds of every input, batch 1
 * @throws ExpectedError `model` where ONNX Runtime cannot run it
 */
export async function traceTensors(model: Model, feeds: InferenceSession.FeedsType): Promise<TensorFacts> {
  const { graph } = model;
  const names = [...new Set(graph.node.flatMap(({ output }) => output))].filter((name) => name !== '');
  const sized = withInputShapes(model, feeds);
  const traced: Model = { ...sized, graph: { ...sized.graph, output: names.map((name) => ({ name })) } };
  const session = await openSession(writeModel(traced), 'cpu', 0);
  const facts = new Map<string, TensorFact>();
  const fromPicture = pictureDependent(model, new Set(Object.keys(feeds)));
  const note = (name: string, tensor: Tensor): void => {
    const integers = fromPicture.has(name) ? undefined : wholeNumbers(tensor);
    facts.set(name, { dims: tensor.dims, float: tensor.type === 'float32', ...(integers && { integers }) });
  };
  try {
    for (const [name, tensor] of Object.entries(feeds)) if (tensor instanceof Tensor) note(name, tensor);
    const open: string[] = [];
    for (const info of session.outputMetadata) {
      const dims = info.isTensor ? info.shape.filter((side) => typeof side === 'number') : [];
      const whole = info.isTensor && ['int64', 'int32'].includes(info.type) && !fromPicture.has(info.name);
      // An empty shape is a scalar or unknown.
      if (!info.isTensor || dims.length === 0 || dims.length < info.shape.length || whole) open.push(info.name);
      else facts.set(info.name, { dims, float: info.type === 'float32' });
    }
    for (let start = 0; start < open.length; start += PER_RUN) {
      const results = await session.run(feeds, open.slice(start, start + PER_RUN));
      for (const [name, tensor] of Object.entries(results)) if (tensor instanceof Tensor) note(name, tensor);
    }
  } finally {
    await session.release();
  }
  for (const tensor of graph.initializer) facts.set(tensor.name ?? '', constantFact(tensor));
  return facts;
}

/** The model with its inputs as large as they will be, so that shapes can be inferred from them. */
function withInputShapes(model: Model, feeds: InferenceSession.FeedsType): Model {
  const input = model.graph.input.map((info) => {
    const tensor = feeds[info.name];
    const elemType = info.type?.tensorType?.elemType;
    if (!(tensor instanceof Tensor) || elemType === undefined) return info;
    const dim = tensor.dims.map((dimValue) => ({ dimValue }));
    return { ...info, type: { tensorType: { elemType, shape: { dim } } } };
  });
  // What the file says of shapes in between was true of another batch or size.
  return { ...model, graph: { ...model.graph, input, valueInfo: [] } };
}

function wholeNumbers({ data }: Tensor): number[] | undefined {
  const whole = data instanceof BigInt64Array || data instanceof Int32Array;
  return whole && data.length <= MAX_INTEGERS ? Array.from(data, Number) : undefined;
}

/** Tensors whose values depend on the picture's; its shape is known. */
function pictureDependent({ graph }: Model, inputs: ReadonlySet<string>): Set<string> {
  const found = new Set(inputs);
  for (const { opType, input, output } of graph.node) {
    if (opType === 'Shape' || opType === 'Size') continue;
    if (input.some((name) => found.has(name))) for (const name of output) found.add(name);
  }
  return found;
}
