import type { GraphBuilder } from '../../onnx/graphBuilder.js';
import { slice } from '../graphStages.js';

/** Pieces of graphs that heads share. N pictures, M places. */

/** Corners x1, y1, x2, y2 [N, M, 4] of boxes [N, M, 4] given as centre x, centre y, width, height. */
export function cornersOfCentres(graph: GraphBuilder, boxes: string): string {
  return cornersAround(graph, slice(graph, boxes, 0, 2, 2), slice(graph, boxes, 2, 4, 2));
}

/** Corners [N, M, 4] of boxes with the given centres and sides, [N, M, 2] each, x before y. */
export function cornersAround(graph: GraphBuilder, centres: string, sides: string): string {
  const half = graph.node('Mul', [sides, graph.floats('half', [0.5], [1])]);
  return graph.node('Concat', [graph.node('Sub', [centres, half]), graph.node('Add', [centres, half])], { axis: 2 });
}

/** Corners [N, M, 4] of boxes that reach `distances` [N, M, 4] (left, top, right, bottom) away from `points` [.., M, 2]. */
export function cornersOfDistances(graph: GraphBuilder, points: string, distances: string): string {
  const low = graph.node('Sub', [points, slice(graph, distances, 0, 2, 2)]);
  return graph.node('Concat', [low, graph.node('Add', [points, slice(graph, distances, 2, 4, 2)])], { axis: 2 });
}

/**
 * The columns of a table [N, M, columns] from a box, an objectness and class scores in that order: `objectness · class`.
 * @returns [N, M, C]
 */
export function jointScores(graph: GraphBuilder, rows: string, classCount: number): string {
  return graph.node('Mul', [slice(graph, rows, 5, 5 + classCount, 2), slice(graph, rows, 4, 5, 2)]);
}

/** Rows and columns of a level of the given stride. */
export interface Level {
  readonly stride: number;
  readonly rows: number;
  readonly columns: number;
}

/** The levels of an input: ⌈side / stride⌉ cells along each side. */
export function levelsOf(
  { width, height }: { readonly width: number; readonly height: number },
  strides: readonly number[],
): Level[] {
  return strides.map((stride) => ({
    stride,
    rows: Math.ceil(height / stride),
    columns: Math.ceil(width / stride),
  }));
}

/** Cells of all levels. */
export function cellCount(levels: readonly Level[]): number {
  return levels.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
}

/** `(column + offset, row + offset) · stride` of every cell, levels behind one another, rows from the top: [1, M, 2]. */
export function cellPoints(graph: GraphBuilder, levels: readonly Level[], offset: number): string {
  const values = levels.flatMap(({ stride, rows, columns }) =>
    Array.from({ length: rows * columns }, (_, i) => [
      ((i % columns) + offset) * stride,
      (Math.floor(i / columns) + offset) * stride,
    ]).flat(),
  );
  return graph.floats('points', values, [1, values.length / 2, 2]);
}

/** Each cell's stride, [1, M, 1]. */
export function cellStrides(graph: GraphBuilder, levels: readonly Level[]): string {
  const values = levels.flatMap(({ stride, rows, columns }) => new Array<number>(rows * columns).fill(stride));
  return graph.floats('strides', values, [1, values.length, 1]);
}

/**
 * Boxes of anchors, coded as by torchvision: `centre = t · side / weight + centre_anchor`, `side = exp(t / weight) · side_anchor`.
 * @param regression [N, M, 4]: x, y, w, h
 * @param anchors [M, 4]: centre x, centre y, width, height
 * @returns corners [N, M, 4]
 */
export function decodedAnchors(
  graph: GraphBuilder,
  regression: string,
  anchors: Float32Array,
  weights: readonly [number, number, number, number],
): string {
  const count = anchors.length / 4;
  const part = (from: number): string =>
    graph.floats(
      'anchor_values',
      Float32Array.from({ length: 2 * count }, (_, i) => anchors[4 * (i >> 1) + from + (i & 1)]),
      [1, count, 2],
    );
  const scaled = graph.node('Div', [regression, graph.floats('weights', weights, [1, 1, 4])]);
  const sides = part(2);
  const centres = graph.node('Add', [graph.node('Mul', [slice(graph, scaled, 0, 2, 2), sides]), part(0)]);
  // torchvision's bound on exponents, ln(1000 / 16): a box is at most that much larger than its anchor.
  const exponent = graph.node('Min', [slice(graph, scaled, 2, 4, 2), graph.floats('most', [Math.log(1000 / 16)], [1])]);
  return cornersAround(graph, centres, graph.node('Mul', [graph.node('Exp', [exponent]), sides]));
}

/** All but the first class, [N, M, C], of the softmax over [N, M, 1 + C]; all but the last where `background` is that. */
export function softmaxWithout(
  graph: GraphBuilder,
  logits: string,
  classCount: number,
  background: 'first' | 'last',
): string {
  const from = background === 'first' ? 1 : 0;
  return slice(graph, graph.node('Softmax', [logits], { axis: 2 }), from, from + classCount, 2);
}
