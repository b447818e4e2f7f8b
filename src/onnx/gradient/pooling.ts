import { intAttribute, intsAttribute } from '../attributes.js';
import type { Node } from '../schema.js';
import { volume, type Backward, type Rule } from './backward.js';
import { flatPads, transposedConv, unseen, windowOf } from './convolution.js';

/** Each maximum's gradient goes to the place it came from; windows that overlap add up there. */
const maxPool: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const outputDims = back.dims(node.output[0] ?? '');
  const kernel = intsAttribute(node, 'kernel_shape', []);
  const { strides, dilations, pads } = windowOf(node, kernel, dims);
  const values = {
    kernel_shape: kernel,
    strides,
    dilations,
    pads: flatPads(pads),
    ceil_mode: intAttribute(node, 'ceil_mode', 0),
  };
  // Indices count through the whole tensor, batch and channels included.
  const [, indices = ''] = back.graph.nodes('MaxPool', [back.forward(input)], values, 2);
  const apart = kernel.every((side, i) => (strides[i] ?? 1) >= (side - 1) * (dilations[i] ?? 1) + 1);
  if (!apart && back.graph.opset < 16) return [unpooled(back, node, gradient, indices, dims, outputDims)];
  const flat = back.reshape(gradient, [volume(outputDims)]);
  const places = back.graph.reshape(indices, [-1]);
  const scattered = back.scatter(node, flat, [volume(outputDims)], places, [volume(dims)], 0, apart);
  return [back.reshape(scattered, dims)];
};

/**
 * The same where operators cannot add at chosen places: the gradient in as many layers as a window has places, each where its maximum lay there,
 * put back and added up by a transposed convolution whose kernels are ones at those places.
 */
function unpooled(
  back: Backward,
  node: Node,
  gradient: string,
  indices: string,
  dims: readonly number[],
  outputDims: readonly number[],
): string {
  const kernel = intsAttribute(node, 'kernel_shape', []);
  if (kernel.length !== 2)
    throw back.refusal(node, 'overlapping windows over other than two axes need operator set 16');
  const window = windowOf(node, kernel, dims);
  const { strides, dilations, pads } = window;
  const [batch = 1, channels = 1, height = 1, width = 1] = dims;
  const [, , rows = 1, columns = 1] = outputDims;
  const [kernelRows = 1, kernelColumns = 1] = kernel;
  const places = kernelRows * kernelColumns;
  const { graph } = back;
  const whole = (value: number): string => graph.integers('whole', [value]);
  // Where in its window each maximum lay.
  const inPlane = graph.node('Mod', [indices, whole(height * width)]);
  const along = (at: string, axis: number, count: number): string => {
    const starts = Array.from({ length: count }, (_, i) => i * (strides[axis] ?? 1) - (pads[axis]?.[0] ?? 0));
    const shape = axis === 0 ? [1, 1, count, 1] : [1, 1, 1, count];
    const offset = back.node('Sub', at, graph.integers('starts', starts, shape));
    return back.node('Div', offset, whole(dilations[axis] ?? 1));
  };
  const row = along(back.node('Div', inPlane, whole(width)), 0, rows);
  const column = along(back.node('Mod', inPlane, whole(width)), 1, columns);
  const place = back.node('Add', back.node('Mul', row, whole(kernelColumns)), column);
  const depth = graph.integers('depth', [places], []);
  const layers = graph.node('OneHot', [place, depth, graph.floats('values', [0, 1], [2])], { axis: 2 });
  const spread = back.node('Mul', back.reshape(gradient, [batch, channels, 1, rows, columns]), layers);
  const ones = new Float32Array(channels * places * places);
  for (let i = 0; i < channels * places; i++) ones[i * places + (i % places)] = 1;
  const weights = graph.floats('places', ones, [channels * places, 1, kernelRows, kernelColumns]);
  if (unseen(window, dims, outputDims).some((beyond) => beyond < 0))
    throw back.refusal(node, 'its last window reaches beyond the padding (ceil_mode)');
  const folded = graph.reshape(spread, [-1, channels * places, rows, columns]);
  const made = transposedConv(back, folded, weights, channels, window, dims, outputDims);
  return back.reshape(made, dims);
}

/** Each mean's gradient is shared by its window: a transposed convolution with equal weights. */
const averagePool: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const outputDims = back.dims(node.output[0] ?? '');
  const kernel = intsAttribute(node, 'kernel_shape', []);
  const window = windowOf(node, kernel, dims);
  const { strides, dilations, pads } = window;
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
  if (unseen(window, dims, outputDims).some((beyond) => beyond < 0))
    throw back.refusal(node, 'its last window reaches beyond the padding (ceil_mode)');
  return [back.reshape(transposedConv(back, shared, ones, channels, window, dims, outputDims), dims)];
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
