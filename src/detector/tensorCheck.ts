import { ExpectedError } from '../errors.js';
import type { GraphIndex } from '../onnx/graphIndex.js';
import { DataType, type ValueInfo } from '../onnx/schema.js';
import { shapeOf, toNumber } from '../onnx/tensors.js';
import type { AnchorGrid } from './anchors.js';
import type { EfficientDetManifest } from './manifestSchema.js';

/** Sides of a tensor; undefined where the model leaves a side open. */
type Shape = readonly (number | undefined)[];

/**
 * Compares what a manifest says of input and outputs with what the model says of its own tensors, before a session is made of
 * them. What the model leaves open is found out by the first run (see checkShapes).
 * @throws ExpectedError `model` that names the first tensor that does not fit, its shape, and the shape that was expected
 */
export function checkTensors(index: GraphIndex, manifest: EfficientDetManifest, anchors: AnchorGrid): void {
  const known = new Map(
    [...index.graph.valueInfo, ...index.graph.input, ...index.graph.output].map((info) => [info.name, info]),
  );
  const check = (field: string, name: string, expected: Shape, why: string): void => {
    const shape = shapeIn(known.get(name)) ?? convolutionShape(index, name);
    if (!shape || fits(shape, expected)) return;
    throw new ExpectedError(
      'model',
      `tensor ${name}, the manifest's ${field}, has the shape ${text(shape)} where ${why} make ${text(expected)}`,
      `correct ${field}, or what it has to agree with, in the manifest`,
    );
  };
  const { input, outputs, classes } = manifest;
  const type = known.get(input.name)?.type?.tensorType?.elemType ?? DataType.float32;
  if (type !== DataType[input.type])
    throw new ExpectedError(
      'model',
      `input ${input.name} is of ONNX element type ${type}; the manifest's input.type feeds it ${input.type} (${DataType[input.type]})`,
      'correct input.type in the manifest',
    );
  const size = `${input.channels} channels before ${input.width}×${input.height} pixels`;
  const { channels, height, width } = input;
  const sides = input.layout === 'nchw' ? [channels, height, width] : [height, width, channels];
  check('input', input.name, [undefined, ...sides], size);
  const depths = { classLogits: classes.length, boxRegression: 4 };
  for (const key of ['classLogits', 'boxRegression'] as const) {
    const depth = depths[key];
    outputs[key].forEach((name, i) => {
      const level = anchors.levels[i];
      const each = key === 'classLogits' ? `${depth} classes` : '4 sides';
      if (outputs[key].length === 1)
        check(`outputs.${key}`, name, [undefined, anchors.count, depth], `${anchors.count} anchors of ${each}`);
      else {
        const cells = `${level.columns}×${level.rows} cells of level ${level.level}`;
        const expected = [undefined, anchors.perCell * depth, level.rows, level.columns];
        check(`outputs.${key}`, name, expected, `${cells} with ${anchors.perCell} anchors of ${each}`);
      }
    });
  }
  outputs.headFeatures?.forEach((name, i) => {
    const { level, rows, columns } = anchors.levels[i];
    check(
      'outputs.headFeatures',
      name,
      [undefined, undefined, rows, columns],
      `${columns}×${rows} cells of level ${level}`,
    );
  });
}

function fits(shape: Shape, expected: Shape): boolean {
  if (shape.length !== expected.length) return false;
  return shape.every((side, i) => side === undefined || expected[i] === undefined || side === expected[i]);
}

function shapeIn(info: ValueInfo | undefined): Shape | undefined {
  return info?.type?.tensorType?.shape?.dim.map((dimension) =>
    // The field that is not set reads as zero.
    Object.hasOwn(dimension, 'dimValue') && dimension.dimValue !== undefined ? toNumber(dimension.dimValue) : undefined,
  );
}

/** What is certain of a tensor that a convolution makes: its number of channels. */
function convolutionShape(index: GraphIndex, name: string): Shape | undefined {
  const node = index.producer(name);
  const weights = node?.opType === 'Conv' ? index.constantTensor(node.input[1] ?? '') : undefined;
  const kernel = weights && shapeOf(weights);
  return kernel?.length === 4 ? [undefined, kernel[0], undefined, undefined] : undefined;
}

function text(shape: Shape): string {
  return `[${shape.map((side) => side ?? '?').join(', ')}]`;
}
