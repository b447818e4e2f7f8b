import assert from 'node:assert/strict';
import { sortedOrder, type SortableSet } from '../../../src/report/page/ordering.js';

const NOTHING = { bestScore: null, energyInBox: null, energyGain: null, peakInBox: null, dissimilarity: null };

function sets(...values: (number | null)[]): SortableSet[] {
  return values.map((dissimilarity, time) => ({ ...NOTHING, detections: 0, time, dissimilarity }));
}

describe('sortedOrder', () => {
  it('sorts both ways and keeps equal ones in place', () => {
    const some = sets(0.5, 0.1, 0.5, 0.9);
    assert.deepEqual(sortedOrder(some, 'dissimilarity', false), [1, 0, 2, 3]);
    assert.deepEqual(sortedOrder(some, 'dissimilarity', true), [3, 0, 2, 1]);
    assert.deepEqual(sortedOrder(some, 'time', true), [3, 2, 1, 0]);
  });

  it('puts those without the figure last, both ways', () => {
    const some = sets(null, 0.2, null, 0.1);
    assert.deepEqual(sortedOrder(some, 'dissimilarity', false), [3, 1, 0, 2]);
    assert.deepEqual(sortedOrder(some, 'dissimilarity', true), [1, 3, 0, 2]);
  });
});
