import './noTelemetry.js';
import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { GraphIndex } from '../onnx/graphIndex.js';
import { readModel } from '../onnx/modelFile.js';
import { DataType, type Model, type ValueInfo } from '../onnx/schema.js';
import { toNumber } from '../onnx/tensors.js';
import { openSession } from './providers.js';

/** An input or output of an ONNX file. */
export interface TensorInfo {
  readonly name: string;
  /** See `DataType`; 0 where the file does not say. */
  readonly type: number;
  /** Sides; a name or nothing where the file leaves one open. */
  readonly shape: readonly (number | string | undefined)[];
}

/** What an ONNX file shows of itself. */
export interface ModelTensors {
  readonly model: Model;
  readonly index: GraphIndex;
  /** Those that are no weights. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** What the exporter wrote about the model. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly image: ImageInput | undefined;
}

/** The input that takes the picture. */
export interface ImageInput {
  readonly name: string;
  readonly layout: 'nchw' | 'nhwc';
  readonly type: 'float32' | 'float16' | 'uint8';
  readonly width: number | undefined;
  readonly height: number | undefined;
}

const IMAGE_TYPES: Readonly<Record<number, ImageInput['type']>> = {
  [DataType.float32]: 'float32',
  [DataType.float16]: 'float16',
  [DataType.uint8]: 'uint8',
};

/**
 * Reads what a file says of its inputs and outputs.
 * @throws ExpectedError `model` as readModel
 */
export function modelTensors(bytes: Uint8Array, source: string): ModelTensors {
  const model = readModel(bytes, source);
  const index = new GraphIndex(model.graph);
  const own = new Set(index.inputs);
  const inputs = model.graph.input.filter(({ name }) => own.has(name)).map(tensorInfo);
  const metadata = new Map((model.metadataProps ?? []).map(({ key = '', value = '' }) => [key, value]));
  return { model, index, inputs, outputs: model.graph.output.map(tensorInfo), metadata, image: imageOf(inputs) };
}

function tensorInfo({ name, type }: ValueInfo): TensorInfo {
  const { elemType = 0, shape } = type?.tensorType ?? {};
  const sides = (shape?.dim ?? []).map(({ dimValue, dimParam }) => {
    const value = dimValue === undefined ? 0 : toNumber(dimValue);
    // Exporters write 0 or −1 where they mean any.
    return value > 0 ? value : dimParam === undefined || dimParam === '' ? undefined : dimParam;
  });
  return { name, type: elemType, shape: sides };
}

/** The first input of four axes of which one is three long. */
function imageOf(inputs: readonly TensorInfo[]): ImageInput | undefined {
  for (const { name, type, shape } of inputs) {
    const element = IMAGE_TYPES[type];
    if (element === undefined || shape.length !== 4) continue;
    const side = (at: number): number | undefined => (typeof shape[at] === 'number' ? shape[at] : undefined);
    // An export with all sides open is the usual one: channels first.
    const last = shape[3] === 3 && shape[1] !== 3;
    if (!last && typeof shape[1] === 'number' && shape[1] !== 3) continue;
    return last
      ? { name, layout: 'nhwc', type: element, height: side(1), width: side(2) }
      : { name, layout: 'nchw', type: element, height: side(2), width: side(3) };
  }
  return undefined;
}

/**
 * The tensors with the sides that outputs have on a black picture of the given size, where the file leaves sides open.
 * @param others values of the inputs beside the picture
 * @returns the tensors as they are where nothing is open or the model cannot be run like that
 */
export async function withRunShapes(
  tensors: ModelTensors,
  bytes: Uint8Array,
  size: { readonly width: number; readonly height: number },
  others: Readonly<Record<string, Tensor>>,
): Promise<ModelTensors> {
  const { image } = tensors;
  const open = tensors.outputs.some(
    ({ shape }) => shape.length === 0 || shape.slice(1).some((side) => typeof side !== 'number'),
  );
  if (!open || image === undefined) return tensors;
  const { width, height } = size;
  const sides = image.layout === 'nchw' ? [1, 3, height, width] : [1, height, width, 3];
  const session = await openSession(bytes, 'cpu', 0);
  let run: InferenceSession.OnnxValueMapType;
  try {
    run = await session.run({ [image.name]: blank(image.type, sides), ...others });
  } catch {
    return tensors;
  } finally {
    await session.release();
  }
  const outputs = tensors.outputs.map((info) => {
    const { dims } = run[info.name];
    // What the file leaves open and comes out empty here depends on the picture.
    const shape = dims.map((side, i) => (side === 0 ? info.shape[i] : side));
    return { ...info, shape };
  });
  return { ...tensors, outputs };
}

function blank(type: ImageInput['type'], sides: readonly number[]): Tensor {
  const length = sides.reduce((product, side) => product * side, 1);
  if (type === 'uint8') return new Tensor('uint8', new Uint8Array(length), sides);
  if (type === 'float32') return new Tensor('float32', new Float32Array(length), sides);
  return new Tensor('float16', new Uint16Array(length), sides);
}

/** The name of an element type, for people. */
export function typeName(type: number): string {
  return Object.entries(DataType).find(([, value]) => value === type)?.[0] ?? (type === 0 ? 'untyped' : `type ${type}`);
}

/** `float32 [1, 3, 640, 640]`; `?` for a side that the file leaves open without a name. */
export function shapeText({ type, shape }: TensorInfo): string {
  return `${typeName(type)} [${shape.map((side) => side ?? '?').join(', ')}]`;
}
