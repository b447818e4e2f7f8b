import assert from 'node:assert/strict';
import { type Point, transformPoint } from '../../src/geometry/homography.js';
import { findHomography, warpPerspective } from '../../src/images/registration.js';
import { inputTrouble } from './helpers.js';

const corners: Point[] = [
  { x: 0, y: 0 },
  { x: 100, y: 0 },
  { x: 100, y: 80 },
  { x: 0, y: 80 },
];
const moved = (dx: number, dy: number): Point[] => corners.map(({ x, y }) => ({ x: x + dx, y: y + dy }));

describe('registration', () => {
  it('finds a shift (worked by hand)', () => {
    const h = findHomography(corners, moved(5, -3));
    [1, 0, 5, 0, 1, -3, 0, 0, 1].forEach((value, i) => assert.ok(Math.abs(h[i] - value) < 1e-9, h.join()));
  });

  it('finds a perspective again from points it has moved, and is not led astray by wrong pairs', () => {
    const truth = [1.1, 0.05, -12, -0.02, 0.95, 7, 1e-4, -2e-4, 1];
    const from = Array.from({ length: 40 }, (_, i) => ({ x: (i % 8) * 70 + 3 * (i % 3), y: Math.floor(i / 8) * 90 }));
    const to = from.map((point) => transformPoint(truth, point));
    const spoilt = to.map((point, i) => (i % 5 === 0 ? { x: point.x + 60, y: point.y - 45 } : point));
    const h = findHomography(from, spoilt);
    for (const [i, point] of from.entries()) {
      const { x, y } = transformPoint(h, point);
      assert.ok(Math.hypot(x - to[i].x, y - to[i].y) < 0.05, `${x}, ${y}`);
    }
    assert.deepEqual(h, findHomography(from, spoilt), 'the same points give the same map');
  });

  it('warps: a shift moves pixels and leaves black behind', () => {
    const pixels = { width: 3, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) } as const;
    const warped = warpPerspective(pixels, [1, 0, 1, 0, 1, 0, 0, 0, 1], 4, 2);
    assert.deepEqual([...warped.data], [0, 1, 2, 3, 0, 4, 5, 6]);
  });

  it('refuses what fixes no map', () => {
    assert.throws(
      () => findHomography(corners.slice(1), corners.slice(1)),
      inputTrouble(/at least four pairs.*3 and 3/),
    );
    assert.throws(() => findHomography(corners, corners.slice(1)), inputTrouble(/4 and 3/));
    assert.throws(() => findHomography(corners, [...corners.slice(1), { x: NaN, y: 0 }]), inputTrouble(/not a finite/));
    const line = corners.map((_, i) => ({ x: i, y: 2 * i }));
    assert.throws(() => findHomography(line, line), inputTrouble(/fix no registration/));
    assert.throws(
      () => warpPerspective({ width: 1, height: 1, channels: 1, data: Uint8Array.of(1) }, [1, 2], 1, 1),
      RangeError,
    );
  });
});
