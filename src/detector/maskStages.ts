import type { GraphBuilder } from '../onnx/graphBuilder.js';
import { DataType } from '../onnx/schema.js';

/**
 * Masks as graph nodes. A mask is a coarse grid G [rows, columns], upsampled bilinearly (pixel centres at half-integers,
 * border repeated) to `rows / step` pixels and cut out at an offset: `M = R_y · G · R_xᵀ`, where pixel i of an axis sees cell
 * k with the weight `max(0, 1 − |clip((i + 0.5 + offset)·step − 0.5, 0, cells − 1) − k|)`. See saliency/gridMask.ts for the
 * same in JavaScript.
 */

interface GridInputs {
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
  { grids, offsets, steps }: GridInputs,
  { height, width }: { readonly height: number; readonly width: number },
): string {
  const shape = graph.node('Shape', [grids]);
  const scalar = (tensor: string, index: number, axis: number): string =>
    graph.node('Gather', [tensor, graph.integers('index', [index])], { axis });
  /** Weights of an axis, [B, length, cells] for `tall`, else [B, cells, length]. */
  const weights = (axis: 0 | 1, length: number, tall: boolean): string => {
    const centres = Float32Array.from({ length }, (_, i) => i + 0.5);
    const pixels = graph.floats('pixels', centres, tall ? [1, length, 1] : [1, 1, length]);
    const offset = graph.reshape(scalar(offsets, axis, 1), [-1, 1, 1]);
    const scaled = graph.node('Mul', [graph.node('Add', [pixels, offset]), scalar(steps, axis, 0)]);
    const position = graph.node('Sub', [scaled, graph.floats('half', [0.5], [1])]);
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
  };
  const down = weights(0, height, true);
  const across = weights(1, width, false);
  return graph.node('MatMul', [graph.node('MatMul', [down, grids]), across]);
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
  const planes = graph.reshape(masks, [-1, 1, height, width]);
  return graph.node('Add', [graph.node('Mul', [planes, contrast]), ground]);
}
