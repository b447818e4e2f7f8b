import type { GraphBuilder } from '../onnx/graphBuilder.js';
import type { AnchorGrid } from './anchors.js';

/**
 * The network's outputs as they lie in memory, all levels behind one another. Turning [N, A·depth, h, w] into rows costs a
 * transposition of half a million numbers a pass; whoever needs some anchors only reads them where they are.
 */
export interface FlatLayout {
  /** Where value `d` of an anchor (its index in `AnchorGrid`) lies in [N, anchors · depth]. */
  readonly at: (anchor: number, d: number) => number;
  /** Anchor at each position of `flatBest`. */
  readonly order: Int32Array;
}

/** @param levels true for one [N, A·depth, h, w] a level, false for a single [N, anchors, depth] */
export function flatLayout(grid: AnchorGrid, depth: number, levels: boolean): FlatLayout {
  if (!levels)
    return { at: (anchor, d) => anchor * depth + d, order: Int32Array.from({ length: grid.count }, (_, i) => i) };
  const { perCell } = grid;
  const base = new Int32Array(grid.count);
  const step = new Int32Array(grid.count);
  const order = new Int32Array(grid.count);
  for (const { first, rows, columns } of grid.levels) {
    const cells = rows * columns;
    for (let cell = 0; cell < cells; cell++)
      for (let a = 0; a < perCell; a++) {
        const anchor = first + cell * perCell + a;
        base[anchor] = first * depth + a * depth * cells + cell;
        step[anchor] = cells;
        order[first + a * cells + cell] = anchor;
      }
  }
  return { at: (anchor, d) => base[anchor] + d * step[anchor], order };
}

/** Outputs of all levels as [N, anchors · depth] in `FlatLayout`. */
export function flatOutputs(graph: GraphBuilder, tensors: readonly string[]): string {
  const flat = tensors.map((tensor) => graph.reshape(tensor, [0, -1]));
  return flat.length === 1 ? flat[0] : graph.node('Concat', flat, { axis: 1 });
}

/**
 * Values [N, …] of `flat` [N, values] at the places `indices`, int32 of any shape, as [N, number of indices]. Gather along the
 * last axis does the same and takes seven times as long, as it copies value by value.
 */
export function gatherFlat(graph: GraphBuilder, flat: string, indices: string): string {
  const batch = graph.node('Gather', [graph.node('Shape', [flat]), graph.integers('axis', [0])], { axis: 0 });
  const shape = graph.node('Concat', [batch, graph.integers('one', [1])], { axis: 0 });
  const everywhere = graph.node('Expand', [graph.reshape(indices, [1, -1]), shape]);
  return graph.node('GatherElements', [flat, everywhere], { axis: 1 });
}

/** Each anchor's best class logit, [N, anchors], in the order of `FlatLayout.order`. */
export function flatBest(
  graph: GraphBuilder,
  tensors: readonly string[],
  grid: AnchorGrid,
  classCount: number,
): string {
  if (tensors.length === 1) return graph.reduceMax(tensors[0], 2);
  const best = tensors.map((tensor, i) => {
    const { rows, columns } = grid.levels[i];
    const classes = graph.reshape(tensor, [-1, grid.perCell, classCount, rows * columns]);
    return graph.reshape(graph.reduceMax(classes, 2), [0, -1]);
  });
  return graph.node('Concat', best, { axis: 1 });
}
