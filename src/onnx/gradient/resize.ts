import { floatAttribute, intAttribute, stringAttribute } from '../attributes.js';
import type { Node } from '../schema.js';
import type { Backward, Rule } from './backward.js';

/**
 * Resizing is linear in each axis apart: y = A·x. ∂/∂x = Aᵀ·g. Where nearest neighbours are repeated a whole number of times, Aᵀ is a sum over
 * blocks.
 */
const resize: Rule = (node, [gradient], back) => {
  const [input = ''] = node.input;
  if (gradient === undefined || !back.wants(input)) return [];
  const dims = back.dims(input);
  const output = back.dims(node.output[0] ?? '');
  const scales = knownScales(node, back);
  const changed = dims.flatMap((side, axis) => (output[axis] === side && (scales?.[axis] ?? 1) === 1 ? [] : [axis]));
  const mode = stringAttribute(node, 'mode', 'nearest');
  let shape: number[] = [...output];
  let made = gradient;
  for (const axis of changed) {
    const from = dims[axis] ?? 1;
    const to = output[axis] ?? 1;
    const scale = scales?.[axis] ?? to / from;
    const matrix = interpolation(node, back, mode, from, to, scale);
    made = alongAxis(back, made, shape, axis, matrix, from, to);
    shape = shape.map((side, i) => (i === axis ? from : side));
  }
  return [made];
};

function knownScales(node: Node, back: Backward): readonly number[] | undefined {
  // Upsample and the first Resize: x, scales; later: x, region, scales, sizes.
  const name = node.input.length === 2 ? node.input[1] : node.input[2];
  if (name === undefined || name === '') return undefined;
  const values = back.constant(name)?.values;
  return values?.length === back.dims(node.input[0] ?? '').length ? [...values] : undefined;
}

/** Row-major [to, from]: how much of each source value each result holds. */
type Matrix = Float32Array;

function interpolation(node: Node, back: Backward, mode: string, from: number, to: number, scale: number): Matrix {
  const matrix = new Float32Array(from * to);
  const add = (row: number, column: number, weight: number): void => {
    matrix[row * from + Math.min(Math.max(column, 0), from - 1)] += weight;
  };
  const upsample = node.opType === 'Upsample';
  const coordinates = stringAttribute(node, 'coordinate_transformation_mode', upsample ? 'asymmetric' : 'half_pixel');
  const rounding = stringAttribute(node, 'nearest_mode', upsample ? 'floor' : 'round_prefer_floor');
  if (intAttribute(node, 'antialias', 0) === 1) throw back.refusal(node, 'antialias is not supported');
  for (let row = 0; row < to; row++) {
    const at = sourceCoordinate(row, coordinates, from, to, scale);
    if (at === undefined) throw back.refusal(node, `the coordinates ${coordinates} are not supported`);
    if (mode === 'nearest') add(row, roundedBy(rounding, at), 1);
    else if (mode === 'linear') {
      const base = Math.floor(at);
      add(row, base, 1 - (at - base));
      add(row, base + 1, at - base);
    } else if (mode === 'cubic') {
      const a = floatAttribute(node, 'cubic_coeff_a', -0.75);
      const base = Math.floor(at);
      for (let tap = -1; tap <= 2; tap++) add(row, base + tap, cubic(at - base - tap, a));
    } else throw back.refusal(node, `the mode ${mode} is not supported`);
  }
  return matrix;
}

/** Where result `row` lies among the source's values, by ONNX's names for the ways to say so. */
function sourceCoordinate(row: number, mode: string, from: number, to: number, scale: number): number | undefined {
  switch (mode) {
    case 'half_pixel':
      return (row + 0.5) / scale - 0.5;
    case 'pytorch_half_pixel':
      return to > 1 ? (row + 0.5) / scale - 0.5 : 0;
    case 'align_corners':
      return to > 1 ? (row * (from - 1)) / (to - 1) : 0;
    case 'asymmetric':
      return row / scale;
    default:
      return undefined;
  }
}

function roundedBy(mode: string, at: number): number {
  switch (mode) {
    case 'floor':
      return Math.floor(at);
    case 'ceil':
      return Math.ceil(at);
    case 'round_prefer_ceil':
      return Math.floor(at + 0.5);
    default:
      return Math.ceil(at - 0.5);
  }
}

/** Keys' cubic kernel with parameter a. */
function cubic(distance: number, a: number): number {
  const x = Math.abs(distance);
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
}

function alongAxis(
  back: Backward,
  gradient: string,
  shape: readonly number[],
  axis: number,
  matrix: Matrix,
  from: number,
  to: number,
): string {
  const times = to / from;
  const before = shape.slice(0, axis);
  const behind = shape.slice(axis + 1);
  if (Number.isInteger(times) && repeats(matrix, from, times)) {
    const blocks = back.reshape(gradient, [...before, from, times, ...behind]);
    return back.sum(blocks, [axis + 2], false);
  }
  // Aᵀ from the left over everything behind the axis as one.
  const size = behind.reduce((product, side) => product * side, 1);
  const transposed = new Float32Array(from * to);
  for (let row = 0; row < to; row++)
    for (let column = 0; column < from; column++) transposed[column * to + row] = matrix[row * from + column] ?? 0;
  const weights = back.graph.floats('resized', transposed, [from, to]);
  const columns = back.reshape(gradient, [...before, to, size]);
  return back.reshape(back.node('MatMul', weights, columns), [...before, from, ...behind]);
}

/** Whether row r of the matrix holds exactly source r / times. */
function repeats(matrix: Matrix, from: number, times: number): boolean {
  for (let row = 0; row < from * times; row++) if (matrix[row * from + Math.floor(row / times)] !== 1) return false;
  return true;
}

/** Changes of resolution. */
export const resizing: Readonly<Record<string, Rule>> = { Resize: resize, Upsample: resize };
