import assert from 'node:assert/strict';
import fc from 'fast-check';
import { auroc, aurocByGroup, rocCurve } from '../../numbers/auroc.js';
import { SCIKIT_LEARN } from './scikitLearn.js';

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

describe('AUROC', () => {
  it('by hand: three of four pairs in order, a tie counts half', () => {
    near(auroc([0.9, 0.4, 0.5, 0.1], [true, true, false, false]), 3 / 4);
    near(auroc([0.9, 0.5, 0.5, 0.1], [true, true, false, false]), 3.5 / 4);
    near(auroc([1, 1, 1], [true, false, true]), 0.5);
    assert.ok(Number.isNaN(auroc([1, 2], [true, true])));
    assert.ok(Number.isNaN(auroc([], [])));
  });

  for (const { name, values, positive, group, weights, ...answer } of SCIKIT_LEARN.rankings)
    it(`equals scikit-learn: ${name}`, () => {
      near(auroc(values, positive), answer.auroc);
      near(aurocByGroup(values, { positive, group, groups: 6 })(weights), answer.weightedAuroc);
      const curve = rocCurve(values, positive);
      assert.equal(curve.length, answer.roc[0].length);
      curve.forEach(({ falseRate, trueRate }, i) => {
        near(falseRate, answer.roc[0][i]);
        near(trueRate, answer.roc[1][i]);
      });
      // The trapezium rule over the curve gives the area too.
      const area = curve.slice(1).reduce((sum, { falseRate, trueRate }, i) => {
        return sum + ((falseRate - curve[i].falseRate) * (trueRate + curve[i].trueRate)) / 2;
      }, 0);
      near(area, answer.auroc);
    });

  it('depends on the order of the values alone, and turns round with them', () => {
    const cases = fc.array(fc.record({ value: fc.integer({ min: 0, max: 9 }), positive: fc.boolean() }), {
      minLength: 2,
      maxLength: 30,
    });
    fc.assert(
      fc.property(cases, (sample) => {
        const positive = sample.map((one) => one.positive);
        fc.pre(positive.includes(true) && positive.includes(false));
        const values = sample.map(({ value }) => value);
        const area = auroc(values, positive);
        near(
          auroc(
            values.map((value) => value ** 3 - 7),
            positive,
          ),
          area,
        );
        near(
          auroc(
            values.map((value) => -value),
            positive,
          ),
          1 - area,
        );
      }),
    );
  });

  it('of groups drawn several times is that of the sample with them several times', () => {
    const cases = fc.array(
      fc.record({
        value: fc.integer({ min: 0, max: 5 }),
        positive: fc.boolean(),
        group: fc.integer({ min: 0, max: 2 }),
      }),
      { minLength: 4, maxLength: 30 },
    );
    const weights = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(cases, weights, (sample, drawn) => {
        const grouped = aurocByGroup(
          sample.map(({ value }) => value),
          { positive: sample.map((one) => one.positive), group: sample.map((one) => one.group), groups: 3 },
        )(drawn);
        const copies = sample.flatMap((one) => Array.from({ length: drawn[one.group] }, () => one));
        const whole = auroc(
          copies.map(({ value }) => value),
          copies.map((one) => one.positive),
        );
        assert.ok(Number.isNaN(whole) ? Number.isNaN(grouped) : Math.abs(whole - grouped) < 1e-12);
      }),
    );
  });
});
