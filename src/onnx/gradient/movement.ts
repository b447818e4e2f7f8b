import { intAttribute, intsAttribute, stringAttribute } from '../attributes.js';
import type { Node } from '../schema.js';
import { frontAxis, volume, type Backward, type Rule } from './backward.js';

/** Values stay as they are and lie elsewhere in memory order: shape alone changes. */
const reshape: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  return [gradient !== undefined && back.wants(input) ? back.reshape(gradient, back.dims(input)) : undefined];
};

const transpose: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const rank = back.dims(input).length;
  const perm = intsAttribute(
    node,
    'perm',
    Array.from({ length: rank }, (_, i) => rank - 1 - i),
  );
  const inverse = [0, ...Array.from({ length: rank }, (_, axis) => perm.indexOf(axis) + 1)];
  return [back.graph.node('Transpose', [gradient], { perm: inverse })];
};

const concat: Rule = (node, [gradient], back) => {
  if (gradient === undefined) return [];
  const axis = frontAxis(intAttribute(node, 'axis', 0), back.dims(node.output[0] ?? '').length);
  let start = 0;
  return node.input.map((input) => {
    const from = start;
    start += back.dims(input)[axis] ?? 0;
    return back.wants(input) ? back.slice(gradient, axis + 1, from, start) : undefined;
  });
};

const split: Rule = (node, gradients, back) => {
  const [input = ''] = node.input;
  if (!back.wants(input)) return [];
  const axis = frontAxis(intAttribute(node, 'axis', 0), back.dims(input).length);
  const parts = node.output.map((output, i) => gradients[i] ?? back.zeros(back.dims(output)));
  return [back.graph.node('Concat', parts, { axis: axis + 1 })];
};

/** Whole numbers that a node has to be told before it runs. */
function known(back: Backward, node: Node, input: string | undefined, what: string): readonly number[] {
  const values = back.integers(input);
  if (values === undefined) throw back.refusal(node, `its ${what} depend on the picture`);
  return values;
}

const slice: Rule = (node, [gradient], back) => {
  const [input = '', starts, , axesInput, stepsInput] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const old = node.input.length === 1;
  const from = old ? intsAttribute(node, 'starts', []) : known(back, node, starts, 'starts');
  const every = from.map((_, i) => i);
  const axes = old ? intsAttribute(node, 'axes', every) : axesInput ? known(back, node, axesInput, 'axes') : every;
  const steps = stepsInput ? known(back, node, stepsInput, 'steps') : every.map(() => 1);
  let made = gradient;
  let shape = [...back.dims(node.output[0] ?? '')];
  axes.forEach((axis, i) => {
    const at = frontAxis(axis, dims.length);
    const side = dims[at] ?? 1;
    const count = shape[at] ?? 1;
    const step = steps[i] ?? 1;
    const start = firstOf(from[i] ?? 0, side, step);
    if (step === 1) {
      const end = side - start - count;
      if (start > 0 || end > 0) made = padAxis(back, made, dims.length + 1, at + 1, start, end);
    } else {
      const places = Array.from({ length: count }, (_, k) => start + k * step);
      const wide = dims.map((_, axisOfAll) => (axisOfAll === at ? count : 1));
      const grown = shape.map((own, axisOfAll) => (axisOfAll === at ? side : own));
      made = back.scatter(node, made, shape, back.graph.integers('places', places, wide), grown, at, true);
    }
    shape = shape.map((own, axisOfAll) => (axisOfAll === at ? side : own));
  });
  return [made];
};

/** Where a slice begins: counted from the front and held inside the axis. */
function firstOf(start: number, side: number, step: number): number {
  const front = start < 0 ? start + side : start;
  return Math.min(Math.max(front, 0), step > 0 ? side : side - 1);
}

function padAxis(back: Backward, tensor: string, rank: number, axis: number, begin: number, end: number): string {
  const pads = new Array<number>(2 * rank).fill(0);
  pads[axis] = begin;
  pads[rank + axis] = end;
  return back.node('Pad', tensor, back.graph.integers('pads', pads));
}

const pad: Rule = (node, [gradient], back) => {
  const [input = '', padsInput, , axesInput] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  if (stringAttribute(node, 'mode', 'constant') !== 'constant')
    throw back.refusal(node, 'only padding with a constant is supported');
  const dims = back.dims(input);
  const pads = padsInput ? known(back, node, padsInput, 'pads') : intsAttribute(node, 'pads', []);
  const axes = axesInput
    ? known(back, node, axesInput, 'axes').map((axis) => frontAxis(axis, dims.length))
    : dims.map((_, i) => i);
  const made = axes.reduce((tensor, axis, i) => {
    const begin = pads[i] ?? 0;
    const end = pads[i + axes.length] ?? 0;
    if (begin < 0 || end < 0) throw back.refusal(node, 'it cuts instead of padding');
    return begin > 0 || end > 0 ? back.slice(tensor, axis + 1, begin, begin + (dims[axis] ?? 0)) : tensor;
  }, gradient);
  return [made];
};

/** y = x[indices] along one axis: what was read adds up where it was read. */
const gather: Rule = (node, [gradient], back) => {
  const [input = '', indices = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const axis = frontAxis(intAttribute(node, 'axis', 0), dims.length);
  const places = back.integers(indices)?.map((index) => frontAxis(index, dims[axis] ?? 1));
  const count = volume(back.dims(indices));
  const rows = dims.map((side, i) => (i === axis ? count : side));
  const wide = dims.map((_, i) => (i === axis ? count : 1));
  const updates = back.reshape(gradient, rows);
  if (places?.length === 1) {
    const [at = 0] = places;
    const end = (dims[axis] ?? 1) - at - 1;
    return [padAxis(back, updates, dims.length + 1, axis + 1, at, end)];
  }
  const flat = places
    ? back.graph.integers('places', places, wide)
    : back.graph.reshape(back.graph.node('Cast', [back.forward(indices)], { to: 7 }), wide);
  const distinct = places !== undefined && new Set(places).size === places.length;
  return [back.scatter(node, updates, rows, flat, dims, axis, distinct)];
};

/** y[i][j] = x[indices[i][j]][j] along one axis. */
const gatherElements: Rule = (node, [gradient], back) => {
  const [input = '', indices = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const axis = frontAxis(intAttribute(node, 'axis', 0), dims.length);
  const shape = back.dims(indices);
  const places = back.graph.node('Cast', [back.forward(indices)], { to: 7 });
  return [back.scatter(node, gradient, shape, places, dims, axis, false)];
};

/** y[i] = x[indices[i]] with indices of several axes: ScatterND with the targets' axis last, as it knows no batch. */
const gatherNd: Rule = (node, [gradient], back) => {
  const [input = '', indices = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  if (intAttribute(node, 'batch_dims', 0) !== 0) throw back.refusal(node, 'batch_dims is not supported');
  if (back.graph.opset < 16) throw back.refusal(node, `adding at chosen places needs operator set 16`);
  const toBack = (rank: number): number[] => [...Array.from({ length: rank }, (_, i) => i + 1), 0];
  const toFront = (rank: number): number[] => [rank, ...Array.from({ length: rank }, (_, i) => i)];
  const outputRank = back.dims(node.output[0] ?? '').length;
  const dims = back.dims(input);
  const updates = back.graph.node('Transpose', [gradient], { perm: toBack(outputRank) });
  const zeros = back.graph.node('Transpose', [back.zeros(dims)], { perm: toBack(dims.length) });
  const made = back.graph.node('ScatterND', [zeros, back.forward(indices), updates], { reduction: 'add' });
  return [back.graph.node('Transpose', [made], { perm: toFront(dims.length) })];
};

const expand: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  return [back.sumTo(gradient, back.dims(node.output[0] ?? ''), back.dims(input))];
};

/** Copies lie one after the other along each axis. */
const tile: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const output = back.dims(node.output[0] ?? '');
  const parted = back.reshape(
    gradient,
    dims.flatMap((side, i) => [(output[i] ?? side) / side, side]),
  );
  return [
    back.sum(
      parted,
      dims.map((_, i) => 2 * i + 1),
      false,
    ),
  ];
};

/** The k largest: each goes back to its place. */
const topK: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  const [values = '', indices = ''] = node.output;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const axis = frontAxis(intAttribute(node, 'axis', -1), dims.length);
  return [back.scatter(node, gradient, back.dims(values), back.forward(indices), dims, axis, true)];
};

/** Channels to blocks of pixels, and back: the other one undoes it. */
const depthToSpace: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const [batch = 1, channels = 1, rows = 1, columns = 1] = dims;
  const b = intAttribute(node, 'blocksize', 1);
  const crd = stringAttribute(node, 'mode', 'DCR') === 'CRD';
  const parted = back.reshape(gradient, [batch, channels / (b * b), rows, b, columns, b]);
  // Axes there: K, N, C', row, block row, column, block column.
  const perm = crd ? [0, 1, 2, 4, 6, 3, 5] : [0, 1, 4, 6, 2, 3, 5];
  return [back.reshape(back.graph.node('Transpose', [parted], { perm }), dims)];
};

const spaceToDepth: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const blocksize = intAttribute(node, 'blocksize', 1);
  const folded = back.fold(gradient, back.dims(node.output[0] ?? ''));
  return [back.reshape(back.graph.node('DepthToSpace', [folded], { blocksize }), back.dims(input))];
};

/** Operators that move values without changing them. */
export const movement: Readonly<Record<string, Rule>> = {
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  Expand: expand,
  Tile: tile,
  TopK: topK,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
