import { ExpectedError } from '../errors.js';
import { intAttribute, intsAttribute, stringAttribute } from '../onnx/attributes.js';
import type { ConstantValues, GraphIndex } from '../onnx/graphIndex.js';
import type { Node } from '../onnx/schema.js';
import { shapeOf } from '../onnx/tensors.js';
import type { EfficientDetManifest } from './manifestSchema.js';

/** Weights of the class head's last separable convolution, `logits = W_pw · (W_dw ∗ F) + b`. */
export interface SeparableWeights {
  /** Number of feature maps F. */
  readonly channels: number;
  /** Class logits of one cell: anchors × classes. */
  readonly outputs: number;
  /** [channels, 3, 3]. */
  readonly depthwise: Float32Array;
  /** [outputs, channels]; output = anchor · classes + class. */
  readonly pointwise: Float32Array;
}

/** The class head's last step, for each pyramid level. */
export interface ClassHead {
  /** Tensor of the plain model, per level: what enters the last separable convolution, [N, channels, rows, columns]. */
  readonly features: readonly string[];
  /** Per level; EfficientDet shares one set of weights, exporters may store a copy for each level. */
  readonly weights: readonly SeparableWeights[];
  /** True where the model's own output is already a sigmoid. */
  readonly probabilities: boolean;
}

/**
 * Finds the features and weights of the class head's last separable convolution: by the names in the manifest where it has
 * them, else by walking back from the class logits, through whatever reshapes, transposes and joins them, to the 1×1
 * convolution and the 3×3 depthwise convolution before it.
 * @throws ExpectedError `model` that says at which node the walk ended
 */
export function findClassHead(index: GraphIndex, manifest: EfficientDetManifest, levels: number): ClassHead {
  const walk = new Walk(index);
  for (const name of manifest.outputs.classLogits) requireTensor(index, name, 'outputs.classLogits');
  for (const name of manifest.outputs.boxRegression) requireTensor(index, name, 'outputs.boxRegression');
  const pairs = walk.separableConvolutions(manifest.outputs.classLogits);
  const probabilities = walk.sawSigmoid;
  const { headFeatures } = manifest.outputs;
  headFeatures?.forEach((name) => {
    requireTensor(index, name, 'outputs.headFeatures');
  });
  if (!pairs.length && !(headFeatures && manifest.classHead)) throw walk.trouble();
  if (pairs.length && pairs.length !== levels)
    throw new ExpectedError(
      'model',
      `the class logits come from ${pairs.length} convolutions where the manifest's anchors have ${levels} levels`,
      'correct anchors.minLevel and anchors.maxLevel in the manifest',
    );
  const features = headFeatures ?? pairs.map((pair) => pair.features);
  const cache = new Map<string, SeparableWeights>();
  const weights = features.map((_, level) => {
    const depthwise = manifest.classHead?.depthwise ?? pairs[level]?.depthwise ?? '';
    const pointwise = manifest.classHead?.pointwise ?? pairs[level]?.pointwise ?? '';
    const key = `${depthwise}\n${pointwise}`;
    const known =
      cache.get(key) ?? separableWeights(index.constantValues(depthwise), index.constantValues(pointwise), manifest);
    cache.set(key, known);
    return known;
  });
  return { features, weights, probabilities };
}

function requireTensor(index: GraphIndex, name: string, field: string): void {
  if (!index.producer(name))
    throw new ExpectedError(
      'model',
      `the model has no tensor named ${name}, which the manifest lists in ${field}`,
      `correct the manifest; the model's outputs are ${index.outputs.join(', ')}`,
    );
}

function separableWeights(
  depthwise: ConstantValues,
  pointwise: ConstantValues,
  { anchors, classes }: EfficientDetManifest,
): SeparableWeights {
  const channels = depthwise.shape[0] ?? 0;
  const outputs = pointwise.shape[0] ?? 0;
  const expected = anchors.scales.length * anchors.aspects.length * classes.length;
  if (
    depthwise.shape.join() !== [channels, 1, 3, 3].join() ||
    pointwise.shape.join() !== [outputs, channels, 1, 1].join()
  )
    throw new ExpectedError(
      'model',
      `the class head's weights have the shapes [${depthwise.shape.join(', ')}] and [${pointwise.shape.join(', ')}] instead of [F, 1, 3, 3] and [A·C, F, 1, 1]`,
      "correct the manifest's classHead, or leave it out to have the class head found by walking the graph",
    );
  if (outputs !== expected)
    throw new ExpectedError(
      'model',
      `the class head makes ${outputs} logits a cell where ${anchors.scales.length * anchors.aspects.length} anchors of ${classes.length} classes make ${expected}`,
      'correct the classes and anchors in the manifest',
    );
  return { channels, outputs, depthwise: depthwise.values, pointwise: pointwise.values };
}

interface Pair {
  readonly features: string;
  readonly depthwise: string;
  readonly pointwise: string;
}

/** Operators that only rearrange values. */
const REARRANGING = new Set(['Reshape', 'Transpose', 'Identity', 'Cast', 'Flatten', 'Squeeze', 'Unsqueeze']);
const MAX_STEPS = 1000;

class Walk {
  sawSigmoid = false;
  #steps = 0;
  #stop = 'at the class logits';
  readonly #index: GraphIndex;

  constructor(index: GraphIndex) {
    this.#index = index;
  }

  /** The (depthwise, pointwise) pairs that make the tensors, in order; [] where some tensor is made otherwise. */
  separableConvolutions(tensors: readonly string[]): Pair[] {
    const pairs: Pair[] = [];
    for (const pointwise of tensors.flatMap((tensor) => this.#back(tensor))) {
      const pair = pointwise && this.#pair(pointwise);
      if (!pair) return [];
      pairs.push(pair);
    }
    return pairs;
  }

  trouble(): ExpectedError {
    return new ExpectedError(
      'model',
      `the class head's last separable convolution was not found: the walk back from the class logits ended ${this.#stop}`,
      'name it in the manifest: outputs.headFeatures (one tensor a level) and classHead.depthwise and pointwise',
    );
  }

  /** Walks back from `tensor` over rearranging operators; several convolutions where a Concat joins levels. */
  #back(tensor: string): (Node | undefined)[] {
    if (++this.#steps > MAX_STEPS) return [undefined];
    const node = this.#index.producer(tensor);
    if (!node) return [this.#ended(`at ${tensor}`)];
    if (node.opType === 'Conv') return [node];
    if (node.opType === 'Concat') return node.input.flatMap((input) => this.#back(input));
    if (node.opType === 'Sigmoid') this.sawSigmoid = true;
    if (REARRANGING.has(node.opType) || node.opType === 'Sigmoid') return this.#back(node.input[0] ?? '');
    const variable = this.#addedTo(node);
    return variable === undefined
      ? [this.#ended(`at the ${node.opType} node ${node.name ?? ''}`)]
      : this.#back(variable);
  }

  #pair(pointwise: Node): Pair | undefined {
    const shape = this.#kernelShape(pointwise);
    if (intAttribute(pointwise, 'group', 1) !== 1 || shape?.[2] !== 1 || shape[3] !== 1)
      return this.#ended(`at ${describe(pointwise)}, which is no 1×1 convolution`);
    let depthwise = this.#index.producer(pointwise.input[0] ?? '');
    const unbiased = depthwise && this.#addedTo(depthwise);
    if (unbiased !== undefined) depthwise = this.#index.producer(unbiased);
    if (depthwise?.opType !== 'Conv') return this.#ended(`at ${describe(pointwise)}: no convolution before it`);
    const kernel = this.#kernelShape(depthwise);
    const padded = this.#index.producer(depthwise.input[0] ?? '');
    const isDepthwise = kernel !== undefined && intAttribute(depthwise, 'group', 1) === kernel[0] && kernel[1] === 1;
    if (!isDepthwise || kernel[2] !== 3 || kernel[3] !== 3)
      return this.#ended(`at ${describe(depthwise)}, which is no 3×3 depthwise convolution`);
    const same = keepsSize(depthwise);
    if (!same && padded?.opType !== 'Pad')
      return this.#ended(`at ${describe(depthwise)}, which changes the size of the map`);
    const features = same ? depthwise.input[0] : padded?.input[0];
    return { features: features ?? '', depthwise: depthwise.input[1] ?? '', pointwise: pointwise.input[1] ?? '' };
  }

  /** The variable operand where `node` adds a constant (a bias that an exporter left apart). */
  #addedTo(node: Node): string | undefined {
    if (node.opType !== 'Add') return undefined;
    const variables = node.input.filter((input) => !this.#index.constantTensor(input));
    return variables.length === 1 ? variables[0] : undefined;
  }

  #kernelShape(node: Node): number[] | undefined {
    const tensor = this.#index.constantTensor(node.input[1] ?? '');
    return tensor && shapeOf(tensor);
  }

  #ended(where: string): undefined {
    this.#stop = where;
    return undefined;
  }
}

function describe(node: Node): string {
  return `the ${node.opType} node ${node.name ?? node.output[0] ?? ''}`;
}

function keepsSize(convolution: Node): boolean {
  const automatic = stringAttribute(convolution, 'auto_pad', 'NOTSET').startsWith('SAME');
  const unit = (name: string): boolean => intsAttribute(convolution, name, [1, 1]).every((value) => value === 1);
  const pads = intsAttribute(convolution, 'pads', [0, 0, 0, 0]);
  return unit('strides') && unit('dilations') && (automatic || pads.every((pad) => pad === 1));
}
