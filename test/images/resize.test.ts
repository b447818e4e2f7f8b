import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Pixels } from '../../src/images/pixels.js';
import { resizePixels, resizeToInput, thumbnail } from '../../src/images/resize.js';
import { at } from './helpers.js';

const grey = (width: number, height: number, ...data: number[]): Pixels => ({
  width,
  height,
  channels: 1,
  data: Uint8Array.from(data),
});

/** Bilinear with pixel centres at half coordinates, edges repeated, in plain arithmetic. */
function bilinear(pixels: Pixels, width: number, height: number, x: number, y: number, channel: number): number {
  const place = (i: number, to: number, from: number): [number, number, number] => {
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(position);
    return [low, Math.min(low + 1, from - 1), position - low];
  };
  const [x0, x1, fx] = place(x, width, pixels.width);
  const [y0, y1, fy] = place(y, height, pixels.height);
  const v = (column: number, line: number): number => at(pixels, column, line)[channel];
  return (v(x0, y0) * (1 - fx) + v(x1, y0) * fx) * (1 - fy) + (v(x0, y1) * (1 - fx) + v(x1, y1) * fx) * fy;
}

describe('resizeToInput', () => {
  it('fills the corner bilinearly, triples grey and pads the rest (worked by hand)', () => {
    // Twice as wide: centres of the four new columns lie at 0, 0.25, 0.75 and 1 of the way between the two.
    const input = resizeToInput(
      grey(2, 1, 0, 200),
      { input: { width: 4, height: 3 }, content: { width: 4, height: 2 } },
      [7, 8, 9],
    );
    const row = [0, 0, 0, 50, 50, 50, 150, 150, 150, 200, 200, 200];
    assert.deepEqual([...input], [...row, ...row, 7, 8, 9, 7, 8, 9, 7, 8, 9, 7, 8, 9]);
  });

  it('pads on the right of pictures taller than wide', () => {
    const tall: Pixels = { width: 1, height: 2, channels: 3, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    const input = resizeToInput(tall, { input: { width: 2, height: 2 }, content: { width: 1, height: 2 } });
    assert.deepEqual([...input], [1, 2, 3, 0, 0, 0, 4, 5, 6, 0, 0, 0]);
  });

  it('is bilinear interpolation for any sizes, to the rounding of its fixed-point weights', () => {
    const side = fc.integer({ min: 1, max: 24 });
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.constantFrom<1 | 3>(1, 3),
        fc.integer(),
        (w, h, toW, toH, channels, seed) => {
          const data = Uint8Array.from({ length: w * h * channels }, (_, i) => Math.imul(i + seed, 2654435761) >>> 24);
          const pixels: Pixels = { width: w, height: h, channels, data };
          const size = { width: toW, height: toH };
          const out = resizeToInput(pixels, { input: size, content: size });
          assert.equal(out.length, toW * toH * 3);
          for (let y = 0; y < toH; y++)
            for (let x = 0; x < toW; x++)
              for (let c = 0; c < 3; c++) {
                const expected = bilinear(pixels, toW, toH, x, y, channels === 3 ? c : 0);
                const got = out[(y * toW + x) * 3 + c];
                assert.ok(
                  Math.abs(got - expected) <= 1,
                  `${w}×${h} to ${toW}×${toH} at ${x}, ${y}: ${got}, not ${expected}`,
                );
              }
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('resizePixels and thumbnail', () => {
  it('shrinks by the mean over the area, so that nothing between is lost', () => {
    assert.deepEqual([...resizePixels(grey(4, 2, 0, 100, 8, 8, 100, 200, 8, 8), 2, 1).data], [100, 8]);
  });

  it('keeps the aspect and never enlarges', () => {
    const wide = grey(100, 40, ...new Array<number>(4000).fill(5));
    const small = thumbnail(wide, 25);
    assert.deepEqual([small.width, small.height, small.data.length], [25, 10, 250]);
    assert.equal(thumbnail(wide, 100), wide);
    assert.equal(thumbnail(grey(1000, 1, ...new Array<number>(1000).fill(5)), 10).height, 1);
  });
});
