import { ExpectedError } from '../errors.js';
import { attributes, type AttributeValue } from './attributes.js';
import { copyInto } from './embedding.js';
import type { Dimension, Graph, Model, Tensor, ValueInfo } from './schema.js';
import { float32Tensor, int64Tensor, toNumber } from './tensors.js';

/** A side of a tensor: a number, or a name for one that is known only at run time. */
export type Side = number | string;

/** Operator sets that the nodes made here are valid in. */
const OPSETS = { from: 11, to: 24 };
/** The IR version that opset 11 came with; earlier ones list every initialiser as an input. */
const MIN_IR_VERSION = 6;

/**
 * Builds one ONNX graph out of new nodes and whole existing models. Tensors are referred to by name; every method that makes
 * one returns its name, made unique by a counter.
 *
 * @example
 * const graph = new GraphBuilder(opsetOf(plain));
 * const pixels = graph.input('pixels', DataType.uint8, ['n', 512, 512, 3]);
 * const images = graph.node('Cast', [pixels], { to: DataType.float32 });
 * const inner = graph.embed(plain, { prefix: 'net/', inputs: { images } });
 * graph.output(inner('class_3'), 'logits', DataType.float32, ['n', 81, 64, 64]);
 */
export class GraphBuilder {
  readonly #names = new Set<string>();
  readonly #graph: Graph = { name: 'composed', node: [], initializer: [], input: [], output: [], valueInfo: [] };
  readonly #otherOpsets = new Map<string, number>();
  #functions: Uint8Array[] = [];
  #irVersion = MIN_IR_VERSION;
  readonly opset: number;

  /** @param opset version of the standard operator set; models can be embedded that use the same one */
  constructor(opset: number) {
    this.opset = opset;
    if (!Number.isInteger(opset) || opset < OPSETS.from || opset > OPSETS.to)
      throw new ExpectedError(
        'model',
        `the model uses operator set ${opset}; ${OPSETS.from} to ${OPSETS.to} are supported`,
        'export it again with opset_version=18, or convert it with onnx.version_converter',
      );
  }

  /** A name that no tensor or node of the graph has yet: `hint` itself or `hint` with a number. */
  uniqueName(hint: string): string {
    let name = hint;
    for (let i = 1; this.#names.has(name); i++) name = `${hint}_${i}`;
    this.#names.add(name);
    return name;
  }

  /** Declares an input of the whole graph; its name is exactly `name`. */
  input(name: string, elemType: number, shape: readonly Side[]): string {
    this.#claim(name);
    this.#graph.input.push(valueInfo(name, elemType, shape));
    return name;
  }

  /** Makes `tensor` an output of the whole graph under exactly `name`. */
  output(tensor: string, name: string, elemType: number, shape: readonly Side[]): void {
    this.#claim(name);
    this.#graph.node.push({ opType: 'Identity', name, input: [tensor], output: [name], attribute: [] });
    this.#graph.output.push(valueInfo(name, elemType, shape));
  }

  /** Adds a node with one output. '' among `inputs` leaves an optional input out. Returns the output's name. */
  node(opType: string, inputs: readonly string[], values: Readonly<Record<string, AttributeValue>> = {}): string {
    return this.nodes(opType, inputs, values, 1)[0];
  }

  /** Adds a node with `count` outputs and returns their names. */
  nodes(
    opType: string,
    inputs: readonly string[],
    values: Readonly<Record<string, AttributeValue>>,
    count: number,
  ): string[] {
    const output = Array.from({ length: count }, () => this.uniqueName(opType));
    this.#graph.node.push({
      opType,
      name: output[0],
      input: [...inputs],
      output,
      attribute: attributes(values),
    });
    return output;
  }

  /** Adds a constant and returns its name. */
  constant(hint: string, tensor: Tensor): string {
    const name = this.uniqueName(hint);
    this.#graph.initializer.push({ ...tensor, name });
    return name;
  }

  /** A float32 constant. */
  floats(hint: string, values: ArrayLike<number>, shape: readonly number[]): string {
    return this.constant(hint, float32Tensor(values, shape));
  }

  /** An int64 constant; a vector unless `shape` says otherwise. */
  integers(hint: string, values: readonly number[], shape?: readonly number[]): string {
    return this.constant(hint, int64Tensor(values, shape));
  }

  /** Row-major reshape; 0 keeps a side, −1 infers one. */
  reshape(tensor: string, shape: readonly number[]): string {
    return this.node('Reshape', [tensor, this.integers('shape', shape)]);
  }

  /** Maximum over one axis, which is dropped. */
  reduceMax(tensor: string, axis: number): string {
    return this.#reduce('ReduceMax', tensor, axis);
  }

  /** Product over one axis, which is dropped. */
  reduceProduct(tensor: string, axis: number): string {
    return this.#reduce('ReduceProd', tensor, axis);
  }

  /**
   * Copies all nodes and weights of `model` into the graph, every name behind `prefix`. The model's inputs are connected to
   * the tensors in `inputs`; its outputs are left open: the returned function gives the name here of any tensor there.
   * The model itself is not changed.
   * @throws ExpectedError `model` where an input is left unconnected or the operator sets differ
   */
  embed(
    model: Model,
    options: { readonly prefix: string; readonly inputs: Readonly<Record<string, string>> },
  ): (name: string) => string {
    for (const { domain, version } of model.opsetImport) this.#joinOpset(domain ?? '', toNumber(version));
    if (model.functions?.length) {
      if (this.#functions.length)
        throw new ExpectedError(
          'model',
          'two models with functions of their own cannot be joined',
          'inline the functions first: onnx.inliner.inline_local_functions',
        );
      this.#functions = model.functions;
    }
    this.#irVersion = Math.max(this.#irVersion, toNumber(model.irVersion));
    return copyInto(this.#graph, model.graph, {
      ...options,
      claim: (name) => {
        this.#claim(name);
      },
    });
  }

  /** The finished model. */
  build(): Model {
    const others = [...this.#otherOpsets].map(([domain, version]) => ({ domain, version }));
    return {
      irVersion: this.#irVersion,
      producerName: 'multispectral-saliency',
      opsetImport: [{ domain: '', version: this.opset }, ...others],
      graph: this.#graph,
      functions: this.#functions,
    };
  }

  #reduce(opType: 'ReduceMax' | 'ReduceProd', tensor: string, axis: number): string {
    return this.opset >= 18
      ? this.node(opType, [tensor, this.integers('axes', [axis])], { keepdims: 0 })
      : this.node(opType, [tensor], { axes: [axis], keepdims: 0 });
  }

  #claim(name: string): void {
    if (this.#names.has(name)) throw new Error(`the graph already has a tensor named ${name}`);
    this.#names.add(name);
  }

  #joinOpset(domain: string, version: number): void {
    const standard = domain === '' || domain === 'ai.onnx';
    const present = standard ? this.opset : this.#otherOpsets.get(domain);
    if (present !== undefined && present !== version)
      throw new ExpectedError(
        'model',
        `operator set ${domain || 'ai.onnx'} ${version} cannot be joined with ${present}`,
        'export both models with the same opset_version',
      );
    if (!standard) this.#otherOpsets.set(domain, version);
  }
}

/** Version of the standard operator set that a model uses. */
export function opsetOf(model: Model): number {
  const standard = model.opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx');
  return standard ? toNumber(standard.version) : 0;
}

function valueInfo(name: string, elemType: number, shape: readonly Side[]): ValueInfo {
  const dim = shape.map((side): Dimension => (typeof side === 'number' ? { dimValue: side } : { dimParam: side }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}
