import type { GraphBuilder } from '../onnx/graphBuilder.js';
import type { AnchorGrid } from './anchors.js';

/**
 * The stages around a plain EfficientDet, each a few ONNX nodes, so that a detector or an explainer can be put together as
 * one graph. Tensors are named by strings; shapes stand in brackets; N images, M anchors, C classes, K chosen anchors.
 */

/**
 * Outputs of all levels as rows, [N, M, depth], anchors in the order of `AnchorGrid`.
 * @param tensors one [N, A·depth, h, w] for each level, or a single [N, M, depth]
 */
export function joinLevels(graph: GraphBuilder, tensors: readonly string[], depth: number): string {
  const [single] = tensors;
  if (tensors.length === 1 && single !== undefined) return single;
  const rows = tensors.map((tensor) =>
    graph.reshape(graph.node('Transpose', [tensor], { perm: [0, 2, 3, 1] }), [0, -1, depth]),
  );
  return graph.node('Concat', rows, { axis: 1 });
}

/** Rows [N, K, depth] of `rows` [N, M, depth] at `indices` int64 [N, K]. */
export function gatherRows(graph: GraphBuilder, rows: string, indices: string, depth: number): string {
  const wide = graph.node('Expand', [graph.reshape(indices, [0, -1, 1]), graph.integers('width', [1, 1, depth])]);
  return graph.node('GatherElements', [rows, wide], { axis: 1 });
}

/**
 * Boxes x1, y1, x2, y2 in input pixels, [N, K, 4], of the anchors at `indices` int64 [N, K]:
 * `centre = t_{y,x} · side + centre_anchor`, `side = exp(t_{h,w}) · side_anchor` (EfficientDet, RetinaNet).
 * @param regression [N, M, 4]: ty, tx, th, tw
 */
export function decodeBoxes(graph: GraphBuilder, regression: string, indices: string, anchors: AnchorGrid): string {
  const part = (from: number): Float32Array =>
    Float32Array.from({ length: 2 * anchors.count }, (_, i) => anchors.boxes[4 * (i >> 1) + from + (i & 1)]);
  const anchorRows = (name: string, from: number): string =>
    graph.node('Gather', [graph.floats(name, part(from), [anchors.count, 2]), indices], { axis: 0 });
  const chosen = gatherRows(graph, regression, indices, 4);
  const { low, high } = boxCorners(graph, chosen, anchorRows('anchor_centres', 0), anchorRows('anchor_sides', 2));
  const corners = graph.node('Concat', [low, high], { axis: 2 });
  return graph.node('Gather', [corners, graph.integers('xyxy', [1, 0, 3, 2])], { axis: 2 });
}

/** As `decodeBoxes`, of all anchors: [N, M, 4]. */
export function decodeAllBoxes(graph: GraphBuilder, regression: string, { boxes, count }: AnchorGrid): string {
  const part = (from: number): string =>
    graph.floats(
      'anchor_part',
      Float32Array.from({ length: 2 * count }, (_, i) => boxes[4 * (i >> 1) + from + (i & 1)]),
      [1, count, 2],
    );
  const { low, high } = boxCorners(graph, regression, part(0), part(2));
  const corners = graph.node('Concat', [low, high], { axis: 2 });
  return graph.node('Gather', [corners, graph.integers('xyxy', [1, 0, 3, 2])], { axis: 2 });
}

/** Lower and upper corners of boxes, y before x. */
export interface Corners {
  readonly low: string;
  readonly high: string;
}

/**
 * The corners, [..., 2] each, of the boxes that anchors make: the equation of `decodeBoxes`.
 * @param deltas [..., 4]: ty, tx, th, tw
 * @param centres [..., 2]: y, x of the anchors
 * @param sides [..., 2]: their height and width
 * @param axis where 4 and 2 stand; the last if not given
 */
export function boxCorners(graph: GraphBuilder, deltas: string, centres: string, sides: string, axis = -1): Corners {
  const shift = slice(graph, deltas, 0, 2, axis);
  const centre = graph.node('Add', [graph.node('Mul', [shift, sides]), centres]);
  const side = graph.node('Mul', [graph.node('Exp', [slice(graph, deltas, 2, 4, axis)]), sides]);
  const half = graph.node('Mul', [side, graph.floats('half', [0.5], [1])]);
  return { low: graph.node('Sub', [centre, half]), high: graph.node('Add', [centre, half]) };
}

/** The elements from `from` up to `to` of an axis. */
export function slice(graph: GraphBuilder, tensor: string, from: number, to: number, axis: number): string {
  const [starts, ends, axes] = [from, to, axis].map((value) => graph.integers('slice', [value]));
  return graph.node('Slice', [tensor, starts, ends, axes]);
}
