import assert from 'node:assert/strict';
import fc from 'fast-check';
import { importanceRanks } from '../../src/maps/pixelOrder.js';

describe('importanceRanks', () => {
  it('by hand: falling value, raster order at ties, NaN last', () => {
    assert.deepEqual([...importanceRanks(Float32Array.of(0.1, 0.9, NaN, 0.5, 0.5, -1))], [3, 0, 5, 1, 2, 4]);
  });

  it('by hand: keys decide between equal values and only there', () => {
    const values = Float32Array.of(0, 0, 1, 0);
    assert.deepEqual([...importanceRanks(values, Uint32Array.of(3, 1, 9, 2))], [3, 1, 0, 2]);
  });

  it('is a permutation in which no pixel precedes a more important one', () => {
    const cases = fc.array(fc.oneof(fc.float(), fc.constant(0)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(cases, fc.nat(), (numbers, salt) => {
        const values = Float32Array.from(numbers);
        const keys = Uint32Array.from(numbers, (_, i) => (i * 7919 + salt) % 31);
        const ranks = importanceRanks(values, keys);
        const order = new Int32Array(values.length).fill(-1);
        ranks.forEach((rank, pixel) => (order[rank] = pixel));
        assert.ok(order.every((pixel) => pixel >= 0));
        for (let i = 1; i < order.length; i++)
          assert.ok(!(values[order[i]] > values[order[i - 1]]), `${values[order[i - 1]]} before ${values[order[i]]}`);
      }),
    );
  });

  it('refuses keys of another length', () => {
    assert.throws(() => importanceRanks(new Float32Array(3), new Uint32Array(2)), RangeError);
  });
});
