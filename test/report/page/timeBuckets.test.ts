import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SetRow } from '../../../src/report/page/format.js';
import { timeBuckets } from '../../../src/report/page/timeBuckets.js';

function at(...times: number[]): SetRow[] {
  return times.map((t, n) => ({ n, i: n, t, p: 0, d: 0, x: 0, l: [], f: [] }));
}

describe('timeBuckets', () => {
  it('gives few sets a stretch each, in time order, equal stamps together', () => {
    assert.deepEqual(timeBuckets(at(0, 2000, 1000, 2000), 10), [
      { seconds: 0, positions: [0] },
      { seconds: 1, positions: [2] },
      { seconds: 2, positions: [1, 3] },
    ]);
  });

  it('groups many sets into stretches of equal length and leaves empty ones out', () => {
    assert.deepEqual(timeBuckets(at(0, 100, 3900, 4000), 2), [
      { seconds: 1, positions: [0, 1] },
      { seconds: 3, positions: [2, 3] },
    ]);
  });

  it('has nothing to say of nothing', () => {
    assert.deepEqual(timeBuckets([], 10), []);
  });

  it('uses every set once and ascends', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5000, max: 5000 })), fc.integer({ min: 1, max: 20 }), (times, most) => {
        const buckets = timeBuckets(at(...times), most);
        assert.ok(buckets.length <= most);
        const used = buckets.flatMap(({ positions }) => positions);
        assert.deepEqual(
          used.sort((a, b) => a - b),
          [...times.keys()],
        );
        buckets.slice(1).forEach(({ seconds }, index) => assert.ok(seconds > (buckets[index]?.seconds ?? 0)));
      }),
    );
  });
});
