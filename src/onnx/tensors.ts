import { ExpectedError } from '../errors.js';
import { DataType, type Int64, type Tensor } from './schema.js';

const EXTERNAL = 1;

/** A 64-bit field as a JavaScript number (exact up to 2⁵³). */
export function toNumber(value: Int64): number {
  return typeof value === 'number' ? value : value.toNumber();
}

/** The tensor's shape; `[]` is a scalar. */
export function shapeOf(tensor: Tensor): number[] {
  return tensor.dims.map(toNumber);
}

function bytesOf(values: Float32Array | BigInt64Array | Uint8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function checkLength(length: number, shape: readonly number[]): void {
  const expected = shape.reduce((product, side) => product * side, 1);
  if (length !== expected) throw new RangeError(`${length} values do not fill the shape [${shape.join(', ')}]`);
}

/** A float32 tensor of the given shape, values in row-major order. */
export function float32Tensor(values: ArrayLike<number>, shape: readonly number[]): Tensor {
  checkLength(values.length, shape);
  return { dims: [...shape], dataType: DataType.float32, rawData: bytesOf(Float32Array.from(values)) };
}

/** An int64 tensor; `shape` is a vector of all values unless told otherwise. */
export function int64Tensor(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  checkLength(values.length, shape);
  return { dims: [...shape], dataType: DataType.int64, rawData: bytesOf(BigInt64Array.from(values, BigInt)) };
}

/**
 * A tensor's values as float32, row-major, from float32, float16 or double storage, raw or typed.
 * @throws ExpectedError `model` for other element types, weights in a file of their own, or a wrong number of bytes
 */
export function float32Values(tensor: Tensor): Float32Array {
  const name = tensor.name ?? '(unnamed)';
  if (tensor.dataLocation === EXTERNAL)
    throw new ExpectedError(
      'model',
      `the weights of ${name} lie in a file of their own`,
      'save the model as one file: onnx.save_model(onnx.load(path), path, save_as_external_data=False)',
    );
  const values = decode(tensor);
  const expected = shapeOf(tensor).reduce((product, side) => product * side, 1);
  if (values?.length !== expected)
    throw new ExpectedError(
      'model',
      `tensor ${name} (element type ${tensor.dataType}) holds ${values?.length ?? 'unreadable'} values where its shape [${shapeOf(tensor).join(', ')}] asks for ${expected}`,
      'export the model again with float32 or float16 weights',
    );
  return values;
}

function decode(tensor: Tensor): Float32Array | undefined {
  const raw = tensor.rawData?.length ? tensor.rawData : undefined;
  const view = raw && new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  switch (tensor.dataType) {
    case DataType.float32:
      if (!view) return Float32Array.from(tensor.floatData ?? []);
      return Float32Array.from({ length: view.byteLength >> 2 }, (_, i) => view.getFloat32(4 * i, true));
    case DataType.float16:
      if (!view) return Float32Array.from(tensor.int32Data ?? [], halfToFloat);
      return Float32Array.from({ length: view.byteLength >> 1 }, (_, i) => halfToFloat(view.getUint16(2 * i, true)));
    case DataType.double:
      return view && Float32Array.from({ length: view.byteLength >> 3 }, (_, i) => view.getFloat64(8 * i, true));
    default:
      return undefined;
  }
}

/** IEEE 754 binary16, given as its 16 bits, as a number. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Values of a tensor of int64 or int32, raw or typed; undefined for other element types. */
export function integerValues(tensor: Tensor): number[] | undefined {
  const raw = tensor.rawData?.length ? tensor.rawData : undefined;
  const view = raw && new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  switch (tensor.dataType) {
    case DataType.int64:
      if (!view) return (tensor.int64Data ?? []).map(toNumber);
      return Array.from({ length: view.byteLength >> 3 }, (_, i) => Number(view.getBigInt64(8 * i, true)));
    case DataType.int32:
      if (!view) return [...(tensor.int32Data ?? [])];
      return Array.from({ length: view.byteLength >> 2 }, (_, i) => view.getInt32(4 * i, true));
    default:
      return undefined;
  }
}
