import type { TensorFacts } from '../../onnx/gradient/backward.js';
import type { Model, Node } from '../../onnx/schema.js';

/**
 * The layers at which a detector's reasons are asked unless the user names others: the last feature maps that both the scores and the boxes are
 * made from, which is where neck ends and head begins. Where scores and boxes leave one convolution together, what that convolution reads.
 * @param model forward model whose outputs are `scores` and `boxes`
 * @returns tensors [1, channels, rows, columns] of the model in the order of the graph; empty where there is no such map
 */
export function neckLayers(model: Model, facts: TensorFacts, scores: string, boxes: string): string[] {
  const { node: nodes } = model.graph;
  const forScores = ancestors(nodes, scores);
  const forBoxes = ancestors(nodes, boxes);
  const shared = (name: string): boolean => forScores.has(name) && forBoxes.has(name);
  const isMap = (name: string): boolean => {
    const fact = facts.get(name);
    return fact?.float === true && fact.dims.length === 4;
  };
  const convolutions = nodes.filter(({ opType, output }) => opType === 'Conv' && forScores.has(output[0] ?? ''));
  const towardsScores = convolutions.filter(({ output }) => !shared(output[0] ?? ''));
  const branching = unique(towardsScores.map(({ input }) => input[0] ?? '')).filter(
    (name) => shared(name) && isMap(name),
  );
  return branching.length > 0
    ? branching
    : unique(lastOf(nodes, convolutions).map(({ input }) => input[0] ?? '')).filter(isMap);
}

/** Every tensor that `name` is made from, itself included. */
function ancestors(nodes: readonly Node[], name: string): Set<string> {
  const found = new Set([name]);
  for (const node of [...nodes].reverse())
    if (node.output.some((output) => found.has(output))) for (const input of node.input) found.add(input);
  return found;
}

/** Those of the convolutions that lead to no other one. */
function lastOf(nodes: readonly Node[], convolutions: readonly Node[]): Node[] {
  const before = new Set<string>();
  for (const node of [...nodes].reverse()) {
    const leads = convolutions.includes(node) || node.output.some((output) => before.has(output));
    if (leads) for (const input of node.input) before.add(input);
  }
  return convolutions.filter(({ output }) => !output.some((name) => before.has(name)));
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
