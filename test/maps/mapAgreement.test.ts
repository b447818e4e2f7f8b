import assert from 'node:assert/strict';
import fc from 'fast-check';
import { agreementUnderShift, pearson, topOverlap, type ValueGrid } from '../../src/maps/mapAgreement.js';
import { giniIndex } from '../../src/maps/sparsity.js';

const close = (actual: number, expected: number): void => {
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual}, expected ${expected}`);
};

describe('pearson', () => {
  it('by hand', () => {
    close(pearson([1, 2, 3], [2, 4, 6]), 1);
    close(pearson([1, 2, 3], [3, 2, 1]), -1);
    // Deviations (−1, 0, 1) and (0, −1, 1): 1 / 2.
    close(pearson([1, 2, 3], [2, 1, 3]), 0.5);
    assert.equal(pearson([1, 1, 1], [1, 2, 3]), 0);
    assert.equal(pearson([], []), 0);
    assert.throws(() => pearson([1], [1, 2]), RangeError);
  });

  it('is symmetric, bounded, and blind to scale and offset', () => {
    const map = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(map, map, (a, b) => {
        const r = pearson(a, b);
        assert.ok(r >= -1 && r <= 1);
        close(pearson(b, a), r);
        close(
          pearson(
            a.map((value) => 3 * value + 7),
            b,
          ),
          r,
        );
      }),
    );
  });
});

describe('topOverlap', () => {
  it('by hand: the two hottest of eight pixels', () => {
    const a = Float32Array.of(9, 8, 1, 1, 1, 1, 1, 1);
    assert.equal(topOverlap(a, a, 0.25), 1);
    assert.equal(topOverlap(a, Float32Array.of(9, 1, 8, 1, 1, 1, 1, 1), 0.25), 1 / 3);
    assert.equal(topOverlap(a, Float32Array.of(1, 1, 1, 1, 1, 1, 8, 9), 0.25), 0);
    assert.equal(topOverlap(a, new Float32Array(8), 0.25), 0);
    assert.throws(() => topOverlap(a, new Float32Array(7)), RangeError);
  });
});

describe('agreementUnderShift', () => {
  const grid = (width: number, height: number, value: (x: number, y: number) => number): ValueGrid => ({
    width,
    height,
    values: Float32Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width))),
  });
  const bump = (x: number, y: number): number => Math.exp(-((x - 4) ** 2 + (y - 3) ** 2) / 4);

  it('is 1 for a map that moves along and less for one that stays', () => {
    fc.assert(
      fc.property(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -2, max: 2 }), (dx, dy) => {
        const still = grid(9, 8, bump);
        const moved = grid(9, 8, (x, y) => bump(x - dx, y - dy));
        close(agreementUnderShift(still, moved, dx, dy), 1);
        if (dx !== 0 || dy !== 0) assert.ok(agreementUnderShift(still, still, dx, dy) < 0.95);
      }),
    );
  });

  it('refuses shifts that leave nothing and grids that differ', () => {
    const map = grid(9, 8, bump);
    assert.throws(() => agreementUnderShift(map, map, 9, 0), RangeError);
    assert.throws(() => agreementUnderShift(map, map, 0.5, 0), RangeError);
    assert.throws(() => agreementUnderShift(map, grid(8, 9, bump), 0, 0), RangeError);
  });
});

describe('giniIndex', () => {
  it('by hand and at its bounds', () => {
    close(giniIndex(Float32Array.of(2, 2, 2, 2)), 0);
    close(giniIndex(Float32Array.of(0, 0, 0, 5)), 1 - 1 / 4);
    // Rising 1, 3: 1 − 2 (1/4 · 3/4 + 3/4 · 1/4) = 1/4.
    close(giniIndex(Float32Array.of(3, 1)), 0.25);
    assert.equal(giniIndex(Float32Array.of(0, -3, NaN)), 0);
  });

  it('ignores scale and order, and grows when the smallest gives to the greatest', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 99 }), { minLength: 2, maxLength: 20 }), (numbers) => {
        const index = giniIndex(Float32Array.from(numbers));
        assert.ok(index >= 0 && index < 1);
        close(giniIndex(Float32Array.from(numbers.toReversed(), (value) => 8 * value)), index);
        const sorted = numbers.toSorted((a, b) => a - b);
        sorted[sorted.length - 1] += sorted[0];
        sorted[0] = 0;
        assert.ok(giniIndex(Float32Array.from(sorted)) > index);
      }),
    );
  });
});
