import assert from 'node:assert/strict';
import fc from 'fast-check';
import { crossValidated, dealFolds } from '../../numbers/crossValidation.js';
import { fitLogistic, logit, predictLogistic } from '../../numbers/logisticRegression.js';
import { Random } from '../../scenes/random.js';
import { SCIKIT_LEARN } from './scikitLearn.js';

const near = (actual: number, expected: number, tolerance: number): void =>
  assert.ok(Math.abs(actual - expected) < tolerance, `${actual} is not ${expected}`);

describe('fitLogistic', () => {
  it('by hand: without a column that tells anything it knows the share of true cases', () => {
    const rows = [1, 1, 1, 1].map((value) => Float64Array.of(value));
    const model = fitLogistic(rows, [true, true, true, false], 1e6);
    near(predictLogistic(model, Float64Array.of(1)), 0.75, 1e-5);
    near(model.intercept, Math.log(3), 1e-4);
  });

  it('by hand: two groups, hardly any ridge: the log odds of each', () => {
    // 1 of 4 true at 0, 3 of 4 at 1: intercept log(1/3), slope log(3) − log(1/3).
    const rows = [0, 0, 0, 0, 1, 1, 1, 1].map((value) => Float64Array.of(value));
    const truth = [true, false, false, false, true, true, true, false];
    const model = fitLogistic(rows, truth, 1e-9);
    near(model.intercept, Math.log(1 / 3), 1e-6);
    near(model.coefficients[0], 2 * Math.log(3), 1e-6);
  });

  for (const { name, rows, positive, group, ridge, ...answer } of SCIKIT_LEARN.regressions)
    it(`equals scikit-learn: ${name}`, () => {
      const typed = rows.map((row) => Float64Array.from(row));
      const model = fitLogistic(typed, positive, ridge);
      near(model.intercept, answer.intercept, 2e-5);
      model.coefficients.forEach((value, k) => near(value, answer.coefficients[k], 2e-5));
      typed.forEach((row, i) => near(predictLogistic(model, row), answer.probabilities[i], 5e-6));
      crossValidated(rows, { positive, group, groups: 5 }, [0, 1, 2, 3, 4], ridge).forEach((value, i) =>
        near(value, answer.heldOut[i], 5e-6),
      );
    });

  it('stays finite where a column separates true from false, or is enormous', () => {
    const rows = [-1e6, -2, 2, 1e6].map((value) => Float64Array.of(value));
    const model = fitLogistic(rows, [false, false, true, true], 1e-3);
    assert.ok(Number.isFinite(model.intercept) && model.coefficients[0] > 0);
    assert.ok(predictLogistic(model, rows[3]) > 0.99);
  });

  it('has the gradient of its minimum: predictions are true on the average', () => {
    const sample = fc.array(fc.tuple(fc.double({ min: -3, max: 3, noNaN: true }), fc.boolean()), { minLength: 3 });
    fc.assert(
      fc.property(sample, (cases) => {
        const positive = cases.map(([, is]) => is);
        fc.pre(positive.includes(true) && positive.includes(false));
        const rows = cases.map(([value]) => Float64Array.of(value));
        const model = fitLogistic(rows, positive, 1);
        const mean = rows.reduce((sum, row) => sum + predictLogistic(model, row), 0) / rows.length;
        near(mean, positive.filter((is) => is).length / rows.length, 1e-8);
      }),
    );
  });

  it('refuses what has no answer', () => {
    assert.throws(() => fitLogistic([Float64Array.of(1)], [true], 1), RangeError);
    assert.throws(() => fitLogistic([Float64Array.of(1), Float64Array.of(2)], [true, false], 0), RangeError);
  });
});

describe('crossValidated', () => {
  it('judges nobody by a group that it was fitted to', () => {
    // Within its own group the column says the opposite of what it says in the others.
    const group = [0, 0, 1, 1, 2, 2];
    const rows = [[1], [0], [0], [1], [0], [1]];
    const positive = [true, false, true, false, true, false];
    const fold = [0, 1, 1];
    const [first, second] = crossValidated(rows, { positive, group, groups: 3 }, fold, 1e-3);
    assert.ok(first < 0.5 && second > 0.5, `${first} ${second}`);
  });
  it('falls back on the share where the other folds have one kind only', () => {
    const cases = { positive: [true, false, true], group: [0, 0, 1], groups: 2 };
    const probabilities = crossValidated([[1], [2], [3]], cases, [0, 1], 1);
    assert.deepEqual([...probabilities.slice(0, 2)], [1, 1]);
    assert.deepEqual([...crossValidated([[1], [2], [3]], cases, [0, 0], 1)], [0.5, 0.5, 0.5]);
  });
  it('deals folds of nearly equal size, the same for the same seed', () => {
    const deal = (seed: number): number[] => {
      const random = new Random(seed, 'folds');
      return dealFolds(23, 5, () => random.next());
    };
    const sizes = [0, 1, 2, 3, 4].map((fold) => deal(1).filter((of) => of === fold).length);
    assert.deepEqual(sizes.toSorted(), [4, 4, 5, 5, 5]);
    assert.deepEqual(deal(1), deal(1));
    assert.notDeepEqual(deal(1), deal(2));
  });
});

describe('logit', () => {
  it('is finite at the ends and the inverse of the logistic function between', () => {
    assert.ok(Number.isFinite(logit(1)));
    near(logit(0), -logit(1), 1e-9);
    near(logit(0.75), Math.log(3), 1e-12);
  });
});
