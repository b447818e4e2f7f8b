import assert from 'node:assert/strict';
import fc from 'fast-check';
import { brierByGroup, calibrationErrorByGroup, reliability } from '../../numbers/calibration.js';
import type { LabelledCases } from '../../numbers/labelledCases.js';
import { SCIKIT_LEARN } from './scikitLearn.js';

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
const inOne = (positive: boolean[]): LabelledCases => ({ positive, group: positive.map(() => 0), groups: 1 });
const brier = (values: number[], positive: boolean[]): number => brierByGroup(values, inOne(positive))([1]);
const calibrationError = (values: number[], positive: boolean[]): number =>
  calibrationErrorByGroup(values, inOne(positive))([1]);

describe('calibration', () => {
  it('by hand', () => {
    near(brier([0.8, 0.3], [true, false]), (0.04 + 0.09) / 2);
    // One bin has 0.75 and 0.8 with one of two true, another 0.2 with none.
    const values = [0.75, 0.8, 0.2];
    const positive = [true, false, false];
    near(calibrationError(values, positive), (2 / 3) * (0.775 - 0.5) + (1 / 3) * 0.2);
    const bins = reliability(values, positive);
    assert.deepEqual(
      bins.map(({ low, high, count, trueShare }) => [low, high, count, trueShare]),
      [
        [0.1, 0.2, 1, 0],
        [0.7, 0.8, 2, 0.5],
      ],
    );
    near(bins[1].meanProbability, 0.775);
  });

  it('puts 0 and the bounds where they belong', () => {
    for (let k = 1; k <= 10; k++)
      assert.deepEqual(
        reliability([k / 10, (k - 1) / 10], [true, false]).map(({ high }) => high),
        k === 1 ? [0.1] : [(k - 1) / 10, k / 10],
      );
  });

  for (const { name, values, positive, group, weights, ...answer } of SCIKIT_LEARN.rankings)
    it(`equals scikit-learn: ${name}`, () => {
      near(brier(values, positive), answer.brier);
      near(brierByGroup(values, { positive, group, groups: 6 })(weights), answer.weightedBrier);
      near(calibrationError(values, positive), answer.calibrationError);
      const bins = reliability(values, positive);
      assert.equal(bins.length, answer.reliability.share.length);
      bins.forEach(({ meanProbability, trueShare }, i) => {
        near(meanProbability, answer.reliability.mean[i]);
        near(trueShare, answer.reliability.share[i]);
      });
    });

  it('is 0 for certain and right, 1 for certain and wrong; the error is never above 1', () => {
    const truth = [true, false, true];
    const certain = truth.map(Number);
    const wrong = truth.map((is) => Number(!is));
    assert.deepEqual([brier(certain, truth), calibrationError(certain, truth)], [0, 0]);
    assert.deepEqual([brier(wrong, truth), calibrationError(wrong, truth)], [1, 1]);
    const cases = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()), { minLength: 1 });
    fc.assert(
      fc.property(cases, (sample) => {
        const error = calibrationError(
          sample.map(([p]) => p),
          sample.map(([, is]) => is),
        );
        // One bin over everything can only hide errors (triangle inequality).
        const mean = sample.reduce((sum, [p, is]) => sum + Number(is) - p, 0) / sample.length;
        assert.ok(error <= 1 && error >= Math.abs(mean) - 1e-12);
      }),
    );
  });
});
