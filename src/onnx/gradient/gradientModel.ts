import { ExpectedError } from '../../errors.js';
import { GraphBuilder, opsetOf } from '../graphBuilder.js';
import { GraphIndex } from '../graphIndex.js';
import { DataType, type Model, type Node } from '../schema.js';
import { Backward, volume, type TensorFacts } from './backward.js';
import { RULES } from './rules.js';

/** Names of the inputs and outputs that a gradient model has beside those of its forward model. */
export const gradientNames = {
  /** int64 [K]: places in the flat tensor of scores, one for each target. */
  targets: 'targets',
  /** float32 [K, ...dims]: d score[target] / d tensor. */
  gradient: (i: number): string => `gradient_${String(i)}`,
  /** The tensor itself, as the forward pass made it. */
  value: (i: number): string => `value_${String(i)}`,
  scores: 'scores',
} as const;

export interface GradientWish {
  /** The tensor whose values are differentiated, for example class scores before suppression. */
  readonly scores: string;
  /** Tensors, an input included, at which the gradients are wanted. */
  readonly at: readonly string[];
}

/**
 * Reverse-mode differentiation of an ONNX graph into an ONNX graph: the forward model with its inputs, a further input `targets`, and as outputs
 * the scores, each wanted tensor and for each target the gradient of its score at that tensor, all in standard operators.
 *
 * Walks the nodes from the last to the first; the gradient of a tensor is the sum of what the rules of its readers give (Griewank and Walther,
 * Evaluating Derivatives, 2008, section 3.2).
 * @param facts of every tensor on the way, for the input shapes that the model will be run with (batch 1)
 * @throws ExpectedError `model` where an operator on the way cannot be differentiated, `usage` where a wanted tensor does not exist or no
 *   score depends on it
 */
export function gradientModel(model: Model, facts: TensorFacts, wish: GradientWish): Model {
  const index = new GraphIndex(model.graph);
  const graph = new GraphBuilder(opsetOf(model));
  const inputs = Object.fromEntries(
    index.inputs.map((name) => {
      const fact = facts.get(name);
      if (!fact) throw new Error(`nothing is known of the input ${name}`);
      const type = model.graph.input.find((info) => info.name === name)?.type?.tensorType?.elemType ?? DataType.float32;
      return [name, graph.input(name, type, fact.dims)];
    }),
  );
  const tensor = graph.embed(model, { prefix: 'forward/', inputs });
  const targets = graph.input(gradientNames.targets, DataType.int64, ['k']);
  const gradients = appendGradients(graph, { nodes: model.graph.node, index, tensor, facts }, wish, targets);
  const dimsOf = (name: string): readonly number[] => facts.get(name)?.dims ?? [];
  graph.output(tensor(wish.scores), gradientNames.scores, DataType.float32, dimsOf(wish.scores));
  wish.at.forEach((name, i) => {
    graph.output(tensor(name), gradientNames.value(i), DataType.float32, dimsOf(name));
    graph.output(gradients[i] ?? '', gradientNames.gradient(i), DataType.float32, ['k', ...dimsOf(name)]);
  });
  return graph.build();
}

interface ForwardGraph {
  readonly nodes: readonly Node[];
  readonly index: GraphIndex;
  readonly tensor: (name: string) => string;
  readonly facts: TensorFacts;
}

/**
 * Adds the backward nodes of a forward graph that the builder holds already.
 * @param targets int64 [K] in the builder
 * @returns tensors of the builder, float32 [K, ...dims], in the order of `wish.at`
 */
export function appendGradients(
  graph: GraphBuilder,
  { nodes, index, tensor, facts }: ForwardGraph,
  { scores, at }: GradientWish,
  targets: string,
): string[] {
  const wanted = dependents(nodes, at, facts);
  for (const name of [scores, ...at])
    if (!facts.get(name)?.float)
      throw new ExpectedError(
        'usage',
        `the model has no tensor of floats named ${name}`,
        'msal model FILE --tensors lists them',
      );
  if (!wanted.has(scores))
    throw new ExpectedError(
      'usage',
      `${scores} does not depend on ${at.join(', ')}`,
      'choose a layer between the picture and the scores',
    );
  const count = graph.node('Shape', [targets]);
  const back = new Backward(graph, { index, tensor, facts, wanted, count });
  const total = new Map<string, string>();
  const give = (name: string, gradient: string): void => {
    const before = total.get(name);
    total.set(name, before === undefined ? gradient : back.node('Add', before, gradient));
  };
  give(scores, seeds(back, targets, facts.get(scores)?.dims ?? []));
  for (const node of [...nodes].reverse()) {
    const received = node.output.map((name) => (wanted.has(name) ? total.get(name) : undefined));
    if (received.every((gradient) => gradient === undefined) || !node.input.some((name) => wanted.has(name))) continue;
    const rule = (node.domain ?? '') === '' || node.domain === 'ai.onnx' ? RULES.get(node.opType) : undefined;
    if (!rule) throw back.refusal(node);
    rule(node, received, back).forEach((gradient, i) => {
      const name = node.input[i];
      if (gradient !== undefined && name !== undefined && wanted.has(name)) give(name, gradient);
    });
  }
  return at.map((name) => total.get(name) ?? back.zeros(facts.get(name)?.dims ?? []));
}

/** One-hot [K, ...dims]: the gradient of score[target] at the scores. */
function seeds(back: Backward, targets: string, dims: readonly number[]): string {
  const depth = back.graph.integers('depth', [volume(dims)], []);
  const oneHot = back.graph.node('OneHot', [targets, depth, back.graph.floats('values', [0, 1], [2])], { axis: -1 });
  return back.reshape(oneHot, dims);
}

/** Float tensors that depend on `at`, themselves included: only through those can gradients reach them. */
function dependents(nodes: readonly Node[], at: readonly string[], facts: TensorFacts): Set<string> {
  const found = new Set(at);
  for (const node of nodes) {
    if (!node.input.some((name) => found.has(name))) continue;
    for (const name of node.output) if (facts.get(name)?.float === true) found.add(name);
  }
  return found;
}
