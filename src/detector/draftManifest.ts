import { createHash } from 'node:crypto';
import path from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { ExpectedError } from '../errors.js';
import { DataType } from '../onnx/schema.js';
import { FAMILIES } from './families/index.js';
import type { Recognition } from './families/recognition.js';
import { parseManifest, type FamilyName, type ModelManifest } from './manifestSchema.js';
import { modelTensors, withRunShapes, type ModelTensors, type TensorInfo } from './modelTensors.js';

/** What somebody knows beside the file. */
export interface DraftHints {
  /** Of an input whose sides the file leaves open. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  readonly classes?: readonly string[] | undefined;
  /** In place of the family that the tensors speak for first. */
  readonly family?: FamilyName | undefined;
}

/** A manifest made of an ONNX file alone. */
export interface ModelDraft {
  readonly tensors: ModelTensors;
  /** Families that the tensors speak for; the first is meant. */
  readonly families: readonly FamilyName[];
  /** The manifest as far as it goes; undefined where no family recognises the file. */
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  /** Field → why it was set so although the file does not show it. */
  readonly assumed: Readonly<Record<string, string>>;
  /** Field → what the file cannot tell. */
  readonly asks: Readonly<Record<string, string>>;
  /** The manifest, where nothing is left to ask. */
  readonly manifest: ModelManifest | undefined;
}

/**
 * Recognises a network by its tensors and drafts its manifest.
 * @throws ExpectedError `model` where the file is no ONNX model
 */
export async function draftManifest(bytes: Uint8Array, modelPath: string, hints: DraftHints = {}): Promise<ModelDraft> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const { tensors, others, asks } = await sizedTensors(bytes, modelPath, hints);
  const found = FAMILIES.flatMap((family) => family.recognise(tensors) ?? []);
  const families = found.map(({ family }) => family);
  const recognised = hints.family === undefined ? found[0] : found.find(({ family }) => family === hints.family);
  if (recognised === undefined || tensors.image === undefined)
    return { tensors, families, fields: undefined, assumed: {}, asks, manifest: undefined };
  const named = classNames(recognised, tensors, hints);
  const { width, height, name, layout, type } = tensors.image;
  const fields = {
    schemaVersion: 1,
    family: recognised.family,
    name: path.parse(modelPath).name,
    file: path.basename(modelPath),
    sha256,
    spectra: ['rgb'],
    classes: named.classes,
    input: {
      name,
      width,
      height,
      channels: 3,
      layout,
      order: 'rgb',
      type,
      ...recognised.input,
      ...(others && { others }),
    },
    ...recognised.fields,
  };
  const { classes: askedClasses, ...otherAsks } = recognised.asks ?? {};
  const open = {
    ...asks,
    ...otherAsks,
    ...(named.classes.length === 0 && { classes: askedClasses ?? 'the names of the classes' }),
  };
  const assumed = { ...named.assumed, ...recognised.assumed, spectra: 'a camera for visible light' };
  const complete = Object.keys(open).length === 0;
  return {
    tensors,
    families,
    fields,
    assumed,
    asks: open,
    manifest: complete ? parseManifest(fields, `of ${modelPath}`) : undefined,
  };
}

/**
 * The manifest of an ONNX file that needs none.
 * @throws ExpectedError `model` that names the family, or the fields that the file cannot tell
 */
export async function manifestOfFile(bytes: Uint8Array, modelPath: string): Promise<ModelManifest> {
  const draft = await draftManifest(bytes, modelPath);
  if (draft.manifest !== undefined) return draft.manifest;
  if (draft.fields === undefined)
    throw new ExpectedError(
      'model',
      `${modelPath} has the outputs ${draft.tensors.outputs.map(({ name }) => name).join(', ')}, which no known head layout has`,
      `\`msal model ${modelPath}\` shows the tensors; docs/models.md says which layouts are known`,
    );
  throw new ExpectedError(
    'model',
    `${modelPath} looks like ${String(draft.fields['family'])}, but its tensors cannot tell ${Object.keys(draft.asks).join(', ')}`,
    `\`msal model ${modelPath} --write\` writes a manifest to fill in; then name it with --model`,
  );
}

interface Sized {
  readonly tensors: ModelTensors;
  readonly others: Readonly<Record<string, OtherField>> | undefined;
  readonly asks: Readonly<Record<string, string>>;
}

interface OtherField {
  readonly type: 'float32' | 'int64' | 'bool';
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** The tensors with the picture's size and the outputs' sides as far as they can be known. */
async function sizedTensors(bytes: Uint8Array, modelPath: string, hints: DraftHints): Promise<Sized> {
  const stated = modelTensors(bytes, modelPath);
  const { image } = stated;
  if (image === undefined)
    return { tensors: stated, others: undefined, asks: { 'input.name': 'no input takes pictures of three channels' } };
  const known = hints.size ?? sizeInMetadata(stated.metadata);
  const width = image.width ?? known?.width;
  const height = image.height ?? known?.height;
  const tensors = { ...stated, image: { ...image, width, height } };
  if (width === undefined || height === undefined)
    return {
      tensors,
      others: undefined,
      asks: {
        'input.width, input.height': 'the size of the pictures that the network takes: it leaves it open (--size)',
      },
    };
  const beside = stated.inputs.filter(({ name }) => name !== image.name);
  const guessed = beside.map((info) => [info.name, guessOther(info, width, height)] as const);
  const others = Object.fromEntries(guessed.flatMap(([name, other]) => (other ? [[name, other] as const] : [])));
  const asks = Object.fromEntries(
    guessed.flatMap(([name, other]) =>
      other ? [] : [[`input.others.${name}`, 'what goes into this input beside the picture'] as const],
    ),
  );
  const values = Object.fromEntries(Object.entries(others).map(([name, other]) => [name, feedOf(other)]));
  return {
    tensors: await withRunShapes(tensors, bytes, { width, height }, values),
    others: beside.length === 0 ? undefined : others,
    asks,
  };
}

/** `imgsz` of Ultralytics' exporter, height before width: `[640, 640]`. */
function sizeInMetadata(metadata: ReadonlyMap<string, string>): { width: number; height: number } | undefined {
  const [, height, width] = /^\[(\d+), ?(\d+)\]$/.exec(metadata.get('imgsz') ?? '') ?? [];
  return height === undefined || width === undefined ? undefined : { width: Number(width), height: Number(height) };
}

/** Inputs that exporters leave beside the picture. */
function guessOther({ name, type, shape }: TensorInfo, width: number, height: number): OtherField | undefined {
  if (type === DataType.int64 && shape.at(-1) === 2 && /size/i.test(name))
    return { type: 'int64', shape: [1, 2], values: [width, height] };
  if (/mask/i.test(name) && shape.length === 3 && (type === DataType.int64 || type === DataType.bool))
    return { type: type === DataType.bool ? 'bool' : 'int64', shape: [1, height, width], values: [1] };
  return undefined;
}

function feedOf({ type, shape, values }: OtherField): Tensor {
  const length = shape.reduce((product, side) => product * side, 1);
  const filled = values.length === 1 ? new Array<number>(length).fill(values[0] ?? 0) : values;
  if (type === 'int64') return new Tensor('int64', BigInt64Array.from(filled, BigInt), shape);
  if (type === 'bool') return new Tensor('bool', Uint8Array.from(filled), shape);
  return new Tensor('float32', Float32Array.from(filled), shape);
}

function classNames(
  { classCount }: Recognition,
  { metadata }: ModelTensors,
  hints: DraftHints,
): { readonly classes: readonly string[]; readonly assumed: Readonly<Record<string, string>> } {
  if (hints.classes !== undefined && (classCount === 0 || hints.classes.length === classCount))
    return { classes: hints.classes, assumed: {} };
  if (hints.classes !== undefined)
    throw new ExpectedError(
      'model',
      `${hints.classes.length} names of classes were given where the network has ${classCount}`,
      'give one name for each class, in the order of the network’s outputs',
    );
  const named = namesInMetadata(metadata.get('names'));
  if (named !== undefined && (classCount === 0 || named.length === classCount)) return { classes: named, assumed: {} };
  return {
    classes: Array.from({ length: classCount }, (_, i) => `class ${i}`),
    assumed: classCount === 0 ? {} : { classes: 'the file has no names of classes' },
  };
}

/** Ultralytics' exporter writes a Python dictionary: `{0: 'person', 1: "driver's seat"}`. */
function namesInMetadata(text: string | undefined): string[] | undefined {
  const names: string[] = [];
  for (const [, number, single, double] of (text ?? '').matchAll(
    /(\d+):\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g,
  )) {
    if (Number(number) !== names.length) return undefined;
    names.push((single ?? double ?? '').replaceAll(/\\(.)/g, '$1') || `class ${names.length}`);
  }
  return names.length === 0 ? undefined : names;
}
