import { ExpectedError } from '../errors.js';
import type { Attribute, Graph, Model, Node } from './schema.js';

/** Names that a node reads, also inside the graphs of `If` and `Loop`. */
export function inputsOf(node: Node): string[] {
  const nested = node.attribute.flatMap(graphsOf).flatMap((graph) => {
    const own = new Set(graph.node.flatMap(({ output }) => output));
    return [...graph.node.flatMap(inputsOf), ...graph.output.map(({ name }) => name)].filter((name) => !own.has(name));
  });
  return [...node.input, ...nested].filter((name) => name !== '');
}

function graphsOf({ g, graphs }: Attribute): Graph[] {
  return [...(g ? [g] : []), ...(graphs ?? [])];
}

/**
 * The part of a model that makes `outputs` of `inputs`, any tensors of it: nodes and weights that lie between, nothing else.
 * The new model's inputs and outputs have no types; embed it (see GraphBuilder) to give it some. Nothing is copied: nodes and
 * weights are the model's own.
 * @throws ExpectedError `model` where a tensor does not exist, or an output also depends on an input of the model that is not
 *   among `inputs`
 */
export function subgraph(model: Model, inputs: readonly string[], outputs: readonly string[]): Model {
  const { graph } = model;
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name ?? '', tensor]));
  const given = new Set(inputs);
  const nodes = new Set<Node>();
  const used = new Set<string>();
  const open = [...outputs];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (given.has(name) || used.has(name)) continue;
    used.add(name);
    if (weights.has(name)) continue;
    const node = producers.get(name);
    if (!node)
      throw new ExpectedError(
        'model',
        `the model cannot be cut at ${inputs.join(', ')}: its outputs also depend on ${name}`,
        'name tensors through which everything passes (outputs.backboneFeatures in the manifest)',
      );
    if (nodes.has(node)) continue;
    nodes.add(node);
    open.push(...inputsOf(node));
  }
  for (const name of inputs)
    if (!producers.has(name) && !graph.input.some((input) => input.name === name))
      throw new ExpectedError('model', `the model has no tensor named ${name}`, 'correct the manifest');
  return {
    ...model,
    graph: {
      name: graph.name,
      node: graph.node.filter((node) => nodes.has(node)),
      initializer: graph.initializer.filter((tensor) => used.has(tensor.name ?? '')),
      input: inputs.map((name) => ({ name })),
      output: outputs.map((name) => ({ name })),
      valueInfo: [],
    },
  };
}
