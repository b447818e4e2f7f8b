import type { GraphBuilder } from '../../onnx/graphBuilder.js';
import { DataType } from '../../onnx/schema.js';

/**
 * Masks as graph nodes. A mask is a coarse grid G [rows, columns], upsampled bilinearly (pixel centres at half-integers,
 * border repeated) to `rows / step` pixels and cut out at an offset: `M = R_y · G · R_xᵀ`, where pixel i of an axis sees cell
 * k with the weight `max(0, 1 − |clip((i + 0.5 + offset)·step − 0.5, 0, cells − 1) − k|)`. See saliency/gridMask.ts for the
 * same in JavaScript.
 *
 * The batch size keeps its name from the inputs to the network: where ONNX Runtime cannot tell that two batch sizes are equal, it
 * leaves the residual additions out of the convolutions, which costs a pass several per cent.
 */

export interface GridInputs {
  /** float32 [B, rows, columns]. */
  readonly grids: string;
  /** float32 [B, 2]: offset in pixels, y and x. */
  readonly offsets: string;
  /** float32 [2]: cells per pixel, y and x. */
  readonly steps: string;
}

/** Masks [B, height, width] of the grids. */
export function gridMasks(
  graph: GraphBuilder,
  inputs: GridInputs,
  { height, width }: { readonly height: number; readonly width: number },
): string {
  const down = axisWeights(graph, inputs, 0, height);
  const across = axisWeights(graph, inputs, 1, width);
  return graph.node('MatMul', [graph.node('MatMul', [down, inputs.grids]), across]);
}

/** What turns masks at the size of the input into masks of a coarser map: see `averagedMasks`. */
export interface Averaging {
  /** float32 [rows, H]: share of each pixel row in the rows of the map. */
  readonly rowShares: string;
  /** float32 [W, columns]. */
  readonly columnShares: string;
  /** float32 [1, rows, columns]: what is added, 1 − the share of the cell that the picture fills. */
  readonly outside: string;
}

/**
 * Masks [B, rows, columns] of the grids, averaged over the area of each cell: `A_y · M · A_xᵀ + outside` with M of `gridMasks`,
 * made of the small factors, `(A_y R_y) · G · (R_xᵀ A_xᵀ)`. Pixels with no share count as not masked by way of `outside`.
 */
export function averagedMasks(
  graph: GraphBuilder,
  inputs: GridInputs,
  { rowShares, columnShares, outside }: Averaging,
  { height, width }: { readonly height: number; readonly width: number },
): string {
  const down = graph.node('MatMul', [rowShares, axisWeights(graph, inputs, 0, height)]);
  const across = graph.node('MatMul', [axisWeights(graph, inputs, 1, width), columnShares]);
  return graph.node('Add', [graph.node('MatMul', [graph.node('MatMul', [down, inputs.grids]), across]), outside]);
}

/** Weights of an axis: R_y [B, length, cells] for axis 0, R_xᵀ [B, cells, length] for axis 1. */
function axisWeights(graph: GraphBuilder, { grids, offsets, steps }: GridInputs, axis: 0 | 1, length: number): string {
  const tall = axis === 0;
  const scalar = (tensor: string, along: number): string =>
    graph.node('Gather', [tensor, graph.integers('index', [axis])], { axis: along });
  const centres = Float32Array.from({ length }, (_, i) => i + 0.5);
  const pixels = graph.floats('pixels', centres, tall ? [1, length, 1] : [1, 1, length]);
  const offset = graph.reshape(scalar(offsets, 1), [0, 1, 1]);
  const scaled = graph.node('Mul', [graph.node('Add', [pixels, offset]), scalar(steps, 0)]);
  const position = graph.node('Sub', [scaled, graph.floats('half', [0.5], [1])]);
  const shape = graph.node('Shape', [grids]);
  const count = graph.node('Gather', [shape, graph.integers('axis', [axis + 1], [])], { axis: 0 });
  const range = graph.node('Range', [graph.integers('zero', [0], []), count, graph.integers('one', [1], [])]);
  const cells = graph.reshape(graph.node('Cast', [range], { to: DataType.float32 }), tall ? [1, 1, -1] : [1, -1, 1]);
  const last = graph.node('Sub', [
    graph.node('Cast', [count], { to: DataType.float32 }),
    graph.floats('one', [1], [1]),
  ]);
  const inside = graph.node('Max', [graph.node('Min', [position, last]), graph.floats('zero', [0], [1])]);
  const distance = graph.node('Abs', [graph.node('Sub', [inside, cells])]);
  return graph.node('Relu', [graph.node('Sub', [graph.floats('one', [1], [1]), distance])]);
}

/**
 * Masked pictures [B, 3, H, W], `ground + M·contrast`: equation 3 of the study where the ground is black.
 * @param masks [B, H, W], 0 to 1
 * @param contrast [1, 3, H, W]: the normalised picture minus the normalised fill; 0 in the padding
 * @param ground [1, 3, H, W]: the normalised fill; 0 in the padding
 */
export function maskedPictures(
  graph: GraphBuilder,
  masks: string,
  { contrast, ground }: { readonly contrast: string; readonly ground: string },
  { height, width }: { readonly height: number; readonly width: number },
): string {
  const planes = graph.reshape(masks, [0, 1, height, width]);
  return graph.node('Add', [graph.node('Mul', [planes, contrast]), ground]);
}
