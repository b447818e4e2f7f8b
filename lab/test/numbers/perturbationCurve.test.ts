import assert from 'node:assert/strict';
import fc from 'fast-check';
import { importanceRanks } from '../../../src/maps/pixelOrder.js';
import {
  areaUnderCurve,
  changedPixels,
  perturbationMask,
  relativeArea,
  type Perturbation,
} from '../../numbers/perturbationCurve.js';

/** A detector for tests: its score is the share of the object that shows. */
function curve(kind: Perturbation, map: Float32Array, object: Uint8Array, steps: number): number[] {
  const ranks = importanceRanks(map);
  const pixels = object.reduce((sum, inside) => sum + inside, 0);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const mask = new Float32Array(map.length);
    perturbationMask(kind, ranks, 4, changedPixels(step, steps, map.length), mask);
    return mask.reduce((sum, shown, i) => sum + shown * object[i], 0) / pixels;
  });
}

describe('deletion and insertion', () => {
  it('by hand: areas by the trapezium rule', () => {
    assert.equal(areaUnderCurve([1, 0]), 0.5);
    assert.ok(Math.abs(areaUnderCurve([0.8, 0.4, 0.2, 0.2]) - (0.6 + 0.3 + 0.2) / 3) < 1e-12);
    assert.equal(areaUnderCurve([0.25, 0.25, 0.25]), 0.25);
    assert.equal(relativeArea(0.2, 0.8), 0.25);
    assert.equal(relativeArea(0.2, 0), 0);
    assert.throws(() => areaUnderCurve([1]), RangeError);
  });

  it('by hand: the masks of a 2×2 picture in a 3 wide input', () => {
    const ranks = Uint32Array.of(2, 0, 1, 3);
    const deleted = new Float32Array(6).fill(7);
    perturbationMask('deletion', ranks, 2, 2, deleted, 3);
    assert.deepEqual([...deleted], [1, 0, 7, 0, 1, 7]);
    const inserted = new Float32Array(6).fill(7);
    perturbationMask('insertion', ranks, 2, 2, inserted, 3);
    assert.deepEqual([...inserted], [0, 1, 7, 1, 0, 7]);
  });

  it('starts with nothing changed, ends with everything, and never steps back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 5000 }), (steps, pixels) => {
        const changed = Array.from({ length: steps + 1 }, (_, step) => changedPixels(step, steps, pixels));
        assert.equal(changed[0], 0);
        assert.equal(changed[steps], pixels);
        const sizes = changed.slice(1).map((value, i) => value - changed[i]);
        assert.ok(Math.min(...sizes) >= 0 && Math.max(...sizes) - Math.min(...sizes) <= 1);
      }),
    );
  });

  it('bounds: the perfect map has the least deletion and the greatest insertion, the inverted map the reverse', () => {
    const object = Uint8Array.of(1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const perfect = Float32Array.from(object);
    const inverted = perfect.map((value) => -value);
    const area = (kind: Perturbation, map: Float32Array): number => areaUnderCurve(curve(kind, map, object, 16));
    // 4 of 16 pixels are the object: it is gone after a quarter of the steps, along a straight line.
    assert.equal(area('deletion', perfect), 0.125);
    assert.equal(area('deletion', inverted), 0.875);
    assert.equal(area('insertion', perfect), 0.875);
    assert.equal(area('insertion', inverted), 0.125);
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true }), { minLength: 16, maxLength: 16 }), (numbers) => {
        const map = Float32Array.from(numbers);
        const [deletion, insertion] = [area('deletion', map), area('insertion', map)];
        assert.ok(deletion >= 0.125 && deletion <= 0.875);
        // For this detector what is deleted last is inserted last.
        assert.ok(Math.abs(deletion + insertion - 1) < 1e-12);
      }),
    );
  });
});
