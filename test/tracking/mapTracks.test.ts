import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type MapTrack, MapTracks, type MappedBox, type TrackStep } from '../../src/tracking/mapTracks.js';

const picture = { width: 320, height: 240 };

/** A map that peaks at a place, in pixels, over nothing. */
function bump(cx: number, cy: number, spread: number) {
  const [width, height] = [64, 48];
  const values = Float32Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [((i % width) + 0.5) * 5, (Math.floor(i / width) + 0.5) * 5];
    return Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * spread ** 2));
  });
  return { width, height, values };
}

const EMPTY = { width: 4, height: 4, values: new Float32Array(16) };

/** A box of 60 × 60 at x; its map peaks at (along, 30) of it. */
function thing(x: number, along = 30, map = bump(x + along, 130, 12)): MappedBox {
  return { className: 'car', box: { x1: x, y1: 100, x2: x + 60, y2: 160 }, map };
}

function follow(images: readonly (readonly MappedBox[])[]): { steps: TrackStep[][]; ended: MapTrack[] } {
  const ended: MapTrack[] = [];
  let next = 1;
  const tracks = new MapTracks(
    () => next++,
    (track) => ended.push(track),
  );
  const steps = images.map((image, i) => tracks.add(BigInt(i) * 100n, picture, image));
  tracks.end();
  return { steps, ended };
}

describe('MapTracks', () => {
  it('is 1 for a map that moves along with its box', () => {
    const { steps, ended } = follow([[thing(50)], [thing(60)], [thing(75)]]);
    assert.deepEqual(
      steps.map(([{ track, correlation }]) => [track, correlation === undefined]),
      [
        [1, true],
        [1, false],
        [1, false],
      ],
    );
    const [track] = ended;
    assert.deepEqual(
      [track.images, track.pairs, track.firstStampNs, track.lastStampNs, track.className],
      [3, 2, 0n, 200n, 'car'],
    );
    assert.ok((track.stability ?? 0) > 0.99 && (track.stability ?? 2) <= 1);
    assert.ok((track.centreStep ?? 1) < 0.01);
  });

  it('is lower for a map that stays behind, and says how far (worked by hand)', () => {
    // The peak stays at 80 while the box goes from 50 to 65: from the middle of the box to a quarter of it.
    const { steps, ended } = follow([[thing(50, 30)], [thing(65, 15)]]);
    assert.ok((ended[0].stability ?? 1) < 0.8);
    assert.ok(Math.abs((ended[0].centreStep ?? 0) - 0.25) < 0.01);
    const [first, second] = steps.map(([{ place }]) => place);
    assert.ok(Math.abs((first?.centre.x ?? 0) - 0.5) < 0.01 && Math.abs((second?.centre.x ?? 0) - 0.25) < 0.01);
    assert.ok(Math.abs((second?.peak.x ?? 0) - 0.25) < 0.05);
  });

  it('is the mean over the pairs (worked by hand)', () => {
    const { steps, ended } = follow([[thing(50)], [thing(50, 15)], [thing(50, 15)]]);
    const [, [{ correlation: moved }], [{ correlation: still }]] = steps;
    assert.ok(still !== undefined && moved !== undefined && still > 0.9999 && moved < 0.8);
    assert.ok(Math.abs((ended[0].stability ?? 0) - (moved + still) / 2) < 1e-12);
  });

  it('leaves out pairs with an empty map, and knows no stability of nothing else', () => {
    const gap = follow([[thing(50)], [thing(50, 30, EMPTY)], [thing(50)], [thing(50)]]);
    assert.deepEqual(
      gap.steps.map(([{ correlation, place }]) => [correlation === undefined, place === undefined]),
      [
        [true, false],
        [true, true],
        [true, false],
        [false, false],
      ],
    );
    assert.deepEqual([gap.ended[0].images, gap.ended[0].pairs], [4, 1]);
    assert.ok((gap.ended[0].stability ?? 0) > 0.9999);
    const nothing = follow([[thing(50, 30, EMPTY)], [thing(50, 30, EMPTY)]]);
    assert.deepEqual(nothing.ended, [
      { track: 1, className: 'car', firstStampNs: 0n, lastStampNs: 100n, images: 2, pairs: 0 },
    ]);
  });

  it('says how much maps of different boxes resemble each other (worked by hand)', () => {
    let next = 1;
    const tracks = new MapTracks(
      () => next++,
      () => undefined,
    );
    assert.equal(tracks.unrelated, undefined);
    tracks.add(0n, picture, [thing(50)]);
    assert.equal(tracks.unrelated, undefined, 'one box');
    tracks.add(1n, picture, [thing(50), thing(150, 30, EMPTY)]);
    assert.equal(tracks.unrelated, undefined, 'an empty map');
    tracks.add(2n, picture, [thing(50), thing(150)]);
    assert.ok((tracks.unrelated ?? 0) > 0.99, 'both look at the middle of their boxes');
    tracks.add(3n, picture, [thing(50, 5), thing(150, 55)]);
    assert.ok((tracks.unrelated ?? 1) < 0.6, 'on opposite sides');
  });

  it('follows without maps, and over gaps', () => {
    const { className, box } = thing(50);
    const bare = { className, box };
    const { steps, ended } = follow([[bare], [], [bare]]);
    assert.deepEqual([steps[2], ended.length, ended[0].images], [[{ track: 1 }], 1, 2]);
    const gap = follow([[thing(50)], [], [], [thing(52)], [], [], [], [thing(52)]]);
    assert.deepEqual(
      gap.ended.map(({ images, pairs }) => [images, pairs]),
      [
        [2, 1],
        [1, 0],
      ],
    );
  });

  it('ends all tracks where time steps back', () => {
    const ended: MapTrack[] = [];
    let next = 1;
    const tracks = new MapTracks(
      () => next++,
      (track) => ended.push(track),
    );
    tracks.add(100n, picture, [thing(50)]);
    assert.deepEqual(tracks.add(100n, picture, [thing(50)])[0].track, 2);
    assert.deepEqual(tracks.add(200n, picture, [thing(50)])[0].track, 2);
    assert.equal(ended.length, 1);
  });

  it('gives finite figures only, whatever the maps and boxes', () => {
    const box = fc
      .tuple(fc.integer({ min: -100, max: 400 }), fc.integer({ min: -100, max: 300 }), fc.nat(80), fc.nat(80))
      .map(([x, y, w, h]) => ({ x1: x, y1: y, x2: x + w, y2: y + h }));
    const value = fc.oneof(fc.constant(0), fc.float({ min: -1, max: 1, noNaN: true }));
    const map = fc
      .array(value, { minLength: 6, maxLength: 6 })
      .map((values) => ({ width: 3, height: 2, values: Float32Array.from(values) }));
    const images = fc.array(fc.array(fc.record({ className: fc.constant('car'), box, map }), { maxLength: 3 }), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(images, (all) => {
        const { steps, ended } = follow(all);
        for (const { place, correlation } of steps.flat()) {
          for (const point of place ? [place.centre, place.peak] : [])
            for (const side of [point.x, point.y]) assert.ok(side >= -0.5 && side <= 1.5);
          if (correlation !== undefined) assert.ok(correlation >= -1 && correlation <= 1);
        }
        for (const { stability, centreStep, pairs } of ended) {
          assert.equal(stability === undefined, pairs === 0);
          if (stability !== undefined) assert.ok(stability >= -1 && stability <= 1);
          if (centreStep !== undefined) assert.ok(centreStep >= 0 && centreStep <= 3);
        }
      }),
    );
  });
});
