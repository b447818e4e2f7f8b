import { floatAttribute, intAttribute } from '../attributes.js';
import type { Backward, Rule } from './backward.js';

/** A forward tensor with its last two axes exchanged. */
function transposed(back: Backward, name: string): string {
  const rank = back.dims(name).length;
  const perm = Array.from({ length: rank }, (_, i) => i);
  perm.splice(rank - 2, 2, rank - 1, rank - 2);
  return back.graph.node('Transpose', [back.forward(name)], { perm });
}

/** Y = A·B: ∂/∂A = G·Bᵀ, ∂/∂B = Aᵀ·G, summed over broadcast batch axes. */
const matMul: Rule = (node, [gradient], back) => {
  const [a = '', b = ''] = node.input;
  if (gradient === undefined) return [];
  const [aDims, bDims] = [back.dims(a), back.dims(b)];
  if (aDims.length < 2 || bDims.length < 2) throw back.refusal(node, 'one of its inputs is a vector');
  const batch = back.dims(node.output[0] ?? '').slice(0, -2);
  const to = (made: string, dims: readonly number[]): string => back.sumTo(made, [...batch, ...dims.slice(-2)], dims);
  return [
    back.wants(a) ? to(back.node('MatMul', gradient, transposed(back, b)), aDims) : undefined,
    back.wants(b) ? to(back.node('MatMul', transposed(back, a), gradient), bDims) : undefined,
  ];
};

/** Y = α·A'·B' + β·C, A' and B' transposed where asked. */
const gemm: Rule = (node, [gradient], back) => {
  const [a = '', b = '', c] = node.input;
  if (gradient === undefined) return [];
  const scaled = (value: number): string => (value === 1 ? gradient : back.node('Mul', gradient, back.scalar(value)));
  const weighted = scaled(floatAttribute(node, 'alpha', 1));
  const swap = (tensor: string): string => back.graph.node('Transpose', [tensor], { perm: [0, 2, 1] });
  const turnedA = intAttribute(node, 'transA', 0) === 1;
  const turnedB = intAttribute(node, 'transB', 0) === 1;
  const towardsA = (): string => {
    const other = turnedB ? back.forward(b) : transposed(back, b);
    const made = back.node('MatMul', weighted, other);
    return turnedA ? swap(made) : made;
  };
  const towardsB = (): string => {
    const other = turnedA ? back.forward(a) : transposed(back, a);
    const made = back.node('MatMul', other, weighted);
    return turnedB ? swap(made) : made;
  };
  return [
    back.wants(a) ? towardsA() : undefined,
    back.wants(b) ? towardsB() : undefined,
    c !== undefined && back.wants(c)
      ? back.sumTo(scaled(floatAttribute(node, 'beta', 1)), back.dims(node.output[0] ?? ''), back.dims(c))
      : undefined,
  ];
};

/** Products of matrices. */
export const matrix: Readonly<Record<string, Rule>> = { MatMul: matMul, Gemm: gemm };
