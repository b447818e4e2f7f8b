import assert from 'node:assert/strict';
import { fillPicture, modelPicture } from '../../../src/explain/run/modelPicture.js';
import { letterbox } from '../../../src/geometry/letterbox.js';
import { resizeToInput } from '../../../src/images/resize.js';

const input = {
  name: 'images',
  width: 512,
  height: 512,
  channels: 3,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  scale: 1,
  resize: 'letterbox-top-left',
} as const satisfies Parameters<typeof modelPicture>[2];

function noise(width: number, height: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: width * height * 3 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

describe('the picture as a model takes it', () => {
  for (const [width, height] of [
    [640, 480],
    [320, 256],
    [512, 384],
    [1024, 768],
    [97, 333],
    [1920, 1080],
    [1, 1],
  ])
    it(`is OpenCV's to the last bit, from ${width}×${height}`, () => {
      const size = { width, height };
      const data = noise(width, height);
      for (const resize of ['letterbox-top-left', 'stretch'] as const) {
        const { pixels, placed } = modelPicture(data, size, { ...input, resize });
        const { content } = letterbox(size, input, resize);
        assert.deepEqual([placed.content.width, placed.content.height], [content.width, content.height]);
        const expected = resizeToInput({ ...size, channels: 3, data }, placed);
        let different = 0;
        pixels.forEach((value, i) => (different += value === expected[i] ? 0 : 1));
        assert.equal(different, 0, `${resize}: ${different} values differ`);
      }
    });

  it('is hidden behind black, its mean colour, or its own blur', () => {
    const size = { width: 64, height: 32 };
    // Left half (10, 20, 30), right half (110, 20, 31).
    const data = Uint8Array.from({ length: 64 * 32 * 3 }, (_, i) => {
      const right = Math.floor(i / 3) % 64 >= 32;
      return [right ? 110 : 10, 20, right ? 31 : 30][i % 3];
    });
    const small = { ...input, width: 64, height: 64 };
    const picture = modelPicture(data, size, small);
    assert.ok(fillPicture(picture, 'black').every((value) => value === 0));
    assert.deepEqual([...fillPicture(picture, 'mean').subarray(0, 3)], [60, 20, 31]);
    const blur = fillPicture(picture, 'blur');
    const red = Array.from({ length: 64 }, (_, x) => blur[(16 * 64 + x) * 3]);
    assert.deepEqual([red[0], red[63]], [10, 110]);
    red.forEach((value, x) => assert.ok(value >= (red[x - 1] ?? 0)));
    assert.ok(red[31] > 40 && red[31] < 60 && red[32] > 60 && red[32] < 80);
    // Longer side 64: σ = 2.56, of which three means over five pixels are the nearest (variance 6).
    const variance = red.reduce((sum, value, x) => sum + ((value - (red[x - 1] ?? 10)) / 100) * (x - 32) ** 2, 0);
    assert.ok(Math.abs(variance - 6) < 0.5, `${variance}`);
  });
});
