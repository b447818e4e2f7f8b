import { ExpectedError } from '../../errors.js';
import type { GraphBuilder } from '../graphBuilder.js';
import type { ConstantValues, GraphIndex } from '../graphIndex.js';
import { DataType, type Node, type Tensor } from '../schema.js';
import { integerValues, shapeOf } from '../tensors.js';

/** What is known of a tensor of the forward graph before it runs. */
export interface TensorFact {
  readonly dims: readonly number[];
  /** Whether it holds floats: only those have gradients. */
  readonly float: boolean;
  /** Its values where it holds few whole numbers (shapes, axes, starts, indices) that do not depend on the picture. */
  readonly integers?: readonly number[];
}

export type TensorFacts = ReadonlyMap<string, TensorFact>;

/** What a stored tensor tells. */
export function constantFact(tensor: Tensor): TensorFact {
  const integers = integerValues(tensor);
  return {
    dims: shapeOf(tensor),
    float: tensor.dataType === DataType.float32,
    ...(integers === undefined ? {} : { integers }),
  };
}

/**
 * One operator's rule. Gradients have the tensor's shape behind a first axis of K targets: `[K, ...dims]`.
 * @param gradients of the node's outputs; at least one is there
 * @returns gradients of the node's inputs; undefined where none is wanted or none flows
 */
export type Rule = (node: Node, gradients: readonly (string | undefined)[], back: Backward) => (string | undefined)[];

interface Forward {
  /** Walks the forward graph, for its constants. */
  readonly index: GraphIndex;
  /** The name in the receiving graph of a tensor of the forward graph. */
  readonly tensor: (name: string) => string;
  readonly facts: TensorFacts;
  /** Tensors that depend on what gradients are wanted of. */
  readonly wanted: ReadonlySet<string>;
  /** int64 [1] in the receiving graph: K. */
  readonly count: string;
}

/**
 * What rules build with: the receiving graph, the forward tensors in it, and what is known of them. A forward tensor `[...dims]` and a gradient
 * `[K, ...dims]` meet in elementwise operators by broadcasting.
 */
export class Backward {
  readonly graph: GraphBuilder;
  readonly #forward: Forward;

  constructor(graph: GraphBuilder, forward: Forward) {
    this.graph = graph;
    this.#forward = forward;
  }

  /** A forward tensor's name in the receiving graph. */
  forward(name: string): string {
    return this.#forward.tensor(name);
  }

  /** Whether a gradient of the forward tensor `name` leads anywhere. */
  wants(name: string | undefined): name is string {
    return name !== undefined && this.#forward.wanted.has(name);
  }

  /** Shape of a forward tensor. */
  dims(name: string): readonly number[] {
    const fact = this.#forward.facts.get(name);
    if (!fact) throw new Error(`nothing is known of the tensor ${name}`);
    return fact.dims;
  }

  /** Values of a tensor of whole numbers, where they are known before the graph runs. */
  integers(name: string | undefined): readonly number[] | undefined {
    return name === undefined || name === '' ? undefined : this.#forward.facts.get(name)?.integers;
  }

  /** Values of a constant float tensor; undefined where it is computed. */
  constant(name: string): ConstantValues | undefined {
    return this.#forward.index.constantTensor(name) ? this.#forward.index.constantValues(name) : undefined;
  }

  node(opType: string, ...inputs: string[]): string {
    return this.graph.node(opType, inputs);
  }

  /** A float32 scalar. */
  scalar(value: number): string {
    return this.graph.floats('scalar', [value], []);
  }

  /** `gradient` with its axes behind the first as `dims`. */
  reshape(gradient: string, dims: readonly number[]): string {
    return this.graph.reshape(gradient, [-1, ...dims]);
  }

  /** A gradient `[K, n, ...rest]` as `[K·n, ...rest]`, for operators that know one batch axis only. */
  fold(gradient: string, dims: readonly number[]): string {
    return this.graph.reshape(gradient, [-1, ...dims.slice(1)]);
  }

  /** Zeros `[K, ...dims]`. */
  zeros(dims: readonly number[]): string {
    const shape = this.graph.node('Concat', [this.#forward.count, this.graph.integers('dims', dims)], { axis: 0 });
    return this.node('Expand', this.scalar(0), shape);
  }

  /** `tensor` repeated to `[K, ...dims]` by broadcasting. */
  expand(tensor: string, dims: readonly number[]): string {
    const shape = this.graph.node('Concat', [this.#forward.count, this.graph.integers('dims', dims)], { axis: 0 });
    return this.node('Expand', tensor, shape);
  }

  /** Sum over axes of the whole tensor (the first is K's), which stay with length 1 where `keep`. */
  sum(tensor: string, axes: readonly number[], keep: boolean): string {
    return this.reduce('ReduceSum', tensor, axes, keep);
  }

  /** One of the reductions over `axes`, whichever way the operator set takes them. */
  reduce(opType: 'ReduceSum' | 'ReduceMean', tensor: string, axes: readonly number[], keep: boolean): string {
    if (axes.length === 0) return tensor;
    const keepdims = keep ? 1 : 0;
    const asInput = this.graph.opset >= (opType === 'ReduceSum' ? 13 : 18);
    return asInput
      ? this.graph.node(opType, [tensor, this.graph.integers('axes', axes)], { keepdims })
      : this.graph.node(opType, [tensor], { axes, keepdims });
  }

  /** The gradient of what was broadcast from `to` to `from`: summed over the copies. */
  sumTo(gradient: string, from: readonly number[], to: readonly number[]): string {
    const added = from.length - to.length;
    const axes = from.flatMap((side, i) => (i < added || (to[i - added] === 1 && side !== 1) ? [i + 1] : []));
    const summed = this.sum(gradient, axes, true);
    return added === 0 && axes.length === 0 ? gradient : this.reshape(summed, to);
  }

  /** 1 where the condition holds, else 0. */
  mask(condition: string): string {
    return this.graph.node('Cast', [condition], { to: 1 });
  }

  /** Positions `[start, end)` of one axis of the whole tensor. */
  slice(tensor: string, axis: number, start: number, end: number): string {
    const { graph } = this;
    const at = (value: number): string => graph.integers('at', [value]);
    return graph.node('Slice', [tensor, at(start), at(end), at(axis)]);
  }

  /**
   * Adds `updates` up into zeros `[K, ...dims]` at `indices` along axis `axis` of `dims`.
   * @param indices int64, broadcasts to the shape of `updates`
   * @param distinct whether no place is written twice
   */
  scatter(
    node: Node,
    updates: string,
    updateDims: readonly number[],
    indices: string,
    dims: readonly number[],
    axis: number,
    distinct: boolean,
  ): string {
    if (!distinct && this.graph.opset < 16)
      throw this.refusal(
        node,
        `adding at chosen places needs operator set 16, the model has ${String(this.graph.opset)}`,
      );
    const values = distinct ? { axis: axis + 1 } : { axis: axis + 1, reduction: 'add' };
    return this.graph.node('ScatterElements', [this.zeros(dims), this.expand(indices, updateDims), updates], values);
  }

  /** Why gradients end at `node`, as the user needs to hear it. */
  refusal(node: Node, why = 'it has no rule'): ExpectedError {
    const name = node.name ? ` ${node.name}` : '';
    return new ExpectedError(
      'model',
      `gradients cannot pass the operator ${node.opType}${name}: ${why}; the tensor nearest to it that they reach is ${node.output[0] ?? ''}`,
      'choose a layer behind it, or a method that masks (rise, sidu)',
    );
  }
}

/** An axis counted from the front. */
export function frontAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Product of sides. */
export function volume(dims: readonly number[]): number {
  return dims.reduce((product, side) => product * side, 1);
}
