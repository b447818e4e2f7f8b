import assert from 'node:assert/strict';
import fc from 'fast-check';
import { IouTracker, type TrackableBox, type TrackerOptions } from '../../src/tracking/iouTracker.js';

/** A box of 10 × 10 pixels at x. */
const at = (x: number, className = 'car'): TrackableBox => {
  return { className, box: { x1: x, y1: 0, x2: x + 10, y2: 10 } };
};

function tracker(options: Partial<TrackerOptions> = {}): IouTracker {
  let next = 1;
  return new IouTracker({ iouThreshold: 0.3, maxMissed: 1, ...options }, () => next++);
}

describe('IouTracker', () => {
  it('follows boxes that overlap from image to image', () => {
    const own = tracker();
    assert.deepEqual(own.add([at(0), at(100)]), { tracks: [1, 2], ended: [] });
    assert.deepEqual(own.add([at(103), at(4)]), { tracks: [2, 1], ended: [] });
    // 4 → 10 leaves 4 of 16 in common: IoU 0.25.
    assert.deepEqual(own.add([at(10), at(106)]).tracks, [3, 2]);
  });

  it('joins the best pair first (worked by hand)', () => {
    const own = tracker();
    own.add([at(0), at(6)]);
    // IoU with 1: 7/13 and 4/16; with 2: 7/13 and 8/12. The pair of 2 and the second box goes first, and leaves 1 the first.
    assert.deepEqual(own.add([at(3), at(8)]).tracks, [1, 2]);
    const greedy = tracker();
    greedy.add([at(0), at(4)]);
    // Box 2 overlaps track 1 by 9/11 and takes it; box −3, which overlaps it by 7/13, is left, and no other track is near enough.
    assert.deepEqual(greedy.add([at(-3), at(1)]).tracks, [3, 1]);
  });

  it('never joins boxes of different classes', () => {
    const own = tracker();
    own.add([at(0, 'car')]);
    assert.deepEqual(own.add([at(0, 'bike')]), { tracks: [2], ended: [] });
  });

  it('waits for as many images as it may, and then ends a track once', () => {
    const own = tracker({ maxMissed: 2 });
    own.add([at(0)]);
    assert.deepEqual([own.add([]).ended, own.add([]).ended], [[], []]);
    assert.deepEqual(own.add([at(2)]), { tracks: [1], ended: [] }, 'two images without it');
    assert.deepEqual([own.add([]).ended, own.add([]).ended, own.add([]).ended], [[], [], [1]]);
    assert.deepEqual(own.add([at(2)]), { tracks: [2], ended: [] });
    assert.deepEqual(own.end(), [2]);
    assert.deepEqual(own.end(), []);
  });

  const boxes = fc.array(
    fc
      .tuple(fc.constantFrom('car', 'Person'), fc.nat(40), fc.nat(40), fc.integer({ min: 1, max: 30 }))
      .map(([className, x, y, side]) => ({ className, box: { x1: x, y1: y, x2: x + side, y2: y + side } })),
    { maxLength: 8 },
  );

  it('gives every box one track, no two the same, of its class, and ends every track once', () => {
    fc.assert(
      fc.property(fc.array(boxes, { maxLength: 8 }), fc.nat(3), (images, maxMissed) => {
        const own = tracker({ maxMissed });
        const classOf = new Map<number, string>();
        const ended: number[] = [];
        for (const image of images) {
          const { tracks, ended: now } = own.add(image);
          assert.equal(new Set(tracks).size, image.length);
          tracks.forEach((track, i) => {
            assert.ok(!ended.includes(track));
            assert.equal(classOf.get(track) ?? image[i].className, image[i].className);
            classOf.set(track, image[i].className);
          });
          ended.push(...now);
        }
        ended.push(...own.end());
        assert.deepEqual(
          ended.sort((a, b) => a - b),
          [...classOf.keys()].sort((a, b) => a - b),
        );
      }),
    );
  });

  it('goes on with all of them where nothing moves', () => {
    fc.assert(
      fc.property(boxes, (image) => {
        const own = tracker();
        const first = own.add(image);
        const again = own.add(image);
        assert.deepEqual(new Set(again.tracks), new Set(first.tracks));
      }),
    );
  });
});
