import { ExpectedError } from '../errors.js';
import { GraphBuilder, opsetOf } from '../onnx/graphBuilder.js';
import { GraphIndex } from '../onnx/graphIndex.js';
import { readModel, writeModel } from '../onnx/modelFile.js';
import { DataType } from '../onnx/schema.js';
import { toNumber } from '../onnx/tensors.js';
import type { InferenceSession } from 'onnxruntime-node';
import { tensorNames } from './composedDetector.js';
import type { BoxNetwork, ExpectedTensor, Head, ScoredBoxes } from './families/family.js';
import { headOf } from './families/index.js';
import { gatherRows } from './graphStages.js';
import { graphOutputs, type GraphOutputs } from './graphOutputs.js';
import { needsContentSize, networkInputs, normalise, toPlanes } from './inputStages.js';
import type { ModelFiles } from './manifest.js';
import type { ModelManifest } from './manifestSchema.js';
import { outputShape } from './outputShape.js';

/**
 * Reads a network of any family and checks what its file states of its inputs and outputs.
 * @throws ExpectedError `model` where the file is no ONNX model or does not fit its manifest
 */
export function readBoxNetwork({ manifest, bytes, modelPath }: ModelFiles): BoxNetwork {
  const model = readModel(bytes, modelPath);
  const index = new GraphIndex(model.graph);
  checkInputs(index, manifest, modelPath);
  const head = headOf({ manifest, model, index });
  for (const expected of head.expected) checkOutput(index, expected, manifest);
  return { manifest, model, head };
}

function checkInputs(index: GraphIndex, { input, name }: ModelManifest, modelPath: string): void {
  if (!index.inputs.includes(input.name))
    throw new ExpectedError(
      'model',
      `${modelPath} has no input named ${input.name}; its inputs are ${index.inputs.join(', ')}`,
      'correct input.name in the manifest',
    );
  for (const other of index.inputs)
    if (other !== input.name && input.others?.[other] === undefined)
      throw new ExpectedError(
        'model',
        `${modelPath} has an input ${other} beside the picture`,
        `say in the manifest what goes into it: input.others.${other} (type, shape, values)`,
      );
  const dims = index.graph.input.find((info) => info.name === input.name)?.type?.tensorType?.shape?.dim;
  const sides = dims?.map(({ dimValue }) => (dimValue === undefined ? 0 : toNumber(dimValue)));
  const { width, height, layout } = input;
  const wanted = layout === 'nchw' ? [0, 3, height, width] : [0, height, width, 3];
  if (sides && (sides.length !== 4 || sides.some((side, i) => i > 0 && side > 0 && side !== wanted[i])))
    throw misfit(
      name,
      `its input ${input.name} is [${sides.map((side) => (side > 0 ? side : '?')).join(', ')}] where the manifest says ${width}×${height}, 3 channels, ${layout}`,
      'correct input.width, input.height and input.layout in the manifest',
    );
}

function checkOutput(index: GraphIndex, { name, field, shape }: ExpectedTensor, manifest: ModelManifest): void {
  if (!index.producer(name))
    throw new ExpectedError(
      'model',
      `the model has no tensor named ${name}, which the manifest lists in ${field}`,
      `correct the manifest; the model's outputs are ${index.outputs.join(', ')}`,
    );
  const stated = outputShape(index, name);
  if (stated && !fits(stated, shape)) throw wrongShape(manifest.name, { name, field, shape }, stated);
}

function fits(sides: readonly (number | undefined)[], shape: readonly (number | undefined)[]): boolean {
  return (
    sides.length === shape.length &&
    sides.every((side, i) => side === undefined || shape[i] === undefined || side === shape[i])
  );
}

function wrongShape(
  model: string,
  { name, field, shape }: ExpectedTensor,
  sides: readonly (number | undefined)[],
): ExpectedError {
  const text = (list: readonly (number | undefined)[]): string => `[${list.map((side) => side ?? '?').join(', ')}]`;
  return misfit(
    model,
    `${name} is ${text(sides)} where its family, classes and input size make it ${text(shape)}`,
    `correct ${field}, classes or input in the manifest; \`msal model\` shows what the file holds`,
  );
}

function misfit(model: string, what: string, remedy: string): ExpectedError {
  return new ExpectedError('model', `model ${model} does not fit its manifest: ${what}`, remedy);
}

/** Outputs as float32, whatever the network makes them. */
export function floatOutputs(
  graph: GraphBuilder,
  { graph: { output } }: BoxNetwork['model'],
  inner: (name: string) => string,
): (name: string) => string {
  const cast = new Map<string, string>();
  return (name) => {
    const type = output.find((info) => info.name === name)?.type?.tensorType?.elemType;
    if (type === DataType.float32) return inner(name);
    const known = cast.get(name) ?? graph.node('Cast', [inner(name)], { to: DataType.float32 });
    cast.set(name, known);
    return known;
  };
}

/** int64 sides of the raw outputs in the composed graph, for checking. */
const shapeOutput = (i: number): string => `raw_shape_${i}`;

/**
 * One graph from camera pixels to the K best boxes: uint8 → preparation → network → the family's decoding → top K. Inputs and outputs are those of
 * composedDetector.ts, without features; `anchors` are places.
 */
export function composeBoxes({ manifest, model, head }: BoxNetwork, topK: number): Uint8Array {
  const { input } = manifest;
  const classCount = manifest.classes.length;
  const graph = new GraphBuilder(opsetOf(model));
  const pixels = graph.input(tensorNames.pixels, DataType.uint8, ['n', input.height, input.width, 3]);
  const contentSize = needsContentSize(input)
    ? graph.input(tensorNames.contentSize, DataType.int32, ['n', 2])
    : undefined;
  const planes = normalise(graph, toPlanes(graph, pixels, input, contentSize), input, contentSize);
  const inner = graph.embed(model, { prefix: 'network/', inputs: networkInputs(graph, planes, input) });
  const found = head.scoredBoxes(graph, floatOutputs(graph, model, inner));
  const { best, places, classes } = head.severalClasses
    ? bestPairs(graph, found, classCount, topK)
    : bestPlaces(graph, found, classCount, topK);
  const boxes = gatherRows(graph, found.boxes, places, 4);
  const scores = head.activation === 'sigmoid' ? graph.node('Sigmoid', [best]) : best;
  const int32 = (tensor: string): string => graph.node('Cast', [tensor], { to: DataType.int32 });
  graph.output(boxes, tensorNames.boxes, DataType.float32, ['n', 'k', 4]);
  graph.output(scores, tensorNames.scores, DataType.float32, ['n', 'k']);
  graph.output(int32(classes), tensorNames.classes, DataType.int32, ['n', 'k']);
  graph.output(int32(places), tensorNames.anchors, DataType.int32, ['n', 'k']);
  head.expected.forEach(({ name, shape }, i) => {
    graph.output(graph.node('Shape', [inner(name)]), shapeOutput(i), DataType.int64, [shape.length]);
  });
  return writeModel(graph.build());
}

interface Best {
  /** [N, K]: values of `scores`, descending. */
  readonly best: string;
  /** int64 [N, K]. */
  readonly places: string;
  /** int64 [N, K]. */
  readonly classes: string;
}

/** The places whose best class is highest. */
function bestPlaces(graph: GraphBuilder, { scores }: ScoredBoxes, classCount: number, topK: number): Best {
  const [best = '', places = ''] = topOf(graph, graph.reduceMax(scores, 2), topK);
  const classes = graph.node('ArgMax', [gatherRows(graph, scores, places, classCount)], { axis: 2, keepdims: 0 });
  return { best, places, classes };
}

/** The pairs of place and class that are highest. */
function bestPairs(graph: GraphBuilder, { scores }: ScoredBoxes, classCount: number, topK: number): Best {
  const [best = '', pairs = ''] = topOf(graph, graph.reshape(scores, [0, -1]), topK);
  const count = graph.integers('class_count', [classCount]);
  const places = graph.node('Div', [pairs, count]);
  return { best, places, classes: graph.node('Sub', [pairs, graph.node('Mul', [places, count])]) };
}

/** Values and indices of the `topK` highest of [N, M], or of all where there are fewer. */
function topOf(graph: GraphBuilder, values: string, topK: number): string[] {
  const length = graph.node('Gather', [graph.node('Shape', [values]), graph.integers('axis', [1])], { axis: 0 });
  const k = graph.node('Min', [length, graph.integers('k', [topK])]);
  return graph.nodes('TopK', [values, k], { axis: 1 }, 2);
}

/**
 * Checks a run on the fixed picture against the manifest.
 * @throws ExpectedError `model`
 */
export function checkedBoxes(
  outputs: InferenceSession.OnnxValueMapType,
  { manifest, head }: { readonly manifest: ModelManifest; readonly head: Head },
): GraphOutputs {
  head.expected.forEach((expected, i) => {
    const sides = Array.from(outputs[shapeOutput(i)]?.data as BigInt64Array, Number);
    if (!fits(sides, expected.shape)) throw wrongShape(manifest.name, expected, sides);
  });
  const read = graphOutputs(outputs, { levels: [] });
  // Rounding of float16 and of sums in softmax.
  const odd = read.scores.find((score) => !(score >= -1e-3 && score <= 1.01));
  if (odd !== undefined)
    throw misfit(
      manifest.name,
      `it gives a score of ${odd} where probabilities from 0 to 1 were expected`,
      'correct family and scoring in the manifest: `msal model` shows what the tensors speak for',
    );
  if (!read.boxes.every((value) => !Number.isNaN(value)))
    throw misfit(manifest.name, 'its boxes are not numbers', 'correct the outputs in the manifest, or export it again');
  return read;
}
