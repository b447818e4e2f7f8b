import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Model } from '../../src/onnx/schema.js';
import { int64Tensor } from '../../src/onnx/tensors.js';
import { readModel, writeModel } from '../../src/onnx/modelFile.js';
import { fixture } from './reference.js';

/** The fields of a manifest that the variants change. */
export interface ManifestFields {
  input: { name: string; width: number; height: number };
  outputs: { classLogits: string[]; boxRegression: string[]; headFeatures?: string[] };
}

/** Writes a changed copy of the tiny fixture model and its manifest; returns the manifest's path. */
export async function modelVariant(
  folder: string,
  change: (model: Model, manifest: ManifestFields) => void,
): Promise<string> {
  const source = fixture('efficientdet-tiny.json');
  const manifest = JSON.parse(await readFile(source, 'utf8')) as ManifestFields & { file: string; sha256: string };
  const model = readModel(await readFile(path.join(path.dirname(source), manifest.file)), manifest.file);
  change(model, manifest);
  const bytes = writeModel(model);
  manifest.file = 'variant.onnx';
  manifest.sha256 = createHash('sha256').update(bytes).digest('hex');
  await writeFile(path.join(folder, manifest.file), bytes);
  const file = path.join(folder, 'variant.json');
  await writeFile(file, JSON.stringify(manifest));
  return file;
}

/** Leaves all shapes open, as some exporters do. */
export function openShapes({ graph }: Model): void {
  graph.valueInfo = [];
  for (const { type } of [...graph.input, ...graph.output]) delete type?.tensorType?.shape;
}

/** Puts a node before `output` that fails when it runs, and only then. */
export function failWhenRun({ graph }: Model, output: string): void {
  for (const node of graph.node) node.output = node.output.map((name) => (name === output ? 'inner' : name));
  const node = (opType: string, input: string[], made: string): void =>
    void graph.node.push({ opType, name: `${opType} that fails`, input, output: [made], attribute: [] });
  graph.initializer.push({ ...int64Tensor([1]), name: 'from' }, { ...int64Tensor([2]), name: 'to' });
  node('Shape', ['inner'], 'sides');
  node('Slice', ['sides', 'from', 'to'], 'channels');
  node('Gather', ['inner', 'channels'], output); // the picture with the number of the channels: there is only one
}
