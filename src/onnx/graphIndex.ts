import { ExpectedError } from '../errors.js';
import type { Graph, Node, Tensor } from './schema.js';
import { float32Values, shapeOf } from './tensors.js';

/** A constant of the graph as float32 values. */
export interface ConstantValues {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Looks up who makes a tensor, for walking a graph from its outputs to its inputs. */
export class GraphIndex {
  readonly #producers = new Map<string, Node>();
  readonly #initializers = new Map<string, Tensor>();
  readonly graph: Graph;

  constructor(graph: Graph) {
    this.graph = graph;
    for (const node of graph.node) for (const name of node.output) this.#producers.set(name, node);
    for (const tensor of graph.initializer) this.#initializers.set(tensor.name ?? '', tensor);
  }

  /** The node that makes `tensor`; undefined for inputs and initialisers. */
  producer(tensor: string): Node | undefined {
    return this.#producers.get(tensor);
  }

  /** Names of the graph's outputs. */
  get outputs(): string[] {
    return this.graph.output.map(({ name }) => name);
  }

  /** Names of the inputs that are no weights. */
  get inputs(): string[] {
    return this.graph.input.map(({ name }) => name).filter((name) => !this.#initializers.has(name));
  }

  /**
   * The stored tensor that `name` stands for, seen through Cast, Identity and Constant nodes;
   * undefined where it is computed from an input.
   */
  constantTensor(name: string): Tensor | undefined {
    // A chain longer than this is no weight.
    for (let steps = 0; steps < 8; steps++) {
      const stored = this.#initializers.get(name);
      if (stored) return stored;
      const node = this.#producers.get(name);
      if (node?.opType === 'Constant') return node.attribute.find((attribute) => attribute.name === 'value')?.t;
      if (node?.opType !== 'Cast' && node?.opType !== 'Identity') return undefined;
      name = node.input[0] ?? '';
    }
    return undefined;
  }

  /**
   * The float values behind `name` (an initialiser of any float width, or a Cast or Identity of one).
   * @throws ExpectedError `model` where there is no such constant
   */
  constantValues(name: string): ConstantValues {
    const tensor = this.constantTensor(name);
    if (!tensor)
      throw new ExpectedError(
        'model',
        `the model has no weights named ${name}`,
        "correct the manifest's classHead, or leave it out to have the class head found by walking the graph",
      );
    return { shape: shapeOf(tensor), values: float32Values(tensor) };
  }
}
