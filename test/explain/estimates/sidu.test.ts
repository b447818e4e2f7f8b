import assert from 'node:assert/strict';
import fc from 'fast-check';
import { featureMasks } from '../../../src/explain/masks/featureMasks.js';
import { distinctMasks } from '../../../src/explain/masks/distinctMasks.js';
import {
  comparedOutputs,
  siduWeights,
  similarityDifferences,
  uniqueness,
  weightedMasks,
} from '../../../src/explain/estimates/sidu.js';
import { upsample } from '../../../src/maps/upsample.js';

const close = (actual: ArrayLike<number>, expected: readonly number[]): void => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i] - value) < 1e-6, `[${i}]: ${actual[i]}, expected ${value}`);
  });
};

describe('SIDU', () => {
  it('weighs masks as worked out by hand', () => {
    // ‖p_o − p_i‖ = 0, 0.5; 2σ² = 0.5.
    close(similarityDifferences([0.8], { length: 1, values: [0.8, 0.3] }, 0.5), [1, Math.exp(-1)]);
    // Distances 5 between the second and each of the others.
    close(uniqueness({ length: 2, values: [0, 0, 3, 4, 0, 0] }, [1, 1, 1]), [5, 10, 5]);
    close(uniqueness({ length: 2, values: [0, 0, 3, 4] }, [2, 1]), [5, 10]);
  });

  it('makes a map of 4×4 pixels as worked out by hand', () => {
    const masks = Float32Array.of(1, 0, 0, 0, /* and */ 1, 1, 1, 1);
    const weights = siduWeights([0.8], { length: 1, values: [0.8, 0.3] }, [1, 1], 0.5);
    close(weights, [0.5, 0.5 / Math.E]);
    const { values } = upsample({ width: 2, height: 2, values: weightedMasks(weights, masks) }, 4, 4);
    const along = [1, 0.75, 0.25, 0];
    close(
      values,
      along.flatMap((y) => along.map((x) => 0.5 * y * x + 0.5 / Math.E)),
    );
  });

  it('looks at the whole class vector or at one class', () => {
    const vectors = { length: 3, values: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] };
    assert.equal(comparedOutputs(vectors, 'original', 1), vectors);
    close(comparedOutputs(vectors, 'class', 1).values, [0.2, 0.5]);
    // A mask that changes another class only is no news for this one.
    const other = { length: 2, values: [0.5, 0.1, 0.5, 0.9] };
    close(siduWeights([0.5], comparedOutputs(other, 'class', 0), [1, 1], 0.25), [0, 0]);
    assert.ok(siduWeights([0.5, 0.1], other, [1, 1], 0.25).every((weight) => weight > 0));
  });

  it('is flat where the detector says the same of every mask, and where it loses the box in all of them', () => {
    const same = { length: 2, values: [0.7, 0.1, 0.7, 0.1, 0.7, 0.1] };
    const masks = Float32Array.from({ length: 12 }, (_, i) => (i % 5) / 4);
    for (const p of [same, { length: 2, values: new Float32Array(6) }])
      assert.ok(weightedMasks(siduWeights([0.7, 0.1], p, [1, 1, 1], 0.25), masks).every((value) => value === 0));
  });

  it('does not depend on the order of the masks', () => {
    const score = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(score, score, score), { minLength: 2, maxLength: 8 }), (rows) => {
        const map = (order: readonly (readonly number[])[]): Float32Array => {
          const p = { length: 2, values: order.flatMap(([a = 0, b = 0]) => [a, b]) };
          const masks = Float32Array.from(order.flatMap(([a = 0, b = 0, c = 0]) => [c, a, b, c]));
          const ones = order.map(() => 1);
          return weightedMasks(siduWeights([0.5, 0.4], p, ones, 0.25), masks);
        };
        close(map(rows.toReversed()), [...map(rows)]);
      }),
    );
  });
});

describe('masks of feature maps', () => {
  const features = { level: 3, channels: 3, rows: 2, columns: 2 };

  it('are what lies above a half, or the map stretched to 0 … 1', () => {
    const data = Float32Array.of(0.5, 0.51, -3, 2, /* */ -1, 0, 1, 3, /* */ 4, 4, 4, 4);
    assert.deepEqual([...featureMasks({ ...features, data }, 'binary')], [0, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1]);
    assert.deepEqual([...featureMasks({ ...features, data }, 'stretched')].slice(4), [0, 0.25, 0.5, 1, 0, 0, 0, 0]);
  });

  it('are passed once where they are equal', () => {
    const { masks, counts } = distinctMasks(Float32Array.of(0, 0, /* */ 1, 0, /* */ 0, 0, /* */ 0, 1, /* */ 0, 0), 2);
    assert.deepEqual([...masks], [0, 0, 1, 0, 0, 1]);
    assert.deepEqual([...counts], [3, 1, 1]);
  });

  it('never lose a mask', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 3, maxLength: 3 }), { minLength: 1 }),
        (rows) => {
          const { masks, counts } = distinctMasks(Float32Array.from(rows.flat()), 3);
          const text = (row: ArrayLike<number>): string => Array.from(row).join();
          const kept = [...counts].map((_, i) => text(masks.subarray(3 * i, 3 * i + 3)));
          assert.equal(new Set(kept).size, kept.length);
          kept.forEach((mask, i) => assert.equal(rows.filter((row) => text(row) === mask).length, counts[i]));
          assert.equal(
            counts.reduce((a, b) => a + b, 0),
            rows.length,
          );
        },
      ),
    );
  });
});
