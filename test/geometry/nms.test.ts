import assert from 'node:assert/strict';
import fc from 'fast-check';
import { iou } from '../../src/geometry/box.js';
import { nonMaximumSuppression } from '../../src/geometry/nms.js';

const box = (x1: number, y1: number, x2: number, y2: number) => ({ x1, y1, x2, y2 });
const candidates = fc.array(
  fc.record({
    box: fc
      .tuple(
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
      )
      .map(([x, y, w, h]) => box(x, y, x + w, y + h)),
    classIndex: fc.integer({ min: 0, max: 2 }),
    score: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { maxLength: 40 },
);

describe('nonMaximumSuppression', () => {
  it('drops what overlaps a better box of its class, keeps other classes', () => {
    const best = { box: box(0, 0, 10, 10), classIndex: 0, score: 0.9 };
    const same = { box: box(1, 0, 11, 10), classIndex: 0, score: 0.8 };
    const other = { box: box(1, 0, 11, 10), classIndex: 1, score: 0.7 };
    const apart = { box: box(20, 0, 30, 10), classIndex: 0, score: 0.6 };
    const options = { iouThreshold: 0.5, maxDetections: 10 };
    assert.deepEqual(nonMaximumSuppression([apart, same, other, best], options), [best, other, apart]);
    assert.deepEqual(nonMaximumSuppression([apart, same, best], { ...options, iouThreshold: 0.9 }), [
      best,
      same,
      apart,
    ]);
    assert.deepEqual(nonMaximumSuppression([apart, same, best], { ...options, maxDetections: 1 }), [best]);
  });

  it('keeps an overlap of exactly the threshold', () => {
    const a = { box: box(0, 0, 2, 1), classIndex: 0, score: 0.9 };
    const b = { box: box(0, 0, 1, 1), classIndex: 0, score: 0.8 };
    assert.equal(nonMaximumSuppression([a, b], { iouThreshold: 0.5, maxDetections: 9 }).length, 2);
  });

  it('keeps a maximal set without overlaps, best first', () => {
    fc.assert(
      fc.property(candidates, (all) => {
        const kept = nonMaximumSuppression(all, { iouThreshold: 0.4, maxDetections: Infinity });
        const clash = (a: (typeof all)[number], b: (typeof all)[number]): boolean =>
          a.classIndex === b.classIndex && iou(a.box, b.box) > 0.4;
        kept.forEach((a, i) => {
          assert.ok(i === 0 || kept[i - 1].score >= a.score);
          assert.ok(!kept.slice(i + 1).some((b) => clash(a, b)));
        });
        for (const dropped of all.filter((candidate) => !kept.includes(candidate)))
          assert.ok(kept.some((better) => better.score >= dropped.score && clash(better, dropped)));
      }),
    );
  });
});
