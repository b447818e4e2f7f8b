import assert from 'node:assert/strict';
import fc from 'fast-check';
import { boxGrid, GRID_CELLS, gridAgreement, mapPlace } from '../../src/tracking/boxGrid.js';

const picture = { width: 400, height: 300 };
/** 40 × 30 cells of 10 pixels. */
const size = { width: 40, height: 30 };
const near = (actual: number | undefined, expected: number, tolerance = 1e-6): void =>
  assert.ok(Math.abs((actual ?? NaN) - expected) <= tolerance, `${actual} is not ${expected}`);

/** A map whose value is a function of the place in pixels. */
function mapOf(value: (x: number, y: number) => number) {
  const values = Float32Array.from({ length: size.width * size.height }, (_, i) =>
    value(((i % size.width) + 0.5) * 10, (Math.floor(i / size.width) + 0.5) * 10),
  );
  return { ...size, values };
}

const bump = (cx: number, cy: number, spread = 20) =>
  mapOf((x, y) => Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * spread ** 2)));

describe('maps as seen from their boxes', () => {
  it('samples the map over twice the box, about its middle (worked by hand)', () => {
    // A linear map is its own interpolation: the grid's corners lie half a cell inside 150 … 250 and 60 … 140.
    const grid = boxGrid(
      mapOf((x, y) => x + 1000 * y),
      { x1: 175, y1: 80, x2: 225, y2: 120 },
      picture,
    );
    const at = (column: number, row: number): number => grid[row * GRID_CELLS + column];
    near(at(0, 0), 150 + 100 / 48 + 1000 * (60 + 80 / 48), 0.01);
    near(at(23, 23), 250 - 100 / 48 + 1000 * (140 - 80 / 48), 0.01);
  });

  it('knows nothing beyond the picture', () => {
    const grid = boxGrid(bump(0, 0), { x1: -20, y1: 0, x2: 20, y2: 40 }, picture);
    // Left of 0 lies the left half of the grid, above 0 a quarter of its rows.
    grid.forEach((value, cell) => {
      const [column, row] = [cell % GRID_CELLS, Math.floor(cell / GRID_CELLS)];
      assert.equal(Number.isNaN(value), column < 12 || row < 6, `${column}, ${row}`);
    });
  });

  it('says where a map looks in units of the box (worked by hand)', () => {
    const box = { x1: 100, y1: 100, x2: 200, y2: 180 };
    const middle = mapPlace(boxGrid(bump(150, 140, 10), box, picture));
    near(middle?.centre.x, 0.5, 0.01);
    near(middle?.centre.y, 0.5, 0.01);
    near(middle?.peak.x, 0.5, 0.05);
    // 25 of 100 pixels from the left, 20 of 80 above the lower edge.
    const aside = mapPlace(boxGrid(bump(125, 160, 10), box, picture));
    near(aside?.centre.x, 0.25, 0.01);
    near(aside?.centre.y, 0.75, 0.01);
    near(aside?.peak.y, 0.75, 0.05);
  });

  it('says nothing of an empty map', () => {
    const box = { x1: 100, y1: 100, x2: 200, y2: 180 };
    const empty = boxGrid(
      mapOf(() => 0),
      box,
      picture,
    );
    assert.equal(mapPlace(empty), undefined);
    assert.equal(gridAgreement(empty, empty), undefined);
    assert.equal(gridAgreement(empty, boxGrid(bump(150, 140), box, picture)), undefined);
    const outside = boxGrid(bump(0, 0), { x1: 1000, y1: 1000, x2: 1100, y2: 1100 }, picture);
    assert.equal(mapPlace(outside), undefined);
    assert.equal(gridAgreement(outside, outside), undefined);
  });

  it('takes a map that moves and grows along with its box for the same, one that stays behind not', () => {
    const small = boxGrid(bump(110, 125, 10), { x1: 100, y1: 100, x2: 150, y2: 150 }, picture);
    const large = boxGrid(bump(220, 150, 20), { x1: 200, y1: 100, x2: 300, y2: 200 }, picture);
    near(gridAgreement(small, large), 1, 0.02);
    const stayed = boxGrid(bump(110, 125, 10), { x1: 120, y1: 100, x2: 170, y2: 150 }, picture);
    assert.ok((gridAgreement(small, stayed) ?? 1) < 0.6);
  });

  it('does not mind the scale, nor which map comes first; in [−1, 1]', () => {
    const place = fc.record({ x: fc.integer({ min: 0, max: 400 }), y: fc.integer({ min: 0, max: 300 }) });
    const box = fc
      .tuple(place, fc.integer({ min: 10, max: 100 }), fc.integer({ min: 10, max: 100 }))
      .map(([{ x, y }, w, h]) => ({ x1: x, y1: y, x2: x + w, y2: y + h }));
    fc.assert(
      fc.property(place, place, box, (one, other, where) => {
        const [a, b] = [one, other].map(({ x, y }) => boxGrid(bump(x, y, 60), where, picture));
        const agreement = gridAgreement(a, b);
        if (agreement === undefined) return;
        assert.ok(agreement >= -1 && agreement <= 1);
        assert.equal(gridAgreement(b, a), agreement);
        const scaled = a.map((value) => 4 * value);
        near(gridAgreement(scaled, b), agreement);
      }),
      { numRuns: 50 },
    );
  });
});
