import assert from 'node:assert/strict';
import fc from 'fast-check';
import { colourise, takeMaximum } from '../../../src/report/page/heatMap.js';
import { INFERNO } from '../../../src/report/page/inferno.js';

describe('takeMaximum', () => {
  it('upsamples bilinearly between cell centres', () => {
    const target = new Float32Array(4);
    takeMaximum(target, 4, 1, { width: 2, height: 1, values: Uint8Array.of(0, 200) });
    // Centres of the four cells lie at 0.25, 0.75, 1.25, 1.75 cells of the map, whose own centres are 0.5 and 1.5.
    assert.deepEqual([...target], [0, 50, 150, 200]);
  });

  it('keeps the strongest of several maps at each point', () => {
    const target = new Float32Array(2);
    takeMaximum(target, 2, 1, { width: 2, height: 1, values: Uint8Array.of(10, 200) });
    takeMaximum(target, 2, 1, { width: 2, height: 1, values: Uint8Array.of(90, 100) });
    assert.deepEqual([...target], [90, 200]);
  });

  it('keeps a flat map flat at any size', () => {
    const side = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(side, side, side, side, (width, height, columns, rows) => {
        const target = new Float32Array(width * height);
        takeMaximum(target, width, height, {
          width: columns,
          height: rows,
          values: new Uint8Array(columns * rows).fill(77),
        });
        assert.ok(target.every((value) => Math.abs(value - 77) < 1e-4));
      }),
    );
  });
});

describe('colourise', () => {
  it('is transparent at 0 and the brightest colour, opaque, at the peak', () => {
    const [, , , clear, ...peak] = colourise(Float32Array.of(0, 255));
    assert.equal(clear, 0);
    assert.deepEqual(peak, [...INFERNO.subarray(765), 255]);
  });
});

describe('inferno', () => {
  it('rises in lightness throughout', () => {
    const lightness = Array.from({ length: 256 }, (_, index) => {
      const [red = NaN, green = NaN, blue = NaN] = INFERNO.subarray(index * 3, index * 3 + 3);
      return 0.2126 * red ** 2.2 + 0.7152 * green ** 2.2 + 0.0722 * blue ** 2.2;
    });
    lightness.slice(1).forEach((value, index) => assert.ok(value >= (lightness[index] ?? 0) * 0.995, `at ${index}`));
  });
});
