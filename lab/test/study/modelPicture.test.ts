import assert from 'node:assert/strict';
import { letterbox } from '../../../src/geometry/letterbox.js';
import { resizeToInput } from '../../../src/images/resize.js';
import { modelPicture } from '../../study/modelPicture.js';

const input = {
  width: 512,
  height: 512,
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
});
