import assert from 'node:assert/strict';
import fc from 'fast-check';
import { attentionFigures, type AttentionMap } from '../../src/maps/attention.js';

const map = (width: number, height: number, values: number[]): AttentionMap => ({
  width,
  height,
  values: Float32Array.from(values),
});
const close = (actual: number, expected: number): void => {
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual}, expected ${expected}`);
};

describe('attentionFigures', () => {
  it('by hand: one cell of two, interpolated', () => {
    // 2×1 cells over a 4×2 image; the interpolant is 1 for x < 1, falls to 0 at x = 3: its integral is 1 + 1 = 2 columns.
    const hot = map(2, 1, [1, 0]);
    // Left half: 1 + ∫₁² (1 − (x − 1)/2) = 1.75 of 2.
    const left = attentionFigures(hot, { x1: 0, y1: 0, x2: 2, y2: 2 }, 4, 2);
    close(left.energyInBox, 0.875);
    close(left.energyGain, 1.75);
    assert.equal(left.peakInBox, true);
    const right = attentionFigures(hot, { x1: 2, y1: 0, x2: 4, y2: 2 }, 4, 2);
    close(right.energyInBox, 0.125);
    assert.equal(right.peakInBox, false);
  });

  it('counts fractions of pixels', () => {
    const flat = map(4, 4, Array<number>(16).fill(3));
    const { energyInBox, energyGain } = attentionFigures(flat, { x1: 0.25, y1: 1.5, x2: 3.5, y2: 2.75 }, 4, 4);
    close(energyInBox, (3.25 * 1.25) / 16);
    close(energyGain, 1);
  });

  it('has no NaN for empty maps, negative maps and degenerate boxes', () => {
    const none = { energyInBox: 0, energyGain: 0, peakInBox: false };
    assert.deepEqual(attentionFigures(map(2, 2, [0, 0, 0, 0]), { x1: 0, y1: 0, x2: 2, y2: 2 }, 2, 2), none);
    assert.deepEqual(attentionFigures(map(2, 2, [-1, -2, NaN, 0]), { x1: 0, y1: 0, x2: 2, y2: 2 }, 2, 2), none);
    assert.deepEqual(attentionFigures(map(2, 2, [1, 2, 3, 4]), { x1: 1, y1: 1, x2: 1, y2: 1 }, 2, 2), none);
    assert.deepEqual(attentionFigures(map(2, 2, [1, 2, 3, 4]), { x1: 9, y1: 9, x2: 12, y2: 12 }, 2, 2), none);
  });

  it('splits the energy among boxes that tile the image', () => {
    const grid = fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 12, maxLength: 12 });
    const cut = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(grid, cut, cut, (values, x, y) => {
        fc.pre(values.some((value) => value > 1e-3));
        const parts = [
          { x1: 0, y1: 0, x2: x, y2: y },
          { x1: x, y1: 0, x2: 100, y2: y },
          { x1: 0, y1: y, x2: x, y2: 100 },
          { x1: x, y1: y, x2: 100, y2: 100 },
        ];
        const figures = parts.map((box) => attentionFigures(map(4, 3, values), box, 100, 100));
        close(
          figures.reduce((sum, { energyInBox }) => sum + energyInBox, 0),
          1,
        );
        assert.ok(figures.some(({ peakInBox }) => peakInBox));
      }),
    );
  });
});
