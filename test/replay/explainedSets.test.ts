import assert from 'node:assert/strict';
import { spreadSets } from '../../src/replay/explainedSets.js';

describe('the frame sets that a replay explains', () => {
  it('are spread evenly, at multiples of a power of two that the spacing has room for', () => {
    assert.deepEqual([...spreadSets(100, 4)], [0, 32, 48, 80]);
    assert.deepEqual([...spreadSets(6, 3)], [0, 2, 4]);
    assert.deepEqual([...spreadSets(5, 5)], [0, 1, 2, 3, 4]);
    assert.deepEqual([...spreadSets(1, 1)], [0]);
  });

  it('are as many as were asked for, all different and inside the drive, or all of it', () => {
    for (const expected of [1, 7, 64, 1000])
      for (const wanted of [1, 2, 5, 63, 2000]) {
        const chosen = [...spreadSets(expected, wanted)];
        assert.equal(chosen.length, Math.min(wanted, expected), `${wanted} of ${expected}`);
        assert.ok(chosen.every((position) => position >= 0 && position < expected));
      }
  });
});
