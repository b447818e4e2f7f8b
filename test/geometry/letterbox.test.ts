import assert from 'node:assert/strict';
import fc from 'fast-check';
import { letterbox, toInput, toSource } from '../../src/geometry/letterbox.js';

const side = fc.integer({ min: 1, max: 5000 });
const size = fc.record({ width: side, height: side });
const rule = fc.constantFrom('letterbox-top-left' as const, 'stretch' as const);

describe('letterbox', () => {
  it('fits the long side, keeps the top left corner', () => {
    const input = { width: 512, height: 512 };
    assert.deepEqual(letterbox({ width: 640, height: 480 }, input, 'letterbox-top-left').content, {
      width: 512,
      height: 384,
    });
    assert.deepEqual(letterbox({ width: 320, height: 256 }, input, 'letterbox-top-left').content, {
      width: 512,
      height: 410,
    });
    assert.deepEqual(letterbox({ width: 100, height: 400 }, input, 'letterbox-top-left').content, {
      width: 128,
      height: 512,
    });
    assert.deepEqual(letterbox({ width: 100, height: 400 }, input, 'stretch').content, input);
  });

  it('maps boxes there and back', () => {
    fc.assert(
      fc.property(size, size, rule, (source, input, how) => {
        const placed = letterbox(source, input, how);
        assert.ok(placed.content.width <= input.width && placed.content.height <= input.height);
        const whole = { x1: 0, y1: 0, x2: source.width, y2: source.height };
        const there = toInput(whole, placed);
        assert.ok(Math.abs(there.x2 - placed.content.width) < 1e-9 * input.width);
        const back = toSource(there, placed);
        assert.ok(Math.abs(back.x2 - whole.x2) < 1e-9 * whole.x2 && Math.abs(back.y2 - whole.y2) < 1e-9 * whole.y2);
      }),
    );
  });

  it('refuses sides that are no pixels', () => {
    for (const width of [0, -1, 1.5, NaN])
      assert.throws(() => letterbox({ width, height: 5 }, { width: 5, height: 5 }, 'stretch'), RangeError);
  });
});
