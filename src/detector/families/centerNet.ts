import { DataType } from '../../onnx/schema.js';
import type { GraphBuilder } from '../../onnx/graphBuilder.js';
import { ExpectedError } from '../../errors.js';
import { outputShape } from '../outputShape.js';
import type { Family } from './family.js';
import { cornersAround, cornersOfDistances } from './nodes.js';
import { comesFrom, conventionOf, known } from './recognition.js';

const INPUT = {
  order: 'bgr',
  scale: 255,
  mean: [0.408, 0.447, 0.47],
  std: [0.289, 0.274, 0.278],
  resize: 'letterbox-centre',
  padding: 0,
} as const;

interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly channels: number;
  readonly last: boolean;
}

/** How a map of four axes lies in memory: the two sides of equal stride are its rows and columns. */
function gridOf(
  sides: readonly number[],
  input: { width?: number | undefined; height?: number | undefined },
): Grid | undefined {
  const [a = 0, b = 0, c = 0] = sides;
  const fits = (rows: number, columns: number): boolean =>
    input.width === undefined || input.height === undefined
      ? rows === columns
      : Math.abs(input.width * rows - input.height * columns) < 1e-9 * input.width * rows && columns <= input.width;
  if (fits(b, c) && (a < b || !fits(a, b))) return { channels: a, rows: b, columns: c, last: false };
  return fits(a, b) ? { channels: c, rows: a, columns: b, last: true } : undefined;
}

/**
 * CenterNet (Zhou et al. 2019) and TTFNet: a heat map a class, whose peaks over 3×3 cells are objects, and sides or distances at each cell.
 * `centre = (cell + offset) · stride`.
 */
export const centerNet: Family<'centernet'> = {
  name: 'centernet',
  networks: 'CenterNet, TTFNet',
  layout: 'heat map `[N, C, h, w]`, sides `[N, 2, h, w]` or distances `[N, 4, h, w]`, offsets; channels first or last',
  tested: 'a CenterNet on MobileNetV3 trained on COCO, on photographs, against its own decoding',
  recognise(tensors) {
    const maps = known(tensors.outputs, 4).map((tensor) => ({
      tensor,
      grid: gridOf(tensor.sides, tensors.image ?? {}),
    }));
    const grids = maps.flatMap(({ tensor, grid }) => (grid ? [{ ...tensor, ...grid }] : []));
    const cells = new Set(grids.map(({ rows, columns }) => `${rows}×${columns}`));
    const small = grids.filter(({ channels }) => channels === 2 || channels === 4);
    const heat = grids.filter((grid) => !small.includes(grid));
    const [heatMap] = heat;
    if (heatMap === undefined || grids.length !== maps.length || heat.length !== 1 || cells.size !== 1)
      return undefined;
    const offsets = small.find(({ name, channels }) => channels === 2 && /off|reg/i.test(name));
    const [sizes, more] = small.filter((grid) => grid !== offsets);
    if (sizes === undefined || more !== undefined) return undefined;
    const distances = sizes.channels === 4;
    return {
      family: 'centernet',
      fields: {
        scoring:
          comesFrom(tensors.index, heatMap.name, 'Sigmoid') || comesFrom(tensors.index, heatMap.name, 'Clip')
            ? 'probabilities'
            : 'sigmoid',
        boxes: distances ? 'distances-in-pixels' : 'sizes-in-cells',
        outputs: { heatMap: heatMap.name, sizes: sizes.name, ...(offsets && { offsets: offsets.name }) },
      },
      classCount: heatMap.channels,
      input: INPUT,
      assumed: {
        ...conventionOf('CenterNet'),
        boxes: distances ? 'four values a cell are distances' : 'CenterNet gives sides in cells',
      },
    };
  },
  head: ({ manifest, index }) => {
    const { classes, input, outputs, scoring, peaks, boxes: coding, severalClasses } = manifest;
    const sides = outputShape(index, outputs.heatMap)?.slice(1);
    const grid = sides?.every((side) => side !== undefined) ? gridOf(sides, input) : undefined;
    if (grid === undefined)
      throw new ExpectedError(
        'model',
        `${outputs.heatMap} [${sides?.map((side) => side ?? '?').join(', ') ?? '?'}] is no heat map over an input of ${input.width}×${input.height}`,
        'correct outputs.heatMap and the input’s size, or export the model with fixed sides',
      );
    const { rows, columns, last } = grid;
    const stride = input.width / columns;
    const shape = (depth: number): (number | undefined)[] =>
      last ? [undefined, rows, columns, depth] : [undefined, depth, rows, columns];
    const depth = coding === 'distances-in-pixels' ? 4 : 2;
    return {
      expected: [
        { name: outputs.heatMap, field: 'outputs.heatMap', shape: shape(classes.length) },
        { name: outputs.sizes, field: 'outputs.sizes', shape: shape(depth) },
        ...(outputs.offsets === undefined
          ? []
          : [{ name: outputs.offsets, field: 'outputs.offsets', shape: shape(2) }]),
      ],
      activation: 'none',
      suppression: 'none',
      severalClasses,
      scoredBoxes: (graph, inner) => {
        const planes = (name: string): string =>
          last ? graph.node('Transpose', [inner(name)], { perm: [0, 3, 1, 2] }) : inner(name);
        const cells = (map: string, channels: number): string =>
          graph.node('Transpose', [graph.reshape(map, [0, channels, -1])], { perm: [0, 2, 1] });
        const heat = planes(outputs.heatMap);
        const scores = scoring === 'sigmoid' ? graph.node('Sigmoid', [heat]) : heat;
        const shown = peaks ? peaksOf(graph, scores) : scores;
        const indices = Array.from({ length: rows * columns }, (_, i) => [i % columns, Math.floor(i / columns)]).flat();
        const cell = graph.floats('cells', indices, [1, rows * columns, 2]);
        const shifted =
          outputs.offsets === undefined ? cell : graph.node('Add', [cell, cells(planes(outputs.offsets), 2)]);
        const strides = graph.floats('stride', [stride, input.height / rows], [1, 1, 2]);
        const centres = graph.node('Mul', [shifted, strides]);
        const sizes = cells(planes(outputs.sizes), depth);
        return {
          scores: cells(shown, classes.length),
          boxes:
            coding === 'distances-in-pixels'
              ? cornersOfDistances(graph, centres, sizes)
              : cornersAround(
                  graph,
                  centres,
                  coding === 'sizes-in-cells' ? graph.node('Mul', [sizes, strides]) : sizes,
                ),
        };
      },
      target: (place, classIndex) => {
        const [row, column] = [Math.floor(place / columns), place % columns];
        return { tensor: outputs.heatMap, index: last ? [0, row, column, classIndex] : [0, classIndex, row, column] };
      },
    };
  },
};

/** The heat map where no neighbour exceeds it, else 0. */
function peaksOf(graph: GraphBuilder, heat: string): string {
  const highest = graph.node('MaxPool', [heat], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1] });
  const peak = graph.node('Equal', [heat, highest]);
  return graph.node('Mul', [heat, graph.node('Cast', [peak], { to: DataType.float32 })]);
}
