import { intAttribute, intsAttribute } from '../attributes.js';
import type { Node } from '../schema.js';
import { frontAxis, volume, type Backward, type Rule } from './backward.js';

/** Axes that a reduction drops, counted from the front, and its output's shape with them kept as 1. */
function reduced(node: Node, back: Backward): { axes: number[]; kept: number[] } {
  const dims = back.dims(node.input[0] ?? '');
  const asInput = node.input[1];
  const named = asInput ? back.integers(asInput) : intsAttribute(node, 'axes', []);
  if (named === undefined) throw back.refusal(node, 'its axes depend on the picture');
  const nothing = intAttribute(node, 'noop_with_empty_axes', 0) === 1;
  const axes =
    named.length === 0 && !nothing ? dims.map((_, i) => i) : named.map((axis) => frontAxis(axis, dims.length));
  return { axes, kept: dims.map((side, i) => (axes.includes(i) ? 1 : side)) };
}

/** A rule for a reduction: what each reduced value receives, from the gradient spread over it. */
function reduction(
  share: (back: Backward, spread: string, x: string, y: string, size: number, axes: readonly number[]) => string,
): Rule {
  return (node, [gradient], back) => {
    const [input = ''] = node.input;
    if (gradient === undefined || !back.wants(input)) return [];
    const dims = back.dims(input);
    const { axes, kept } = reduced(node, back);
    const y = back.graph.reshape(back.forward(node.output[0] ?? ''), kept);
    const size = volume(axes.map((axis) => dims[axis] ?? 1));
    const spread = back.reshape(gradient, kept);
    return [back.expand(share(back, spread, back.forward(input), y, size, axes), dims)];
  };
}

/** An extreme value's gradient is shared by all that are equal to it, as PyTorch's `amax` does. */
const extreme = reduction((back, spread, x, y, _size, axes) => {
  const equal = back.mask(back.node('Equal', x, y));
  return back.node('Mul', spread, back.node('Div', equal, back.sum(equal, axes, true)));
});

/** Operators that reduce axes. */
export const reductions: Readonly<Record<string, Rule>> = {
  ReduceSum: reduction((_back, spread) => spread),
  ReduceMean: reduction((back, spread, _x, _y, size) => back.node('Mul', spread, back.scalar(1 / size))),
  ReduceMax: extreme,
  ReduceMin: extreme,
  /** ‖x‖₂: x/‖x‖₂ */
  ReduceL2: reduction((back, spread, x, y) => back.node('Mul', spread, back.node('Div', x, y))),
  ReduceL1: reduction((back, spread, x) => back.node('Mul', spread, back.node('Sign', x))),
  ReduceSumSquare: reduction((back, spread, x) => back.node('Mul', spread, back.node('Mul', x, back.scalar(2)))),
  /** log Σ eˣ: eˣ⁻ʸ */
  ReduceLogSumExp: reduction((back, spread, x, y) =>
    back.node('Mul', spread, back.node('Exp', back.node('Sub', x, y))),
  ),
};
