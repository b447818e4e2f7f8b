import type { GraphBuilder } from '../../onnx/graphBuilder.js';
import { ExpectedError } from '../../errors.js';
import { slice } from '../graphStages.js';
import type { ManifestOf } from '../manifestSchema.js';
import type { ModelTensors } from '../modelTensors.js';
import { outputShape } from '../outputShape.js';
import type { Family, Scalar } from './family.js';
import { cellCount, cellPoints, cellStrides, cornersOfDistances, levelsOf, type Level } from './nodes.js';
import { comesFrom, conventionOf, known, stridesOf, type KnownTensor, type Recognition } from './recognition.js';

/** Strides of NanoDet, NanoDet-Plus and PicoDet. */
const STRIDES = [
  [8, 16, 32],
  [8, 16, 32, 64],
] as const;
/** NanoDet-Plus's and PicoDet's own reg_max; that of a level's own tensor shows in its shape. */
const PLUS_BINS = 8;
/** More bins than anybody uses: a tensor with more channels holds classes. */
const MOST_BINS = 33;

const INPUT = {
  order: 'bgr',
  scale: 1,
  mean: [103.53, 116.28, 123.675],
  std: [57.375, 57.12, 58.395],
  resize: 'stretch',
} as const;

/**
 * NanoDet and its relatives: each side of a box is a distribution over distances of 0 to reg_max strides (generalised focal loss, Li et al. 2020):
 * `d = stride · Σ_k k · softmax(t)_k`, measured from the cell's point.
 */
export const nanoDet: Family<'nanodet'> = {
  name: 'nanodet',
  networks: 'NanoDet, NanoDet-Plus, PicoDet',
  layout: 'a level each `[N, cells, C]` and `[N, cells, 4·(reg_max + 1)]`, or one `[N, places, C + 4·(reg_max + 1)]`',
  tested: 'NanoDet-g trained on COCO, on photographs, against a Python decoding',
  recognise: (tensors) => levelled(tensors) ?? joint(tensors),
  head: ({ manifest, index }) => {
    const { classes, input, outputs, strides, pointOffset, scoring, severalClasses } = manifest;
    const levels = levelsOf(input, strides);
    const classCount = classes.length;
    const { scores: scoreNames, distances: distanceNames, predictions } = outputs;
    const isMap = (name: string): boolean => outputShape(index, name)?.length === 4;
    const bins = binsOf(manifest, (name) => outputShape(index, name));
    const sides = (name: string, { rows, columns }: Level, depth: number): (number | undefined)[] =>
      isMap(name) ? [undefined, depth, rows, columns] : [undefined, rows * columns, depth];
    return {
      expected:
        predictions === undefined
          ? levels.flatMap((level, i) => [
              {
                name: scoreNames?.[i] ?? '',
                field: 'outputs.scores',
                shape: sides(scoreNames?.[i] ?? '', level, classCount),
              },
              {
                name: distanceNames?.[i] ?? '',
                field: 'outputs.distances',
                shape: sides(distanceNames?.[i] ?? '', level, 4 * bins),
              },
            ])
          : [
              {
                name: predictions,
                field: 'outputs.predictions',
                shape: [undefined, cellCount(levels), classCount + 4 * bins],
              },
            ],
      activation: scoring === 'sigmoid' ? 'sigmoid' : 'none',
      suppression: 'needed',
      severalClasses,
      scoredBoxes: (graph, inner) => {
        const rows = (names: readonly string[], depth: number): string => {
          const parts = names.map((name) => (isMap(name) ? rowsOfMap(graph, inner(name), depth) : inner(name)));
          return parts.length === 1 ? parts[0] : graph.node('Concat', parts, { axis: 1 });
        };
        const table = predictions === undefined ? undefined : inner(predictions);
        const scores = table === undefined ? rows(scoreNames ?? [], classCount) : slice(graph, table, 0, classCount, 2);
        const raw =
          table === undefined
            ? rows(distanceNames ?? [], 4 * bins)
            : slice(graph, table, classCount, classCount + 4 * bins, 2);
        const shares = graph.node('Softmax', [graph.reshape(raw, [0, -1, 4, bins])], { axis: 3 });
        const weights = graph.floats(
          'bins',
          Array.from({ length: bins }, (_, k) => k),
          [bins, 1],
        );
        const cells = graph.reshape(graph.node('MatMul', [shares, weights]), [0, -1, 4]);
        const distances = graph.node('Mul', [cells, cellStrides(graph, levels)]);
        const boxes = cornersOfDistances(graph, cellPoints(graph, levels, pointOffset), distances);
        return { scores, boxes };
      },
      target: (place, classIndex): Scalar => {
        if (predictions !== undefined) return { tensor: predictions, index: [0, place, classIndex] };
        let cell = place;
        for (const [i, { rows, columns }] of levels.entries()) {
          const tensor = scoreNames?.[i] ?? '';
          if (cell < rows * columns)
            return isMap(tensor)
              ? { tensor, index: [0, classIndex, Math.floor(cell / columns), cell % columns] }
              : { tensor, index: [0, cell, classIndex] };
          cell -= rows * columns;
        }
        throw new RangeError(`place ${place} of ${cellCount(levels)}`);
      },
    };
  },
};

/** [N, depth, h, w] as [N, h·w, depth]. */
function rowsOfMap(graph: GraphBuilder, map: string, depth: number): string {
  return graph.node('Transpose', [graph.reshape(map, [0, depth, -1])], { perm: [0, 2, 1] });
}

/** reg_max + 1. */
function binsOf(
  { outputs: { distances, predictions }, classes }: ManifestOf<'nanodet'>,
  shapeOf: (name: string) => readonly (number | undefined)[] | undefined,
): number {
  const [first] = distances ?? [];
  const name = first ?? predictions ?? '';
  const shape = shapeOf(name);
  const depth = shape?.length === 4 ? shape[1] : shape?.at(-1);
  const bins = depth === undefined ? NaN : (predictions === undefined ? depth : depth - classes.length) / 4;
  if (Number.isInteger(bins) && bins >= 2) return bins;
  throw new ExpectedError(
    'model',
    `${name} has ${depth ?? 'an unknown number of'} values a cell, which are no four distributions${predictions === undefined ? '' : ` beside ${classes.length} classes`}`,
    'correct classes and outputs in the manifest',
  );
}

interface LevelTensor extends KnownTensor {
  readonly cells: number;
  readonly depth: number;
}

/** Two tensors a level: the one with the same few channels everywhere are the distances. */
function levelled(tensors: ModelTensors): Recognition | undefined {
  const all: LevelTensor[] = [
    ...known(tensors.outputs, 3).map((tensor) => ({ ...tensor, cells: tensor.sides[0], depth: tensor.sides[1] })),
    ...known(tensors.outputs, 4).map((tensor) => ({
      ...tensor,
      cells: tensor.sides[1] * tensor.sides[2],
      depth: tensor.sides[0],
    })),
  ].sort((a, b) => b.cells - a.cells);
  const cells = [...new Set(all.map((tensor) => tensor.cells))];
  const depths = [...new Set(all.map((tensor) => tensor.depth))];
  const total = cells.reduce((sum, value) => sum + value, 0);
  const strides = stridesOf(total, tensors, 1, STRIDES);
  if (strides?.length !== cells.length || all.length !== 2 * cells.length || depths.length !== 2) return undefined;
  const may = depths.filter((depth) => depth % 4 === 0 && depth >= 8 && depth <= 4 * MOST_BINS);
  const named = may.filter((depth) => all.some((tensor) => tensor.depth === depth && /dis|reg|box/i.test(tensor.name)));
  const [distances] = named.length === 1 ? named : may.length === 1 ? may : [Math.min(...may)];
  if (!Number.isFinite(distances)) return undefined;
  const of = (test: (depth: number) => boolean): string[] =>
    all.filter(({ depth }) => test(depth)).map(({ name }) => name);
  const scores = of((depth) => depth !== distances);
  return recognition(tensors, { strides, outputs: { scores, distances: of((depth) => depth === distances) } }, scores, {
    classCount: depths.find((depth) => depth !== distances) ?? 0,
    pointOffset: 0.5,
    ...(named.length === 1 || may.length === 1
      ? {}
      : {
          doubt: {
            'outputs.scores, outputs.distances':
              'both could be distributions: the tensors with fewer channels were taken',
          },
        }),
  });
}

/** NanoDet-Plus and PicoDet with one table over four levels. */
function joint(tensors: ModelTensors): Recognition | undefined {
  const outputs = known(tensors.outputs, 3);
  const [output] = outputs;
  if (output === undefined || outputs.length > 1) return undefined;
  const [places, depth] = output.sides;
  const strides = stridesOf(places, tensors, 1, STRIDES.slice(1));
  if (strides === undefined || depth <= 4 * PLUS_BINS) return undefined;
  return recognition(tensors, { strides, outputs: { predictions: output.name } }, [output.name], {
    classCount: depth - 4 * PLUS_BINS,
    pointOffset: 0,
    doubt: {
      classes: `NanoDet-Plus has ${PLUS_BINS} steps of distance; that leaves ${depth - 4 * PLUS_BINS} of ${depth} values for classes`,
    },
  });
}

function recognition(
  { index }: ModelTensors,
  fields: Readonly<Record<string, unknown>>,
  scores: readonly string[],
  {
    classCount,
    pointOffset,
    doubt = {},
  }: { classCount: number; pointOffset: number; doubt?: Readonly<Record<string, string>> },
): Recognition {
  const scoring = comesFrom(index, scores[0] ?? '', 'Sigmoid') ? 'probabilities' : 'sigmoid';
  return {
    family: 'nanodet',
    fields: { ...fields, pointOffset, scoring },
    classCount,
    input: INPUT,
    assumed: {
      ...conventionOf('NanoDet'),
      pointOffset:
        pointOffset === 0 ? 'NanoDet-Plus measures from the cell’s corner' : 'NanoDet measures from the cell’s centre',
      ...doubt,
    },
  };
}
