import { intAttribute, intsAttribute, stringAttribute } from '../attributes.js';
import type { ConstantValues } from '../graphIndex.js';
import type { Node } from '../schema.js';
import { volume, type Backward, type Rule } from './backward.js';

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Before and behind, for each spatial axis. */
  readonly pads: readonly (readonly [number, number])[];
}

/** Sides, steps and padding of a sliding window, with `auto_pad` worked out from the input's shape. */
export function windowOf(node: Node, kernel: readonly number[], input: readonly number[]): Window {
  const strides = intsAttribute(
    node,
    'strides',
    kernel.map(() => 1),
  );
  const dilations = intsAttribute(
    node,
    'dilations',
    kernel.map(() => 1),
  );
  const given = intsAttribute(
    node,
    'pads',
    kernel.flatMap(() => [0, 0]),
  );
  const auto = stringAttribute(node, 'auto_pad', 'NOTSET');
  const pads = kernel.map((side, i): readonly [number, number] => {
    if (auto === 'VALID') return [0, 0];
    if (auto === 'NOTSET') return [given[i] ?? 0, given[i + kernel.length] ?? 0];
    const length = input[i + 2] ?? 1;
    const stride = strides[i] ?? 1;
    const reach = (side - 1) * (dilations[i] ?? 1) + 1;
    const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + reach - length);
    const less = Math.floor(total / 2);
    return auto === 'SAME_LOWER' ? [total - less, less] : [less, total - less];
  });
  return { kernel, strides, dilations, pads };
}

/** Padding as the attribute takes it: all before, then all behind. */
export const flatPads = (pads: Window['pads']): number[] => [
  ...pads.map(([begin]) => begin),
  ...pads.map(([, end]) => end),
];

/**
 * y = x ∗ W. ∂/∂x is the transposed convolution with W. With steps of 1 that is a plain convolution with W turned round and its channels
 * exchanged, which runtimes have faster code for. W has shape [M, C/groups, ...kernel].
 */
const conv: Rule = (node, [gradient], back) => {
  const [input = '', weights = ''] = node.input;
  if (gradient === undefined) return [];
  if (back.wants(weights)) throw back.refusal(node, 'its weights depend on the picture');
  if (!back.wants(input)) return [];
  const inputDims = back.dims(input);
  const outputDims = back.dims(node.output[0] ?? '');
  const kernel = back.dims(weights).slice(2);
  const group = intAttribute(node, 'group', 1);
  const window = windowOf(node, kernel, inputDims);
  const folded = back.fold(gradient, outputDims);
  const constant = back.constant(weights);
  const plain = constant !== undefined && window.strides.every((stride) => stride === 1);
  const result = plain
    ? turnedConv(back, folded, constant, group, window)
    : transposedConv(back, folded, back.forward(weights), group, window, inputDims, outputDims);
  return [back.reshape(result, inputDims)];
};

function turnedConv(back: Backward, gradient: string, weights: ConstantValues, group: number, window: Window): string {
  const turned = turn(weights, group);
  const kernelWeights = back.graph.floats('turned', turned.values, turned.shape);
  const pads = window.pads.map(([begin, end], i): readonly [number, number] => {
    const reach = ((window.kernel[i] ?? 1) - 1) * (window.dilations[i] ?? 1);
    return [reach - begin, reach - end];
  });
  // Padding beyond the kernel's reach made outputs that saw nothing: their gradients are cut off.
  const cut = pads.reduce((tensor, [begin, end], i) => {
    if (begin >= 0 && end >= 0) return tensor;
    return back.slice(tensor, i + 2, Math.max(0, -begin), end < 0 ? end : Number.MAX_SAFE_INTEGER);
  }, gradient);
  const kept = pads.map(([begin, end]): readonly [number, number] => [Math.max(0, begin), Math.max(0, end)]);
  return back.graph.node('Conv', [cut, kernelWeights], {
    group,
    dilations: window.dilations,
    pads: flatPads(kept),
  });
}

/** [M, C/g, ...k] → [C, M/g, ...k], every kernel turned round. */
function turn({ shape, values }: ConstantValues, group: number): { shape: number[]; values: Float32Array } {
  const [outputs = 1, perGroup = 1, ...kernel] = shape;
  const taps = volume(kernel);
  const outputsPerGroup = outputs / group;
  const turned = new Float32Array(values.length);
  for (let g = 0; g < group; g++)
    for (let m = 0; m < outputsPerGroup; m++)
      for (let c = 0; c < perGroup; c++) {
        const from = ((g * outputsPerGroup + m) * perGroup + c) * taps;
        const to = ((g * perGroup + c) * outputsPerGroup + m) * taps;
        for (let tap = 0; tap < taps; tap++) turned[to + taps - 1 - tap] = values[from + tap] ?? 0;
      }
  return { shape: [group * perGroup, outputsPerGroup, ...kernel], values: turned };
}

/** How many places behind the last window no output saw, along each axis; below zero where that window reaches beyond the padding. */
export function unseen(
  { kernel, strides, dilations, pads }: Window,
  inputDims: readonly number[],
  outputDims: readonly number[],
): number[] {
  return kernel.map((side, i) => {
    const [begin, end] = pads[i] ?? [0, 0];
    const reached =
      ((outputDims[i + 2] ?? 1) - 1) * (strides[i] ?? 1) - begin - end + (side - 1) * (dilations[i] ?? 1) + 1;
    return (inputDims[i + 2] ?? 1) - reached;
  });
}

/** A gradient of windows `[N, …outputDims]` spread back over what they saw, `[N, …inputDims]`. */
export function transposedConv(
  back: Backward,
  gradient: string,
  weights: string,
  group: number,
  window: Window,
  inputDims: readonly number[],
  outputDims: readonly number[],
): string {
  return back.graph.node('ConvTranspose', [gradient, weights], {
    group,
    strides: window.strides,
    dilations: window.dilations,
    pads: flatPads(window.pads),
    output_padding: unseen(window, inputDims, outputDims),
  });
}

/** y = x ∗ᵀ W; ∂/∂x is the convolution with W. */
const convTranspose: Rule = (node, [gradient], back) => {
  const [input = '', weights = ''] = node.input;
  if (gradient === undefined) return [];
  if (back.wants(weights)) throw back.refusal(node, 'its weights depend on the picture');
  if (!back.wants(input)) return [];
  if (stringAttribute(node, 'auto_pad', 'NOTSET') !== 'NOTSET' || intsAttribute(node, 'output_shape', []).length > 0)
    throw back.refusal(node, 'only explicit padding is supported');
  const inputDims = back.dims(input);
  const { strides, dilations, pads } = windowOf(node, back.dims(weights).slice(2), inputDims);
  const folded = back.fold(gradient, back.dims(node.output[0] ?? ''));
  const values = { group: intAttribute(node, 'group', 1), strides, dilations, pads: flatPads(pads) };
  return [back.reshape(back.graph.node('Conv', [folded, back.forward(weights)], values), inputDims)];
};

/** Convolutions: gradients towards what they filter. */
export const convolution: Readonly<Record<string, Rule>> = { Conv: conv, ConvTranspose: convTranspose };
