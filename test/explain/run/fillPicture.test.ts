import assert from 'node:assert/strict';
import { fillPicture } from '../../../src/explain/run/fillPicture.js';
import { letterbox } from '../../../src/geometry/letterbox.js';
import { resizeToInput } from '../../../src/images/resize.js';

describe('a masked-out picture', () => {
  it('is hidden behind black, its mean colour, or its own blur', () => {
    const size = { width: 64, height: 32 };
    // Left half (10, 20, 30), right half (110, 20, 31).
    const data = Uint8Array.from({ length: 64 * 32 * 3 }, (_, i) => {
      const right = Math.floor(i / 3) % 64 >= 32;
      return [right ? 110 : 10, 20, right ? 31 : 30][i % 3];
    });
    const model = { width: 64, height: 64 };
    const placed = letterbox(size, model, 'letterbox-top-left');
    const input = resizeToInput({ ...size, channels: 3, data }, placed);
    assert.ok(fillPicture(input, placed, 'black').every((value) => value === 0));
    assert.deepEqual([...fillPicture(input, placed, 'mean').subarray(0, 3)], [60, 20, 31]);
    const blur = fillPicture(input, placed, 'blur');
    const red = Array.from({ length: 64 }, (_, x) => blur[(16 * 64 + x) * 3]);
    assert.deepEqual([red[0], red[63]], [10, 110]);
    red.forEach((value, x) => assert.ok(value >= (red[x - 1] ?? 0)));
    assert.ok(red[31] > 40 && red[31] < 60 && red[32] > 60 && red[32] < 80);
    // Longer side 64: σ = 2.56, of which three means over five pixels are the nearest (variance 6).
    const variance = red.reduce((sum, value, x) => sum + ((value - (red[x - 1] ?? 10)) / 100) * (x - 32) ** 2, 0);
    assert.ok(Math.abs(variance - 6) < 0.5, `${variance}`);
  });
});
