import assert from 'node:assert/strict';
import { sampleMask } from '../../../src/explain/masks/gridMask.js';
import { MaskStream } from '../../../src/explain/masks/maskStream.js';
import { isCorrected, MultilevelEstimate } from '../../../src/explain/estimates/multilevelEstimate.js';
import { RiseEstimate } from '../../../src/explain/estimates/riseEstimate.js';
import { exactMaps, PROBABILITY, SIDE, toyScores, toyStream } from '../toyDetector.js';

const content = { width: SIDE, height: SIDE };
const geometry = { ...content, content };

/** What a cheap detector says: biased, but it follows the true one. */
function cheapScores(scores: readonly number[]): number[] {
  return scores.map((score, t) => 0.15 + 0.6 * score - (t === 0 ? 0 : 0.1 * score ** 2));
}

function scoresOf(stream: MaskStream, index: number, corrected: boolean): number[] {
  const mask = new Float64Array(SIDE * SIDE);
  sampleMask(stream.mask(index), content, content, mask);
  const full = toyScores(mask);
  return [...cheapScores(full), ...(corrected ? full : full.map(() => NaN))];
}

function estimated(
  seed: number,
  passes: number,
  corrected: number,
  sampler: 'plain' | 'importance',
): MultilevelEstimate {
  const stream = new MaskStream(toyStream(sampler, seed));
  const estimate = new MultilevelEstimate(geometry, PROBABILITY, 2);
  for (let i = 0; i < passes; i++) estimate.add(stream.mask(i), scoresOf(stream, i, isCorrected(i, passes, corrected)));
  return estimate;
}

describe('the multilevel estimate', () => {
  it('has the expectation of full passes though the cheap ones are biased', () => {
    const exact = exactMaps();
    const runs = 400;
    for (const sampler of ['plain', 'importance'] as const) {
      const maps = Array.from({ length: runs }, (_, seed) => {
        const estimate = estimated(seed, 40, 10, sampler);
        return [estimate.map(0), estimate.map(1)];
      });
      exact.forEach((map, t) => {
        map.forEach((value, x) => {
          const values = maps.map((run) => run[t][x]);
          const mean = values.reduce((a, b) => a + b, 0) / runs;
          const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / (runs - 1);
          const sigmas = Math.abs(mean - value) / Math.sqrt(variance / runs);
          assert.ok(sigmas < 4.5, `${sampler} target ${t} pixel ${x}: ${mean}, exact ${value}, ${sigmas} σ off`);
        });
      });
    }
  });

  it('needs fewer full passes than they alone, and knows its error', () => {
    const exact = exactMaps();
    const [many, few, runs] = [400, 40, 60];
    const errors = { plain: 0, corrected: 0, said: 0 };
    for (let seed = 0; seed < runs; seed++) {
      const estimate = estimated(seed, many, few, 'plain');
      const stream = new MaskStream(toyStream('plain', seed));
      const plain = new RiseEstimate(geometry, PROBABILITY, 1, 2);
      for (let i = 0; i < few; i++) plain.add(stream.mask(i), scoresOf(stream, i, true).slice(2));
      exact.forEach((map, t) => {
        const [a, b, said] = [plain.map(t), estimate.map(t), estimate.standardError(t)];
        map.forEach((value, x) => {
          errors.plain += (a[x] - value) ** 2;
          errors.corrected += (b[x] - value) ** 2;
          errors.said += said[x] ** 2;
        });
      });
    }
    assert.ok(errors.corrected < 0.35 * errors.plain, JSON.stringify(errors));
    assert.ok(errors.said > 0.7 * errors.corrected && errors.said < 1.4 * errors.corrected, JSON.stringify(errors));
  });

  it('is equation 4 where every mask has a full pass', () => {
    const stream = new MaskStream(toyStream('plain', 5));
    const all = estimated(5, 30, 30, 'plain');
    const plain = new RiseEstimate(geometry, PROBABILITY, 1, 2);
    for (let i = 0; i < 30; i++) plain.add(stream.mask(i), scoresOf(stream, i, true).slice(2));
    [0, 1].forEach((t) => {
      all.map(t).forEach((value, x) => assert.ok(Math.abs(value - plain.map(t)[x]) < 1e-6));
      all.standardError(t).forEach((value, x) => assert.ok(Math.abs(value - plain.standardError(t)[x]) < 1e-6));
    });
  });

  it('stays zero, and never NaN, for targets that are always lost', () => {
    const stream = new MaskStream(toyStream('plain', 1));
    const estimate = new MultilevelEstimate(geometry, PROBABILITY, 1);
    for (let i = 0; i < 20; i++) estimate.add(stream.mask(i), [0, i % 4 === 0 ? 0 : NaN]);
    assert.ok([...estimate.map(0), ...estimate.standardError(0)].every((value) => value === 0));
    assert.equal(estimate.convergence(0), 0);
  });

  it('goes on from what was saved as if nothing had happened', () => {
    const whole = estimated(9, 24, 8, 'importance');
    const first = new MultilevelEstimate(geometry, PROBABILITY, 2);
    const stream = new MaskStream(toyStream('importance', 9));
    const add = (estimate: MultilevelEstimate, from: number, to: number): void => {
      for (let i = from; i < to; i++) estimate.add(stream.mask(i), scoresOf(stream, i, isCorrected(i, 24, 8)));
    };
    add(first, 0, 11);
    const second = new MultilevelEstimate(geometry, PROBABILITY, 2);
    second.restore(11, first.save());
    add(second, 11, 24);
    [0, 1].forEach((t) => {
      assert.deepEqual(second.map(t), whole.map(t));
      assert.deepEqual(second.standardError(t), whole.standardError(t));
      assert.equal(second.convergence(t), whole.convergence(t));
    });
    assert.throws(() => new MultilevelEstimate(geometry, PROBABILITY, 1).restore(11, first.save()), RangeError);
  });

  it('spreads the full passes evenly', () => {
    const chosen = Array.from({ length: 12 }, (_, i) => i).filter((i) => isCorrected(i, 12, 3));
    assert.deepEqual(chosen, [3, 7, 11]);
  });
});
