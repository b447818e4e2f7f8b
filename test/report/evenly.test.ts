import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chooseEvenly } from '../../src/report/evenly.js';

describe('chooseEvenly', () => {
  it('keeps everything that fits', () => {
    assert.deepEqual(chooseEvenly([3, 3, 3], 9), [0, 1, 2]);
  });

  it('spreads what it keeps', () => {
    assert.deepEqual(chooseEvenly(Array(10).fill(1), 5), [0, 2, 4, 6, 8]);
    assert.deepEqual(chooseEvenly(Array(10).fill(1), 4), [0, 2, 5, 7]);
  });

  it('keeps nothing where nothing fits', () => {
    assert.deepEqual(chooseEvenly([5, 5], 4), []);
    assert.deepEqual(chooseEvenly([], 4), []);
  });

  it('never passes the budget, and its gaps differ by at most one', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { maxLength: 60 }), fc.nat(2000), (sizes, budget) => {
        const chosen = chooseEvenly(sizes, budget);
        assert.ok(chosen.reduce((sum, index) => sum + (sizes[index] ?? NaN), 0) <= budget);
        const gaps = chosen.slice(1).map((index, place) => index - (chosen[place] ?? 0));
        if (gaps.length > 0) assert.ok(Math.max(...gaps) - Math.min(...gaps) <= 1 && Math.min(...gaps) >= 1);
      }),
    );
  });

  it('fills the budget with items of one size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(400),
        (count, size, budget) => {
          const chosen = chooseEvenly(Array<number>(count).fill(size), budget);
          assert.equal(chosen.length, Math.min(count, Math.floor(budget / size)));
        },
      ),
    );
  });
});
