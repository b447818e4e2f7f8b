import assert from 'node:assert/strict';
import fc from 'fast-check';
import { maskFigures, type MaskFigures } from '../../numbers/maskFigures.js';

const close = (actual: number, expected: number): void => {
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual}, expected ${expected}`);
};
const figures = (values: readonly number[], mask: readonly number[]): MaskFigures => {
  const result = maskFigures(Float32Array.from(values), Uint8Array.from(mask));
  assert.ok(result);
  return result;
};

describe('maskFigures', () => {
  it('by hand', () => {
    const { energyInMask, energyGain, pointing, averagePrecision } = figures([0.5, 0.3, 0.2, 0], [0, 1, 1, 0]);
    close(energyInMask, 0.5);
    close(energyGain, 1);
    assert.equal(pointing, 0);
    // At 0.3: recall 1/2, precision 1/2; at 0.2: recall 1, precision 2/3.
    close(averagePrecision, 0.5 * 0.5 + 0.5 * (2 / 3));
  });

  it('by hand: equal values share one threshold; tied peaks share the point', () => {
    const { pointing, averagePrecision } = figures([1, 1, 1, 0], [1, 0, 0, 1]);
    close(pointing, 1 / 3);
    // Recall 1/2 at precision 1/3, then all at 2/4.
    close(averagePrecision, 0.5 / 3 + 0.5 * 0.5);
  });

  it('bounds: the object itself, its inverse, a flat and an empty map', () => {
    const mask = [1, 1, 0, 0, 0, 0, 0, 0];
    const share = 2 / 8;
    const perfect = figures(mask, mask);
    assert.deepEqual(perfect, { energyInMask: 1, energyGain: 4, pointing: 1, averagePrecision: 1 });
    const inverted = figures(
      mask.map((value) => 1 - value),
      mask,
    );
    assert.deepEqual(inverted, { energyInMask: 0, energyGain: 0, pointing: 0, averagePrecision: share });
    const flat = figures(Array<number>(8).fill(3), mask);
    assert.deepEqual(flat, { energyInMask: share, energyGain: 1, pointing: share, averagePrecision: share });
    const empty = figures(Array<number>(8).fill(NaN), mask);
    assert.deepEqual(empty, { energyInMask: 0, energyGain: 0, pointing: share, averagePrecision: share });
    assert.equal(maskFigures(new Float32Array(4), new Uint8Array(4)), undefined);
    assert.throws(() => maskFigures(new Float32Array(4), new Uint8Array(5)), RangeError);
  });

  it('stays in its ranges and does not change with the scale of the map', () => {
    const pixel = fc.record({ value: fc.integer({ min: -4, max: 9 }), inside: fc.boolean() });
    fc.assert(
      fc.property(fc.array(pixel, { minLength: 2, maxLength: 50 }), (pixels) => {
        const values = Float32Array.from(pixels, ({ value }) => value);
        const mask = Uint8Array.from(pixels, ({ inside }) => Number(inside));
        const result = maskFigures(values, mask);
        if (!result) {
          assert.ok(pixels.every(({ inside }) => !inside));
          return;
        }
        for (const share of [result.energyInMask, result.pointing, result.averagePrecision])
          assert.ok(share >= 0 && share <= 1 + 1e-12);
        assert.ok(result.averagePrecision > 0 && result.energyGain >= 0);
        assert.deepEqual(
          maskFigures(
            values.map((value) => value * 4),
            mask,
          ),
          result,
        );
      }),
    );
  });
});
