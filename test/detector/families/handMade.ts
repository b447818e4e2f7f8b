import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { GraphBuilder } from '../../../src/onnx/graphBuilder.js';
import { writeModel } from '../../../src/onnx/modelFile.js';
import { DataType } from '../../../src/onnx/schema.js';

/** An output that is always the same. */
export interface FixedOutput {
  readonly shape: readonly number[];
  /** Row-major; the rest is 0. */
  readonly values: Readonly<Record<number, number>> | readonly number[];
  readonly type?: number;
  /** Sides that the file leaves open. */
  readonly open?: readonly number[];
}

export interface HandMade {
  readonly outputs: Readonly<Record<string, FixedOutput>>;
  /** Of the picture, square. */
  readonly side?: number;
  readonly layout?: 'nchw' | 'nhwc';
  readonly type?: number;
  /** Whether the file leaves the input's sides open. */
  readonly dynamic?: boolean;
  /** Further inputs, which are not used. */
  readonly beside?: Readonly<Record<string, { readonly type: number; readonly shape: readonly number[] }>>;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Row-major position in a tensor. */
export function at(shape: readonly number[], ...index: readonly number[]): number {
  return index.reduce((sum, i, axis) => sum * (shape[axis] ?? 1) + i, 0);
}

/** An ONNX file with the outputs of a head, whatever the picture: what a network says of one picture, written down by hand. */
export function handMade(spec: HandMade): Uint8Array {
  const { outputs, side = 64, layout = 'nchw', type = DataType.float32, beside = {}, metadata = {} } = spec;
  const graph = new GraphBuilder(13);
  const sides = spec.dynamic ? ['h', 'w'] : [side, side];
  const image = graph.input('images', type, layout === 'nchw' ? [1, 3, ...sides] : [1, ...sides, 3]);
  const numbers = graph.node('Cast', [image], { to: DataType.float32 });
  for (const [name, { type: other, shape }] of Object.entries(beside)) graph.input(name, other, shape);
  const nothing = graph.node('Mul', [
    graph.node('ReduceMax', [numbers], { axes: [0, 1, 2, 3], keepdims: 0 }),
    graph.floats('zero', [0], []),
  ]);
  for (const [name, { shape, values, type: element = DataType.float32, open = [] }] of Object.entries(outputs)) {
    const length = shape.reduce((product, value) => product * value, 1);
    const filled = new Float32Array(length);
    if (values instanceof Array) filled.set(values);
    else for (const [i, value] of Object.entries(values)) filled[Number(i)] = value;
    const tensor = graph.node('Add', [graph.floats('values', filled, shape), nothing]);
    const typed = element === DataType.float32 ? tensor : graph.node('Cast', [tensor], { to: element });
    graph.output(
      typed,
      name,
      element,
      shape.map((value, i) => (open.includes(i) ? `open_${name}_${i}` : value)),
    );
  }
  const model = graph.build();
  model.metadataProps = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  return writeModel(model);
}

/** A folder with the file in it; the path of the file. */
export async function saved(bytes: Uint8Array, name = 'network.onnx'): Promise<string> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'msal-family-')), name);
  await writeFile(file, bytes);
  return file;
}
