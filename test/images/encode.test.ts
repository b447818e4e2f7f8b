import assert from 'node:assert/strict';
import { decode } from 'fast-png';
import { decodeImage } from '../../src/images/decode.js';
import { encodeJpeg, encodePng, encodePng16 } from '../../src/images/encode.js';
import type { Pixels } from '../../src/images/pixels.js';

const colour: Pixels = { width: 2, height: 1, channels: 3, data: Uint8Array.of(200, 100, 50, 1, 2, 3) };

describe('encoders', () => {
  it('write PNG that another decoder reads, colours in order', () => {
    const png = decode(encodePng(colour));
    assert.deepEqual([png.width, png.height, png.channels, [...png.data]], [2, 1, 3, [200, 100, 50, 1, 2, 3]]);
    const grey = decode(encodePng({ width: 3, height: 1, channels: 1, data: Uint8Array.of(0, 128, 255) }));
    assert.deepEqual([grey.channels, [...grey.data]], [1, [0, 128, 255]]);
  });

  it('write 16-bit PNG', () => {
    const png = decode(encodePng16({ width: 2, height: 2, data: Uint16Array.of(0, 1, 4660, 65535) }));
    assert.deepEqual([png.depth, png.channels, [...png.data]], [16, 1, [0, 1, 4660, 65535]]);
  });

  it('write JPEG, colours in order', () => {
    const flat: Pixels = {
      width: 16,
      height: 16,
      channels: 3,
      data: Uint8Array.from({ length: 768 }, (_, i) => [200, 100, 50][i % 3]),
    };
    const { data } = decodeImage({ kind: 'compressed', format: 'jpeg', data: encodeJpeg(flat, 95) });
    data.forEach((value, i) => assert.ok(Math.abs(value - [200, 100, 50][i % 3]) <= 3));
  });

  it('write smaller JPEG at lower quality', () => {
    const noise: Pixels = {
      width: 64,
      height: 64,
      channels: 1,
      data: Uint8Array.from({ length: 4096 }, (_, i) => Math.imul(i, 2654435761) >>> 24),
    };
    assert.ok(encodeJpeg(noise, 40).length < encodeJpeg(noise, 90).length);
  });

  it('refuse pixels that are fewer than their size says, and settings out of range', () => {
    assert.throws(() => encodePng({ ...colour, width: 3 }), RangeError);
    assert.throws(() => encodePng16({ width: 2, height: 2, data: new Uint16Array(3) }), RangeError);
    assert.throws(() => encodeJpeg(colour, 0), RangeError);
    assert.throws(() => encodePng(colour, 10), RangeError);
  });
});
