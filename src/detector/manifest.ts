import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { ExpectedError, reasonOf } from '../errors.js';
import { MAX_MODEL_BYTES } from '../onnx/modelFile.js';
import { manifestOfFile } from './draftManifest.js';
import { parseManifest, type FamilyName, type ManifestOf, type ModelManifest } from './manifestSchema.js';

export { parseManifest, type ModelManifest } from './manifestSchema.js';

const MAX_MANIFEST_BYTES = 1 << 20;

/** A manifest, where it was found, and the ONNX file that it describes. */
export interface ModelFiles {
  readonly manifest: ModelManifest;
  /** The ONNX file itself where it needed no manifest. */
  readonly manifestPath: string;
  readonly modelPath: string;
  /** Content of the ONNX file; its SHA-256 is the manifest's. */
  readonly bytes: Uint8Array;
}

/** The same of a network of one family. */
export type FilesOf<Name extends FamilyName> = ModelFiles & { readonly manifest: ManifestOf<Name> };

/**
 * @throws ExpectedError `model` for a network of another family
 */
export function efficientDetFiles(files: ModelFiles): FilesOf<'efficientdet'> {
  const { manifest } = files;
  if (manifest.family === 'efficientdet') return { ...files, manifest };
  throw new ExpectedError(
    'model',
    `${manifest.name} is of the family ${manifest.family}, where only EfficientDet will do`,
    'use one of the models in models/',
  );
}

/** Reads an ONNX file, within the bounds. */
export function readOnnxFile(modelPath: string): Promise<Uint8Array> {
  return readBounded(modelPath, MAX_MODEL_BYTES, 'ONNX file');
}

/**
 * Reads a manifest and the ONNX file beside it; or an ONNX file and the manifest of its name beside it; or an ONNX file alone, whose tensors tell what
 * a manifest would.
 * @throws ExpectedError `model` for an unreadable or invalid manifest, a file outside the manifest's folder, or a hash that differs
 */
export async function readModelFiles(file: string): Promise<ModelFiles> {
  const manifestPath = file.endsWith('.onnx') ? await manifestBeside(file) : file;
  if (manifestPath === undefined) {
    const bytes = await readOnnxFile(file);
    return { manifest: await manifestOfFile(bytes, file), manifestPath: file, modelPath: path.resolve(file), bytes };
  }
  const manifest = await readManifest(manifestPath);
  const folder = path.resolve(path.dirname(manifestPath));
  const modelPath = path.resolve(folder, manifest.file);
  if (!modelPath.startsWith(folder + path.sep))
    throw new ExpectedError(
      'model',
      `the manifest ${manifestPath} points outside its folder: ${manifest.file}`,
      'put the ONNX file beside its manifest',
    );
  const bytes = await readBounded(modelPath, MAX_MODEL_BYTES, 'ONNX file');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== manifest.sha256)
    throw new ExpectedError(
      'model',
      `${modelPath} is not the file that ${manifestPath} describes: SHA-256 ${sha256}, expected ${manifest.sha256}`,
      'copy both files again from the same place',
    );
  return { manifest, manifestPath, modelPath, bytes };
}

/** The manifest that has an ONNX file's name. */
async function manifestBeside(modelPath: string): Promise<string | undefined> {
  const stem = modelPath.slice(0, -'.onnx'.length);
  for (const candidate of ['.yaml', '.yml', '.json'].map((ending) => stem + ending)) {
    const found = await stat(candidate).catch(() => undefined);
    // Other programs leave files of that name too; a manifest says its version.
    if (
      found?.isFile() &&
      found.size <= MAX_MANIFEST_BYTES &&
      /schemaVersion["']?\s*:/.test(await readFile(candidate, 'utf8'))
    )
      return candidate;
  }
  return undefined;
}

async function readManifest(manifestPath: string): Promise<ModelManifest> {
  const bytes = await readBounded(manifestPath, MAX_MANIFEST_BYTES, 'model manifest');
  const yaml = /\.ya?ml$/.test(manifestPath);
  let value: unknown;
  try {
    value = yaml ? parseYaml(bytes.toString('utf8')) : JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new ExpectedError(
      'model',
      `the model manifest ${manifestPath} is no ${yaml ? 'YAML' : 'JSON'}: ${reasonOf(cause)}`,
      'give the .json or .yaml file that lies beside the ONNX file, or the .onnx file itself',
      { cause },
    );
  }
  return parseManifest(value, manifestPath);
}

async function readBounded(file: string, limit: number, what: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size <= limit) return await readFile(file);
  } catch (cause) {
    throw new ExpectedError('model', `the ${what} ${file} cannot be read: ${reasonOf(cause)}`, 'check the path', {
      cause,
    });
  }
  throw new ExpectedError(
    'model',
    `the ${what} ${file} is larger than ${limit} bytes`,
    'check that it is the right file',
  );
}
