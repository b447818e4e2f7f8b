import assert from 'node:assert/strict';
import fc from 'fast-check';
import { holm, pairedSignFlipTest, summarise, type GroupedValue, type Summary } from '../../numbers/statistics.js';

/** A small generator of uniform numbers (Numerical Recipes). */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
const single = (values: readonly number[]): GroupedValue[] =>
  values.map((value, i) => ({ value, group: `group ${String(i)}` }));
const close = (actual: number, expected: number, tolerance = 1e-9): void => {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual}, expected ${expected}`);
};

describe('summarise', () => {
  it('by hand: mean and sample deviation', () => {
    const { count, mean, deviation } = summarise(single([1, 2, 3, 6]), uniform(1), 100);
    assert.equal(count, 4);
    close(mean, 3);
    close(deviation, Math.sqrt((4 + 1 + 0 + 9) / 3));
    assert.throws(() => summarise([], uniform(1)), RangeError);
  });

  it('has no interval from a single group', () => {
    const sample = [1, 2, 4].map((value) => ({ value, group: 'the only drive' }));
    assert.equal(summarise(sample, uniform(1)).interval, null);
  });

  it('has the normal interval of many single values', () => {
    const draw = uniform(7);
    const values = Array.from({ length: 400 }, () => draw() + draw() + draw());
    const { mean, interval, deviation } = summarise(single(values), uniform(2), 4000);
    assert.ok(interval);
    const { low, high } = interval;
    const half = (1.96 * deviation) / Math.sqrt(400);
    close(low, mean - half, half / 8);
    close(high, mean + half, half / 8);
  });

  it('widens where values come in groups of equals', () => {
    const draw = uniform(5);
    const grouped = Array.from({ length: 30 }, (_, g) => ({ value: draw(), group: String(g) })).flatMap((item) =>
      Array<GroupedValue>(10).fill(item),
    );
    const together = summarise(grouped, uniform(3), 2000);
    const apart = summarise(single(grouped.map(({ value }) => value)), uniform(3), 2000);
    const width = ({ interval }: Summary): number => (interval ? interval.high - interval.low : NaN);
    const ratio = width(together) / width(apart);
    close(ratio, Math.sqrt(10), 0.5);
  });

  it('keeps the mean inside its interval and a constant without width', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 12 }),
        fc.nat(),
        (values, seed) => {
          const { mean, interval } = summarise(single(values), uniform(seed), 400);
          assert.ok(interval);
          const { low, high } = interval;
          assert.ok(low <= mean + 1e-9 && mean <= high + 1e-9, `${low} ${mean} ${high} of ${values.join(' ')}`);
          if (new Set(values).size === 1) close(high - low, 0);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('pairedSignFlipTest', () => {
  it('by hand: three groups, all eight signs', () => {
    // |1 + 2 + 4| = 7 is reached by all plus and all minus only.
    close(pairedSignFlipTest(single([1, 2, 4]), uniform(1)), 2 / 8);
    // |1 − 2 + 4| = 3: of ±1 ±2 ±4 the sums ±7, ±5, ±3 reach it; ±1 does not.
    close(pairedSignFlipTest(single([1, -2, 4]), uniform(1)), 6 / 8);
    close(pairedSignFlipTest(single([0, 0]), uniform(1)), 1);
  });

  it('flips whole groups', () => {
    const one = Array.from({ length: 50 }, () => ({ value: 1, group: 'the only drive' }));
    assert.equal(pairedSignFlipTest(one, uniform(1)), 1);
  });

  it('agrees with itself where all signs are too many to try', () => {
    const draw = uniform(11);
    const values = Array.from({ length: 13 }, () => draw() - 0.3);
    const exact = pairedSignFlipTest(single(values), uniform(1));
    // A fourteenth group without any difference changes nothing but the way.
    close(pairedSignFlipTest(single([...values, 0]), uniform(1), 40_000), exact, 0.01);
  });

  it('is uniform where there is no difference', () => {
    const draw = uniform(13);
    const small = Array.from({ length: 400 }, () =>
      pairedSignFlipTest(single(Array.from({ length: 8 }, () => draw() - 0.5)), draw),
    ).filter((p) => p <= 0.25).length;
    assert.ok(small > 70 && small < 130, `${small} of 400 p-values are at most 0.25`);
  });
});

describe('holm', () => {
  it('by hand', () => {
    const corrected = holm([0.01, 0.04, 0.03]);
    [0.03, 0.06, 0.06].forEach((expected, i) => close(corrected[i], expected));
    assert.deepEqual(holm([0.9, 0.8]), [1, 1]);
    assert.deepEqual(holm([]), []);
  });
});
