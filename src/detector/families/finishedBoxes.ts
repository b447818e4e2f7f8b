import { DataType } from '../../onnx/schema.js';
import type { GraphBuilder } from '../../onnx/graphBuilder.js';
import type { ScoredBoxes } from './family.js';

/**
 * Boxes that each have one score and the number of one class, as scored boxes: the score stands at its class, all other classes are 0.
 * One box of score 0 is added, as an export with suppression inside may find none at all.
 * @param boxes [N, K, 4], corners in input pixels
 * @param scores [N, K, 1]
 * @param classes [N, K, 1], float32
 */
export function finishedBoxes(
  graph: GraphBuilder,
  { boxes, scores, classes }: { readonly boxes: string; readonly scores: string; readonly classes: string },
  classCount: number,
  firstClass: number,
): ScoredBoxes {
  const numbers = Array.from({ length: classCount }, (_, i) => i + firstClass);
  const range = graph.floats('class_numbers', numbers, [1, 1, classCount]);
  const distance = graph.node('Abs', [graph.node('Sub', [classes, range])]);
  const own = graph.node('Cast', [graph.node('Less', [distance, graph.floats('half', [0.5], [1])])], {
    to: DataType.float32,
  });
  const wide = graph.node('Mul', [own, scores]);
  return { scores: withNothing(graph, wide, classCount), boxes: withNothing(graph, boxes, 4) };
}

/** [N, K + 1, depth]: a row of zeros behind the others. */
function withNothing(graph: GraphBuilder, rows: string, depth: number): string {
  const batch = graph.node('Gather', [graph.node('Shape', [rows]), graph.integers('axis', [0])], { axis: 0 });
  const shape = graph.node('Concat', [batch, graph.integers('row', [1, depth])], { axis: 0 });
  const zero = graph.node('Expand', [graph.floats('zero', [0], [1, 1, 1]), shape]);
  return graph.node('Concat', [rows, zero], { axis: 1 });
}
