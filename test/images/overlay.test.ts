import assert from 'node:assert/strict';
import fc from 'fast-check';
import { classColor, textColorOn } from '../../src/images/classColor.js';
import { applyColorMap, COLOR_MAP_NAMES, colorTable } from '../../src/images/colorMap.js';
import { blendHeat, heatPixels } from '../../src/images/heat.js';
import { type OverlayItem, paintOverlay } from '../../src/images/overlay.js';
import type { Pixels } from '../../src/images/pixels.js';
import { at } from './helpers.js';

const plain = (width: number, height: number, value: number, channels: 1 | 3 = 3): Pixels => ({
  width,
  height,
  channels,
  data: new Uint8Array(width * height * channels).fill(value),
});
const item = (fields: Partial<OverlayItem> = {}): OverlayItem => ({
  box: { x1: 20, y1: 30, x2: 60, y2: 70 },
  classIndex: 0,
  className: 'Person',
  score: 0.9,
  ...fields,
});

describe('colour maps', () => {
  it('are the published ones (first and last colours of matplotlib)', () => {
    const ends = (name: 'viridis' | 'inferno'): number[] => [
      ...colorTable(name).slice(0, 3),
      ...colorTable(name).slice(-3),
    ];
    const published = { viridis: [68, 1, 84, 253, 231, 37], inferno: [0, 0, 4, 252, 255, 164] };
    for (const name of ['viridis', 'inferno'] as const)
      ends(name).forEach((value, i) =>
        assert.ok(Math.abs(value - published[name][i]) <= 1, `${name} ${ends(name).join()}`),
      );
    for (const name of COLOR_MAP_NAMES) assert.equal(colorTable(name).length, 768);
  });

  it('paint grey in their colours', () => {
    const painted = applyColorMap({ width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 255) }, 'turbo');
    const table = colorTable('turbo');
    assert.deepEqual([...painted.data], [...table.slice(0, 3), ...table.slice(-3)]);
  });
});

describe('class colours', () => {
  it('are nine different ones, the same for the same class, for any index', () => {
    assert.equal(new Set(Array.from({ length: 9 }, (_, i) => classColor(i).join())).size, 9);
    assert.deepEqual(classColor(9), classColor(0));
    assert.equal(classColor(-1).length, 3);
  });

  it('carry text that can be read', () => {
    assert.deepEqual(textColorOn([255, 255, 255]), [0, 0, 0]);
    assert.deepEqual(textColorOn([0, 114, 178]), [255, 255, 255]);
  });
});

describe('heatPixels', () => {
  it('joins maps by the greatest, each against its own peak, and takes negative values as none', () => {
    const left = { width: 2, height: 1, values: Float32Array.of(1e-6, 0) };
    const right = { width: 2, height: 1, values: Float32Array.of(-50, 500) };
    const joined = heatPixels([left, right], 16, 8);
    assert.deepEqual([at(joined, 0, 4), at(joined, 15, 4)], [[255], [255]]);
    assert.deepEqual(at(heatPixels([right], 16, 8), 0, 4), [0]);
    assert.deepEqual(at(heatPixels([left], 16, 8), 15, 4), [0]);
  });

  it('lies over the whole picture whatever its own size: the peak is where it belongs', () => {
    for (const [width, height] of [
      [8, 6],
      [64, 48],
      [320, 240],
    ]) {
      const values = new Float32Array(width * height);
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          values[y * width + x] = Math.exp(-(((x + 0.5) / width - 0.75) ** 2 + ((y + 0.5) / height - 0.25) ** 2) * 40);
      const heat = heatPixels([{ width, height, values }], 320, 240);
      // The centre of gravity of what is hot, in shares of the picture.
      let [sum, sumX, sumY] = [0, 0, 0];
      heat.data.forEach((level, i) => {
        const weight = level > 128 ? level : 0;
        sum += weight;
        sumX += weight * ((i % 320) + 0.5);
        sumY += weight * (Math.floor(i / 320) + 0.5);
      });
      assert.ok(Math.abs(sumX / sum / 320 - 0.75) < 0.02, `${width}: ${sumX / sum / 320}`);
      assert.ok(Math.abs(sumY / sum / 240 - 0.25) < 0.02, `${width}: ${sumY / sum / 240}`);
    }
  });

  it('is nothing for maps without a positive value, and never fails for odd values', () => {
    for (const values of [
      [0, 0],
      [-1, -2],
      [NaN, NaN],
    ])
      assert.ok(
        heatPixels([{ width: 2, height: 1, values: Float32Array.from(values) }], 9, 7).data.every((v) => v === 0),
      );
    assert.doesNotThrow(() => heatPixels([{ width: 2, height: 1, values: Float32Array.of(Infinity, 1) }], 9, 7));
  });
});

describe('blendHeat', () => {
  it('is pixel + opacity · heat/255 · (colour − pixel), to one level', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 3, maxLength: 3 }),
        fc.nat(255),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (pixel, level, opacity) => {
          const rgb = Uint8Array.from(pixel);
          blendHeat(rgb, Uint8Array.of(level), opacity, 'inferno');
          const color = colorTable('inferno').slice(3 * level, 3 * level + 3);
          rgb.forEach((value, c) => {
            const exact = pixel[c] + opacity * (level / 255) * (color[c] - pixel[c]);
            assert.ok(Math.abs(value - exact) <= 1.01, `${value}, not ${exact}`);
          });
        },
      ),
    );
  });
});

describe('paintOverlay', () => {
  it('makes an RGB copy and leaves the picture alone', () => {
    const grey = plain(100, 90, 77, 1);
    const painted = paintOverlay(grey, [item()]);
    assert.deepEqual([painted.width, painted.height, painted.channels], [100, 90, 3]);
    assert.ok(grey.data.every((value) => value === 77));
    assert.deepEqual(at(painted, 90, 80), [77, 77, 77]);
    assert.deepEqual([...paintOverlay(grey, []).data], [...plain(100, 90, 77).data]);
  });

  it('draws the frame of a box on its outermost pixels, in the colour of its class', () => {
    const painted = paintOverlay(plain(100, 90, 77), [item({ classIndex: 4 })], { labels: false });
    for (const [x, y] of [
      [20, 50],
      [59, 50],
      [40, 30],
      [40, 69],
    ])
      assert.deepEqual(at(painted, x, y), [...classColor(4)], `${x}, ${y}`);
    assert.deepEqual(at(painted, 40, 50), [77, 77, 77]);
    assert.deepEqual(at(painted, 63, 50), [77, 77, 77]);
  });

  it('writes the label above the box, or inside where there is no room', () => {
    const background = [...classColor(2)].join();
    const labelled = (y1: number): [above: boolean, inside: boolean] => {
      const painted = paintOverlay(plain(300, 200, 9), [
        item({ box: { x1: 50, y1, x2: 200, y2: 180 }, classIndex: 2 }),
      ]);
      const filled = (y: number): boolean => at(painted, 51, y).join() === background;
      return [y1 >= 6 && filled(y1 - 6), filled(y1 + 6)];
    };
    assert.deepEqual(labelled(60), [true, false]);
    assert.deepEqual(labelled(3), [false, true]);
  });

  it('shows heat where the map is hot and nothing elsewhere', () => {
    const map = { width: 2, height: 1, values: Float32Array.of(1, 0) };
    const painted = paintOverlay(plain(160, 80, 60), [item({ box: { x1: 0, y1: 0, x2: 0, y2: 0 }, map })], {
      opacity: 0.5,
    });
    const hottest = [...colorTable('inferno').slice(-3)];
    at(painted, 2, 40).forEach((value, c) => assert.ok(Math.abs(value - (60 + 0.5 * (hottest[c] - 60))) <= 1.01));
    assert.deepEqual(at(painted, 157, 40), [60, 60, 60]);
  });

  it('takes any box, class, name and map without failing', () => {
    const number = fc.oneof(fc.double(), fc.double({ min: -50, max: 150 }));
    const anyItem = fc.record({
      box: fc.record({ x1: number, y1: number, x2: number, y2: number }),
      classIndex: fc.integer(),
      className: fc.string({ unit: 'grapheme' }),
      score: fc.double(),
      map: fc.float32Array({ minLength: 12, maxLength: 12 }).map((values) => ({ width: 4, height: 3, values })),
    });
    fc.assert(
      fc.property(
        fc.array(anyItem, { maxLength: 5 }),
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 70 }),
        (items, w, h) => {
          assert.equal(paintOverlay(plain(w, h, 50), items).data.length, w * h * 3);
        },
      ),
      { numRuns: 500 },
    );
  });
});
