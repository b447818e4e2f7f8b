import assert from 'node:assert/strict';
import fc from 'fast-check';
import { invertHomography, isInvertible, transformBox, transformPoint } from '../../src/geometry/homography.js';

const box = (x1: number, y1: number, x2: number, y2: number) => ({ x1, y1, x2, y2 });
const coordinate = fc.double({ min: -2000, max: 2000, noNaN: true });
/** Cameras as they are built: a little turned, scaled and shifted against each other. */
const plausible = fc
  .tuple(
    fc.tuple(
      fc.double({ min: 0.4, max: 2.5, noNaN: true }),
      fc.double({ min: -0.3, max: 0.3, noNaN: true }),
      coordinate,
    ),
    fc.tuple(
      fc.double({ min: -0.3, max: 0.3, noNaN: true }),
      fc.double({ min: 0.4, max: 2.5, noNaN: true }),
      coordinate,
    ),
    fc.tuple(fc.double({ min: -1e-4, max: 1e-4, noNaN: true }), fc.double({ min: -1e-4, max: 1e-4, noNaN: true })),
  )
  .map(([first, second, third]) => [...first, ...second, ...third, 1]);

describe('homographies', () => {
  it('move points and boxes (worked by hand)', () => {
    const h = [2, 0, 1, 0, 3, -1, 0, 0, 2];
    assert.deepEqual(transformPoint(h, { x: 3, y: 5 }), { x: 3.5, y: 7 });
    assert.deepEqual(transformBox(h, box(1, 1, 3, 5)), box(1.5, 1, 3.5, 7));
    // A quarter turn: the corners change places.
    assert.deepEqual(transformBox([0, -1, 10, 1, 0, 0, 0, 0, 1], box(1, 2, 4, 6)), box(4, 1, 8, 4));
    // w = x / 10 + 1: the right side, at x = 10, comes to half its size.
    assert.deepEqual(transformBox([1, 0, 0, 0, 1, 0, 0.1, 0, 1], box(0, 0, 10, 10)), box(0, 0, 5, 10));
  });

  it('say where a box crosses the horizon', () => {
    const h = [1, 0, 0, 0, 1, 0, 0, 1, -100];
    assert.equal(transformBox(h, box(0, 90, 10, 110)), undefined);
    assert.equal(transformBox(h, box(0, 90, 10, 100)), undefined);
    assert.notEqual(transformBox(h, box(0, 101, 10, 110)), undefined);
    assert.notEqual(transformBox(h, box(0, 80, 10, 90)), undefined, 'the other side is as good');
  });

  it('are singular by their shape, not by their units', () => {
    for (const good of [
      [1, 0, 0, 0, 1, 0, 0, 0, 1],
      [1, 0, 1e6, 0, 1, -1e6, 0, 0, 1],
      [1e-5, 0, 0, 0, 1e-5, 0, 0, 0, 1],
      [1, 0, 0, 0, 1, 0, 1e-6, 1e-6, 1],
      [1e9, 0, 0, 0, 1e9, 0, 0, 0, 1e9],
    ])
      assert.ok(isInvertible(good), good.join());
    for (const bad of [
      [0, 0, 0, 0, 0, 0, 0, 0, 0],
      [1, 0, 0, 0, 1, 0, 0, 0, 0],
      [1, 2, 3, 2, 4, 6, 0, 0, 1],
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
      [1, 0, 0, 0, 1, 0, 0, 0],
      [NaN, 0, 0, 0, 1, 0, 0, 0, 1],
      [Infinity, 0, 0, 0, 1, 0, 0, 0, 1],
    ]) {
      assert.ok(!isInvertible(bad), bad.join());
      assert.throws(() => invertHomography(bad), /has no inverse/);
    }
  });

  it('and their inverses bring every point back', () => {
    fc.assert(
      fc.property(plausible, fc.integer({ min: 0, max: 640 }), fc.integer({ min: 0, max: 480 }), (h, x, y) => {
        fc.pre(isInvertible(h));
        const back = transformPoint(invertHomography(h), transformPoint(h, { x, y }));
        assert.ok(Math.hypot(back.x - x, back.y - y) < 1e-6, `${back.x}, ${back.y}`);
      }),
    );
  });

  it('keep every point of a box inside the moved box', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(plausible, share, share, (h, u, v) => {
        const moved = transformBox(h, box(40, 30, 200, 150));
        fc.pre(moved !== undefined);
        const { x, y } = transformPoint(h, { x: 40 + 160 * u, y: 30 + 120 * v });
        const slack = 1e-9 * (Math.abs(x) + Math.abs(y) + 1);
        assert.ok(x >= moved.x1 - slack && x <= moved.x2 + slack && y >= moved.y1 - slack && y <= moved.y2 + slack);
      }),
    );
  });
});
