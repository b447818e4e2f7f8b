import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MAX_MAP_SIDE, quantiseMap } from '../../src/report/quantiseMap.js';

describe('quantiseMap', () => {
  it('scales the highest value to 255', () => {
    const { values } = quantiseMap({ width: 2, height: 2, values: Float32Array.of(0, 1, 2, 4) });
    assert.deepEqual([...values], [0, 64, 128, 255]);
  });

  it('counts negative and non-finite values as 0', () => {
    const { values } = quantiseMap({ width: 4, height: 1, values: Float32Array.of(-3, NaN, Infinity, 2) });
    assert.deepEqual([...values], [0, 0, 0, 255]);
  });

  it('leaves an empty map empty', () => {
    assert.deepEqual([...quantiseMap({ width: 2, height: 1, values: new Uint8Array(2) }).values], [0, 0]);
  });

  it('averages large maps down, also where sides do not divide', () => {
    const values = new Float32Array(128 * 2).fill(1);
    values[0] = 3; // Its cell covers two columns of one row: average 2.
    const small = quantiseMap({ width: 128, height: 2, values });
    assert.deepEqual([small.width, small.height], [MAX_MAP_SIDE, 2]);
    assert.deepEqual([...small.values.subarray(0, 3)], [255, 128, 128]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200 }), (width, height) => {
        const flat = quantiseMap({ width, height, values: new Uint8Array(width * height).fill(9) });
        assert.equal(flat.values.length, flat.width * flat.height);
        assert.ok(flat.width <= MAX_MAP_SIDE && flat.height <= MAX_MAP_SIDE);
        assert.ok(flat.values.every((value) => value === 255));
      }),
    );
  });

  it('refuses a size that does not fit the values', () => {
    assert.throws(() => quantiseMap({ width: 2, height: 2, values: new Uint8Array(3) }), /2 × 2 cannot have 3 values/);
    assert.throws(() => quantiseMap({ width: 0, height: 2, values: new Uint8Array(0) }), RangeError);
    assert.throws(() => quantiseMap({ width: 1.5, height: 2, values: new Uint8Array(3) }), RangeError);
  });
});
