import assert from 'node:assert/strict';
import { invertSymmetric } from '../../../src/explain/estimates/cholesky.js';
import { sparseBayes, type RegressionSums } from '../../../src/explain/estimates/sparseBayes.js';

/** Uniform in [0, 1), the same every time. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function sumsOf(rows: readonly (readonly number[])[], scores: readonly number[]): RegressionSums {
  const features = rows[0].length;
  const gram = new Float64Array(features * features);
  const moments = new Float64Array(features);
  rows.forEach((row, i) =>
    row.forEach((a, k) => {
      moments[k] += a * scores[i];
      row.forEach((b, l) => (gram[k * features + l] += a * b));
    }),
  );
  return { count: rows.length, gram, moments, squares: scores.reduce((sum, score) => sum + score * score, 0) };
}

/** Log evidence of precisions α and β, `−½ (log |C| + tᵀ C⁻¹ t)`, `C = 1/β + Φ A⁻¹ Φᵀ`, the long way round: in the space of the scores. */
function evidence(
  rows: readonly (readonly number[])[],
  scores: readonly number[],
  alpha: readonly number[],
  beta: number,
): number {
  const n = rows.length;
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      c[i * n + j] = rows[i].reduce((sum, a, k) => sum + (a * rows[j][k]) / alpha[k], i === j ? 1 / beta : 0);
  const factor = c.slice();
  const inverse = invertSymmetric(factor, n);
  let log = 0;
  for (let i = 0; i < n; i++) log += 2 * Math.log(factor[i * n + i]);
  let fit = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) fit += scores[i] * inverse[i * n + j] * scores[j];
  return -(log + fit) / 2;
}

describe('sparse Bayesian regression', () => {
  it('by hand: one feature', () => {
    // Φᵀ Φ = 4, Φᵀ t = 8, tᵀ t = 16.4. Without noise known beforehand the two fixed points are solved together:
    // μ = 8β/(4β + α), γ = 4β/(4β + α), α = γ/μ², β = (4 − 1 − γ)/‖t − φμ‖².
    const rows = [[1], [1], [1], [1]];
    const scores = [2.1, 1.9, 2.3, 1.7];
    const { active, slopes, precisions, noisePrecision, determined, covariance } = sparseBayes(sumsOf(rows, scores));
    assert.deepEqual(active, [0]);
    const [mu, alpha] = [slopes[0], precisions[0]];
    assert.ok(Math.abs(mu - (8 * noisePrecision) / (4 * noisePrecision + alpha)) < 1e-9);
    assert.ok(Math.abs(covariance[0] - 1 / (4 * noisePrecision + alpha)) < 1e-12);
    assert.ok(Math.abs(determined - (4 * noisePrecision) / (4 * noisePrecision + alpha)) < 1e-9);
    // The climb ends where no change of α raises the log evidence by a thousandth: that flat it is this far around its top.
    assert.ok(Math.abs(alpha - determined / mu ** 2) < 0.08 * alpha, `${alpha}, ${determined / mu ** 2}`);
    const left = scores.reduce((sum, score) => sum + (score - mu) ** 2, 0);
    assert.ok(Math.abs(noisePrecision - (3 - determined) / left) < 0.02 * noisePrecision);
  });

  it('finds the slopes that are there and no others, and no change of an α raises the evidence', () => {
    const draw = uniform(7);
    const rows = Array.from({ length: 40 }, () => Array.from({ length: 12 }, () => 2 * draw() - 1));
    const scores = rows.map((row) => 1.5 * row[2] - 0.8 * row[9] + 0.05 * (2 * draw() - 1));
    const { active, slopes, precisions, noisePrecision } = sparseBayes(sumsOf(rows, scores));
    const by = new Map(active.map((k, i) => [k, slopes[i]]));
    assert.ok(Math.abs((by.get(2) ?? 0) - 1.5) < 0.03 && Math.abs((by.get(9) ?? 0) + 0.8) < 0.03, String([...by]));
    for (const [k, slope] of by) if (k !== 2 && k !== 9) assert.ok(Math.abs(slope) < 0.05, `${k}: ${slope}`);
    const alpha = Array.from({ length: 12 }, (_, k) => (active.includes(k) ? precisions[active.indexOf(k)] : 1e12));
    const best = evidence(rows, scores, alpha, noisePrecision);
    for (let k = 0; k < 12; k++)
      for (const factor of alpha[k] < 1e12 ? [0.7, 1.4, 1e9] : [1e-6, 1e-10, 1e-12]) {
        const other = alpha.map((value, l) => (l === k ? value * factor : value));
        assert.ok(evidence(rows, scores, other, noisePrecision) < best + 2e-3, `${k} × ${factor}`);
      }
  });

  it('says nothing of noise, and goes on from where it was to the same place', () => {
    const draw = uniform(3);
    const rows = Array.from({ length: 60 }, () => Array.from({ length: 20 }, () => 2 * draw() - 1));
    const noise = rows.map(() => 2 * draw() - 1);
    const { active, slopes } = sparseBayes(sumsOf(rows, noise));
    assert.ok(active.length <= 6 && slopes.every((slope) => Math.abs(slope) < 0.5), String(slopes));
    const scores = rows.map((row, i) => row[0] + 0.1 * noise[i]);
    const once = sparseBayes(sumsOf(rows, scores));
    const again = sparseBayes(sumsOf(rows, scores), once);
    assert.deepEqual(again.active, once.active);
    again.slopes.forEach((slope, i) => assert.ok(Math.abs(slope - once.slopes[i]) < 2e-3));
  });
});
