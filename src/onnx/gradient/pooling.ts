import { intAttribute, intsAttribute } from '../attributes.js';
import { volume, type Rule } from './backward.js';
import { windowOf } from './convolution.js';

/** Each maximum's gradient goes to the place it came from; windows that overlap add up there. */
const maxPool: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const outputDims = back.dims(node.output[0] ?? '');
  const kernel = intsAttribute(node, 'kernel_shape', []);
  const { strides, dilations, pads } = windowOf(node, kernel, dims);
  const flatPads = [...pads.map(([begin]) => begin), ...pads.map(([, end]) => end)];
  const values = {
    kernel_shape: kernel,
    strides,
    dilations,
    pads: flatPads,
    ceil_mode: intAttribute(node, 'ceil_mode', 0),
  };
  // Indices count through the whole tensor, batch and channels included.
  const [, indices = ''] = back.graph.nodes('MaxPool', [back.forward(input)], values, 2);
  const apart = kernel.every((side, i) => (strides[i] ?? 1) >= (side - 1) * (dilations[i] ?? 1) + 1);
  const flat = back.reshape(gradient, [volume(outputDims)]);
  const places = back.graph.reshape(indices, [-1]);
  const scattered = back.scatter(node, flat, [volume(outputDims)], places, [volume(dims)], 0, apart);
  return [back.reshape(scattered, dims)];
};

/** Each mean's gradient is shared by its window: a transposed convolution with equal weights. */
const averagePool: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const outputDims = back.dims(node.output[0] ?? '');
  const kernel = intsAttribute(node, 'kernel_shape', []);
  const { strides, dilations, pads } = windowOf(node, kernel, dims);
  if (dilations.some((dilation) => dilation !== 1)) throw back.refusal(node, 'dilated means are not supported');
  const withPadding = intAttribute(node, 'count_include_pad', 0) === 1;
  // How many values each window averages, along each axis.
  const counts = kernel.map((side, i) => {
    const [begin, end] = pads[i] ?? [0, 0];
    const length = dims[i + 2] ?? 1;
    return Array.from({ length: outputDims[i + 2] ?? 1 }, (_, at) => {
      const start = at * (strides[i] ?? 1) - begin;
      const [from, to] = withPadding ? [-begin, length + end] : [0, length];
      return Math.min(start + side, to) - Math.max(start, from);
    });
  });
  const shared = counts.reduce(
    (tensor, along, i) => {
      const shape = kernel.map((_, axis) => (axis === i ? along.length : 1));
      return back.node('Div', tensor, back.graph.floats('counts', along, shape));
    },
    back.fold(gradient, outputDims),
  );
  const channels = dims[1] ?? 1;
  const ones = back.graph.floats('ones', new Float32Array(channels * volume(kernel)).fill(1), [channels, 1, ...kernel]);
  const outputPadding = kernel.map((side, i) => {
    const [begin, end] = pads[i] ?? [0, 0];
    return (dims[i + 2] ?? 1) - (((outputDims[i + 2] ?? 1) - 1) * (strides[i] ?? 1) - begin - end + side);
  });
  if (outputPadding.some((padding) => padding < 0))
    throw back.refusal(node, 'its last window reaches beyond the padding (ceil_mode)');
  const values = {
    group: channels,
    strides,
    pads: [...pads.map(([begin]) => begin), ...pads.map(([, end]) => end)],
    output_padding: outputPadding,
  };
  return [back.reshape(back.graph.node('ConvTranspose', [shared, ones], values), dims)];
};

/** The mean over all of a channel. */
const globalAveragePool: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const share = back.node('Mul', gradient, back.scalar(1 / volume(dims.slice(2))));
  return [back.expand(share, dims)];
};

/** Operators that summarise windows. */
export const pooling: Readonly<Record<string, Rule>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
};
