import assert from 'node:assert/strict';
import fc from 'fast-check';
import { linearBins, logarithmicBins, stepBins } from '../../src/drift/bins.js';
import { SlidingCounts } from '../../src/drift/slidingCounts.js';
import { classGroups, grouped, neighbourGroups, stabilityIndex } from '../../src/drift/stabilityIndex.js';

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

describe('bins', () => {
  it('hold what lies between their bounds, and at the ends everything beyond', () => {
    const tenths = linearBins(0, 1, 10);
    assert.deepEqual([-1, 0, 0.05, 0.1, 0.95, 1, 7].map(tenths.of), [0, 0, 0, 1, 9, 9, 9]);
    const octaves = logarithmicBins(-2, 2, 2);
    assert.equal(octaves.count, 8);
    assert.deepEqual([0, 0.1, 0.25, 0.36, 1, 1.5, 3.9, 100].map(octaves.of), [0, 0, 0, 1, 4, 5, 7, 7]);
    const steps = stepBins([0, 1, 5]);
    assert.deepEqual([0, 1, 4, 5, 1e9].map(steps.of), [0, 1, 1, 2, 2]);
  });
});

describe('stabilityIndex', () => {
  it('is Σ (q − p) ln(q / p), half a count added to each (worked by hand)', () => {
    // p = ½, ½; q = 80.5 / 101, 20.5 / 101.
    const [q1, q2] = [80.5 / 101, 20.5 / 101];
    near(stabilityIndex([50, 50], [80, 20]), (q1 - 0.5) * Math.log(2 * q1) + (q2 - 0.5) * Math.log(2 * q2));
    near(stabilityIndex([50, 50], [80, 20]), 0.4062868212713332);
    // p = 10.5 / 11, 0.5 / 11 and the reverse: 2 · (10 / 11) · ln 21.
    near(stabilityIndex([10, 0], [0, 10]), (20 / 11) * Math.log(21));
    assert.throws(() => stabilityIndex([1], [1, 2]), RangeError);
  });

  it('is 0 for the same counts, never below, and the same both ways', () => {
    const counts = fc.array(fc.nat(1000), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        assert.equal(stabilityIndex(a, a), 0);
        const index = stabilityIndex(a, b);
        assert.ok(index >= -1e-12);
        near(stabilityIndex(b, a), index);
      }),
    );
  });

  it('stays small for samples of one distribution, whatever their number', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 10, max: 100 }), { minLength: 2, maxLength: 10 }), (p) => {
        assert.ok(
          stabilityIndex(
            p,
            p.map((count) => 7 * count),
          ) < 0.1,
        );
      }),
    );
  });
});

describe('groups', () => {
  it('join neighbouring bins until each holds a tenth (worked by hand)', () => {
    assert.deepEqual(neighbourGroups([5, 5, 80, 5, 5]), [0, 0, 1, 2, 2]);
    assert.deepEqual(neighbourGroups([0, 100, 0]), [0, 0, 0]);
    assert.deepEqual(neighbourGroups([50, 45, 5]), [0, 1, 1]);
    assert.deepEqual(neighbourGroups([0, 0]), [0, 0]);
    assert.deepEqual(grouped([5, 5, 80, 5, 5], [0, 0, 1, 2, 2]), [10, 80, 10]);
  });

  it('leave common classes alone and take the others together (worked by hand)', () => {
    assert.deepEqual(classGroups([60, 0, 39.5, 0.5]), [0, 2, 1, 2]);
    assert.deepEqual(grouped([60, 0, 39.5, 0.5], [0, 2, 1, 2]), [60, 39.5, 0.5]);
  });

  it('lose no count', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 40 }), (counts) => {
        for (const groups of [neighbourGroups(counts), classGroups(counts)]) {
          assert.equal(groups.length, counts.length);
          const sum = (list: readonly number[]): number => list.reduce((total, count) => total + count, 0);
          assert.equal(sum(grouped(counts, groups)), sum(counts));
        }
      }),
    );
  });
});

describe('SlidingCounts', () => {
  it('forgets slice by slice', () => {
    const window = new SlidingCounts(2, 3);
    window.add(0);
    window.add(0);
    window.advance();
    window.add(1);
    window.advance();
    window.add(0);
    assert.deepEqual(Array.from(window.counts), [3, 1]);
    window.advance();
    assert.deepEqual(Array.from(window.counts), [1, 1]);
    window.advance();
    assert.deepEqual([Array.from(window.counts), window.total], [[1, 0], 1]);
    window.clear();
    window.advance();
    assert.deepEqual([Array.from(window.counts), window.total], [[0, 0], 0]);
  });
});
