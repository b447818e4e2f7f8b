import protobuf from 'protobufjs';
import { ExpectedError, reasonOf } from '../errors.js';
import { modelType, type Model } from './schema.js';

/** Files above this are refused: EfficientDet-D7 has 0.2 GB, protobuf itself ends at 2 GB. */
export const MAX_MODEL_BYTES = 1 << 30;
const MAX_NODES = 100_000;

/**
 * Decodes an ONNX file held in memory. The tensors' bytes stay views of `bytes`.
 * Fields that schema.ts does not list are kept and written again by `writeModel`.
 * @param source how messages name the file
 * @throws ExpectedError `model` where the bytes are no ONNX model or exceed the bounds
 */
export function readModel(bytes: Uint8Array, source: string): Model {
  if (bytes.byteLength > MAX_MODEL_BYTES)
    throw new ExpectedError(
      'model',
      `${source} has ${bytes.byteLength} bytes, more than the ${MAX_MODEL_BYTES} that are accepted`,
      'export the model with float16 weights or use a smaller one',
    );
  let model: Model;
  try {
    const reader = protobuf.Reader.create(bytes);
    reader.discardUnknown = false;
    model = modelType.decode(reader) as unknown as Model;
  } catch (cause) {
    throw notAModel(source, reasonOf(cause), cause);
  }
  // Protobuf decodes nearly any bytes as something: ask for what no ONNX file lacks.
  if (!Object.hasOwn(model, 'graph') || model.opsetImport.length === 0 || model.graph.output.length === 0)
    throw notAModel(source, 'no graph, no operator set or no outputs in it');
  if (model.graph.node.length > MAX_NODES)
    throw new ExpectedError(
      'model',
      `${source} has ${model.graph.node.length} nodes, more than the ${MAX_NODES} that are accepted`,
      'simplify the model (for example with onnxsim) before using it',
    );
  return model;
}

function notAModel(source: string, reason: string, cause?: unknown): ExpectedError {
  return new ExpectedError(
    'model',
    `${source} is not a readable ONNX model: ${reason}`,
    'export or copy the file again; it may be cut off',
    { cause },
  );
}

/** Encodes a model as the content of an ONNX file. */
export function writeModel(model: Model): Uint8Array {
  return modelType.encode(model).finish();
}
