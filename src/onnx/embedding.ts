import { ExpectedError } from '../errors.js';
import type { Attribute, Graph, Node, Tensor } from './schema.js';

interface Embedding {
  readonly prefix: string;
  /** The copied graph's input name → tensor of the receiving graph. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Called with every name that the copy brings in. */
  readonly claim: (name: string) => void;
}

/**
 * Copies `source`'s nodes and initialisers into `target` under prefixed names, its inputs replaced by tensors of `target`.
 * Value infos are left behind: they are hints, and wrong ones once a batch dimension changes. Nested graphs (`If`, `Loop`)
 * are renamed alike, so that what they capture still resolves.
 * @returns the name in `target` of a tensor of `source`
 */
export function copyInto(target: Graph, source: Graph, embedding: Embedding): (name: string) => string {
  const { prefix, inputs, claim } = embedding;
  const initialised = new Set(source.initializer.map((tensor) => tensor.name));
  for (const { name } of source.input) {
    // Before IR version 4 every initialiser was listed as an input too.
    if (!(name in inputs) && !initialised.has(name))
      throw new ExpectedError(
        'model',
        `the model has an input ${name} that nothing is known about`,
        `name the image input in the manifest; the model's inputs are ${source.input.map((input) => input.name).join(', ')}`,
      );
  }
  for (const name of Object.keys(inputs)) {
    if (!source.input.some((input) => input.name === name))
      throw new ExpectedError(
        'model',
        `the model has no input named ${name}`,
        `its inputs are ${source.input.map((input) => input.name).join(', ')}: name one of them in the manifest`,
      );
  }
  const rename = (name: string): string =>
    name === '' ? '' : Object.hasOwn(inputs, name) ? inputs[name] : prefix + name;
  for (const tensor of source.initializer) {
    if (Object.hasOwn(inputs, tensor.name ?? '')) continue;
    claim(rename(tensor.name ?? ''));
    target.initializer.push(renamedTensor(tensor, rename));
  }
  for (const node of source.node) {
    for (const name of node.output) if (name !== '') claim(rename(name));
    target.node.push(renamedNode(node, rename));
  }
  return rename;
}

type Rename = (name: string) => string;

// Spreading a decoded message keeps only what the file held (defaults live on its prototype); the fields that
// schema.ts does not list are carried over by hand, as protobufjs keeps them in a property that is not enumerable
// (by its design).
function clone<T extends object>(message: T, changes: Partial<T>): T {
  const unknown = (message as { $unknowns?: Uint8Array[] }).$unknowns;
  const copy = { ...message, ...changes };
  return unknown ? Object.assign(copy, { $unknowns: unknown }) : copy;
}

function renamedTensor(tensor: Tensor, rename: Rename): Tensor {
  return clone(tensor, { dims: tensor.dims, name: rename(tensor.name ?? '') });
}

function renamedNode(node: Node, rename: Rename): Node {
  return clone(node, {
    name: rename(node.name ?? ''),
    input: node.input.map(rename),
    output: node.output.map(rename),
    attribute: node.attribute.map((attribute) => renamedAttribute(attribute, rename)),
  });
}

function renamedAttribute(attribute: Attribute, rename: Rename): Attribute {
  const hasGraph = Object.hasOwn(attribute, 'g') && attribute.g;
  if (!hasGraph && !attribute.graphs?.length) return attribute;
  return clone(attribute, {
    ...(hasGraph ? { g: renamedGraph(hasGraph, rename) } : {}),
    ...(attribute.graphs?.length ? { graphs: attribute.graphs.map((graph) => renamedGraph(graph, rename)) } : {}),
  });
}

function renamedGraph(graph: Graph, rename: Rename): Graph {
  return clone(graph, {
    node: graph.node.map((node) => renamedNode(node, rename)),
    initializer: graph.initializer.map((tensor) => renamedTensor(tensor, rename)),
    input: graph.input.map((info) => clone(info, { name: rename(info.name) })),
    output: graph.output.map((info) => clone(info, { name: rename(info.name) })),
    valueInfo: [],
  });
}
