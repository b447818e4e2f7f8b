import { solveSymmetric } from '../../src/explain/estimates/cholesky.js';

/** `p(x) = 1 / (1 + exp(−(intercept + coefficients · x)))`. */
export interface LogisticModel {
  readonly intercept: number;
  readonly coefficients: Float64Array;
}

const MAX_STEPS = 100;
/** Newton's step is the last one where it promises to lower the loss by no more than this share of it: rounding is larger soon. */
const TOLERANCE = 1e-12;

/**
 * Logistic regression with a ridge: minimises `Σ_i log(1 + exp(−s_i z_i)) + ridge/2 · |w|²`, `z_i = b + w·x_i`, s_i = ±1 by Newton's
 * method with halved steps. The intercept is not shrunk; scikit-learn's `LogisticRegression(C=1/ridge)` minimises the same.
 * @param rows [n, k], n at least 1; put on a common scale, as the ridge weighs all columns alike
 * @param ridge positive, so that there is one minimum even where a column separates true from false
 * @throws RangeError without both true and false cases
 */
export function fitLogistic(rows: readonly Float64Array[], positive: readonly boolean[], ridge: number): LogisticModel {
  const truths = positive.filter((is) => is).length;
  if (truths === 0 || truths === positive.length)
    throw new RangeError('a logistic regression needs true and false cases');
  if (!(ridge > 0)) throw new RangeError(`a ridge of ${ridge} is not positive`);
  const columns = rows[0].length;
  // Intercept first.
  let weights = new Float64Array(columns + 1);
  weights[0] = Math.log(truths / (positive.length - truths));
  let loss = lossOf(weights, rows, positive, ridge);
  for (let step = 0; step < MAX_STEPS; step++) {
    const { move, promise } = newtonStep(weights, rows, positive, ridge);
    if (promise <= TOLERANCE * loss) {
      weights = moved(weights, move, 1);
      break;
    }
    let length = 1;
    let next = moved(weights, move, length);
    let nextLoss = lossOf(next, rows, positive, ridge);
    while (nextLoss > loss && length > 2 ** -30) {
      length /= 2;
      next = moved(weights, move, length);
      nextLoss = lossOf(next, rows, positive, ridge);
    }
    // Not even a tiny step gets lower: rounding is all that is left.
    if (nextLoss > loss) break;
    weights = next;
    loss = nextLoss;
  }
  return { intercept: weights[0], coefficients: weights.slice(1) };
}

/** Probability that a case is true, in [0, 1]. */
export function predictLogistic({ intercept, coefficients }: LogisticModel, row: Float64Array): number {
  return sigmoid(coefficients.reduce((sum, value, k) => sum + value * row[k], intercept));
}

/** `log(p / (1 − p))`; p is kept 10⁻⁶ away from 0 and 1, where it is infinite. */
export function logit(probability: number): number {
  const inside = Math.min(Math.max(probability, 1e-6), 1 - 1e-6);
  return Math.log(inside / (1 - inside));
}

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

function linear(weights: Float64Array, row: Float64Array): number {
  let sum = weights[0];
  for (let k = 0; k < row.length; k++) sum += weights[k + 1] * row[k];
  return sum;
}

function lossOf(
  weights: Float64Array,
  rows: readonly Float64Array[],
  positive: readonly boolean[],
  ridge: number,
): number {
  let loss = 0;
  for (let k = 1; k < weights.length; k++) loss += (ridge / 2) * weights[k] ** 2;
  rows.forEach((row, i) => {
    const margin = positive[i] ? linear(weights, row) : -linear(weights, row);
    // log(1 + e^−m) without overflow.
    loss += Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin)));
  });
  return loss;
}

/** `−H⁻¹ g`, and what it promises to lower the loss by, `gᵀH⁻¹g / 2`. */
function newtonStep(
  weights: Float64Array,
  rows: readonly Float64Array[],
  positive: readonly boolean[],
  ridge: number,
): { readonly move: Float64Array; readonly promise: number } {
  const size = weights.length;
  const hessian = new Float64Array(size * size);
  const downhill = new Float64Array(size);
  const extended = new Float64Array(size).fill(1);
  rows.forEach((row, i) => {
    const p = sigmoid(linear(weights, row));
    const residual = Number(positive[i]) - p;
    const curvature = p * (1 - p);
    extended.set(row, 1);
    for (let a = 0; a < size; a++) {
      downhill[a] += residual * extended[a];
      for (let b = 0; b <= a; b++) hessian[a * size + b] += curvature * extended[a] * extended[b];
    }
  });
  for (let k = 1; k < size; k++) {
    downhill[k] -= ridge * weights[k];
    hessian[k * size + k] += ridge;
  }
  // The intercept has no ridge; where all probabilities are 0 or 1 to rounding its curvature vanishes.
  hessian[0] += 1e-12;
  const move = downhill.slice();
  solveSymmetric(hessian, size, [move]);
  return { move, promise: move.reduce((sum, value, k) => sum + value * downhill[k], 0) / 2 };
}

function moved(weights: Float64Array, move: Float64Array, length: number): Float64Array<ArrayBuffer> {
  return Float64Array.from(weights, (value, k) => value + length * move[k]);
}
