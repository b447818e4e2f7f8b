import { createHash } from 'node:crypto';
import path from 'node:path';
import { writeOutput } from '../../src/files/atomicWrite.js';
import { Random } from '../scenes/random.js';
import { readModelFiles } from '../../src/detector/manifest.js';
import { readModel, writeModel } from '../../src/onnx/modelFile.js';
import { DataType } from '../../src/onnx/schema.js';
import { shapeOf } from '../../src/onnx/tensors.js';

const ELEMENT_BYTES: Readonly<Record<number, number>> = { [DataType.float32]: 4, [DataType.float16]: 2 };

/**
 * Writes a copy of a network in which every weight tensor of two or more dimensions has its values in random order: the same
 * architecture and the same distribution of weights, and nothing of what was learned (model randomisation, Adebayo et al. 2018).
 * @param folder made where it is not there
 * @returns path of the copy's manifest
 * @throws ExpectedError `model` as readModelFiles
 */
export async function writeShuffledModel(manifestPath: string, folder: string, seed: number): Promise<string> {
  const { manifest, bytes, modelPath } = await readModelFiles(manifestPath);
  const model = readModel(Uint8Array.from(bytes), modelPath);
  for (const tensor of model.graph.initializer) {
    const width = ELEMENT_BYTES[tensor.dataType ?? 0];
    if (width === undefined || !tensor.rawData?.length || shapeOf(tensor).length < 2) continue;
    tensor.rawData = shuffled(tensor.rawData, width, new Random(seed, tensor.name ?? ''));
  }
  const content = writeModel(model);
  const name = `${manifest.name}-shuffled`;
  const sha256 = createHash('sha256').update(content).digest('hex');
  await writeOutput(path.join(folder, `${name}.onnx`), content);
  const file = path.join(folder, `${name}.json`);
  await writeOutput(file, JSON.stringify({ ...manifest, training: undefined, name, file: `${name}.onnx`, sha256 }));
  return file;
}

/** Fisher and Yates's shuffle of elements of `width` bytes. */
function shuffled(bytes: Uint8Array, width: number, random: Random): Uint8Array {
  const result = Uint8Array.from(bytes);
  const swap = (a: number, b: number): void => {
    for (let k = 0; k < width; k++)
      [result[a * width + k], result[b * width + k]] = [result[b * width + k], result[a * width + k]];
  };
  for (let i = result.length / width - 1; i > 0; i--) swap(i, random.integer(0, i));
  return result;
}
