import assert from 'node:assert/strict';
import { decodeImage, unpackSamples } from '../../src/images/decode.js';
import { encodingNames } from '../../src/images/encodings.js';
import { IntensityNormalizer, intensitySchema } from '../../src/images/intensity.js';
import { at, bytes, inputTrouble, raw } from './helpers.js';

const whole16 = (): IntensityNormalizer =>
  new IntensityNormalizer(intensitySchema.parse({ rule: 'fixed', low: 0, high: 65535 }));

describe('decodeImage, raw', () => {
  it('keeps grey and RGB as they are', () => {
    for (const encoding of ['mono8', '8UC1'])
      assert.deepEqual(decodeImage(raw({ encoding, width: 2, height: 2, data: Uint8Array.of(1, 2, 3, 4) })), {
        width: 2,
        height: 2,
        channels: 1,
        data: Uint8Array.of(1, 2, 3, 4),
      });
    const rgb = decodeImage(raw({ encoding: 'rgb8', width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) }));
    assert.deepEqual([...rgb.data], [1, 2, 3, 4, 5, 6]);
  });

  it('puts the colours of every packed encoding into RGB order', () => {
    const orders: Record<string, number[]> = {
      bgr8: [3, 2, 1, 6, 5, 4],
      '8UC3': [3, 2, 1, 6, 5, 4],
      rgba8: [1, 2, 3, 99, 4, 5, 6, 99],
      bgra8: [3, 2, 1, 99, 6, 5, 4, 99],
      '8UC4': [3, 2, 1, 99, 6, 5, 4, 99],
    };
    for (const [encoding, data] of Object.entries(orders)) {
      const pixels = decodeImage(raw({ encoding, width: 2, height: 1, data: Uint8Array.from(data) }));
      assert.deepEqual([...pixels.data], [1, 2, 3, 4, 5, 6], encoding);
    }
  });

  it('puts 16-bit colours into RGB order, in either byte order', () => {
    const orders: Record<string, number[]> = {
      rgb16: [257, 514, 771],
      bgr16: [771, 514, 257],
      '16UC3': [771, 514, 257],
      rgba16: [257, 514, 771, 5],
      bgra16: [771, 514, 257, 5],
    };
    for (const [encoding, samples] of Object.entries(orders))
      for (const bigEndian of [false, true]) {
        const data = Uint8Array.from(bytes(Uint16Array.from(samples)));
        if (bigEndian) Buffer.from(data.buffer).swap16();
        const image = raw({ encoding, width: 1, height: 1, bigEndian, data });
        assert.deepEqual([...unpackSamples(image).data], [257, 514, 771], `${encoding} ${bigEndian}`);
        assert.deepEqual([...decodeImage(image, { normalizer: whole16() }).data], [1, 2, 3]);
      }
  });

  it('reads 16-bit grey and floats in either byte order', () => {
    const u16 = Uint8Array.from(bytes(Uint16Array.of(0, 65535, 32768, 257)));
    const swapped = Uint8Array.from(u16);
    Buffer.from(swapped.buffer).swap16();
    for (const encoding of ['mono16', '16UC1']) {
      const little = raw({ encoding, width: 4, height: 1, data: u16 });
      assert.deepEqual([...decodeImage(little, { normalizer: whole16() }).data], [0, 255, 128, 1]);
      const big = raw({ encoding, width: 4, height: 1, data: swapped, bigEndian: true });
      assert.deepEqual([...unpackSamples(big).data], [0, 65535, 32768, 257]);
    }
    const floats = Uint8Array.from(bytes(Float32Array.of(-1.5, 0, 300.25)));
    Buffer.from(floats.buffer).swap32();
    const image = raw({ encoding: '32FC1', width: 3, height: 1, data: floats, bigEndian: true });
    assert.deepEqual([...unpackSamples(image).data], [-1.5, 0, 300.25]);
  });

  it('skips the padding that step adds, also where the last row has none, and data at an odd offset', () => {
    const data = Uint8Array.of(9, 1, 2, 0, 0, 3, 4).subarray(1);
    const image = raw({ encoding: 'mono8', width: 2, height: 2, step: 4, data });
    assert.deepEqual([...decodeImage(image).data], [1, 2, 3, 4]);
    const deep = Uint8Array.from([9, ...bytes(Uint16Array.of(1000, 7, 2000))]).subarray(1);
    const deepImage = raw({ encoding: 'mono16', width: 1, height: 2, step: 4, data: deep });
    assert.deepEqual([...unpackSamples(deepImage).data], [1000, 2000]);
  });

  it('leaves the message alone and keeps nothing of it', () => {
    const data = Uint8Array.from(bytes(Uint16Array.of(256, 512)));
    const pixels = decodeImage(raw({ encoding: 'mono16', width: 2, height: 1, data, bigEndian: true }));
    assert.deepEqual([...data], [0, 1, 0, 2]);
    data.fill(77);
    assert.ok(!pixels.data.includes(77));
    const grey = Uint8Array.of(1, 2);
    const copy = decodeImage(raw({ encoding: 'mono8', width: 2, height: 1, data: grey }));
    grey.fill(77);
    assert.deepEqual([...copy.data], [1, 2]);
  });

  describe('Bayer mosaics', () => {
    const colour = { r: 200, g: 100, b: 50 };
    for (const pattern of ['rggb', 'bggr', 'gbrg', 'grbg'])
      for (const bits of [8, 16])
        it(`${pattern}${bits}: a mosaic of one colour is that colour everywhere`, () => {
          const [width, height] = [6, 5];
          const scale = bits === 8 ? 1 : 257;
          const samples = Array.from({ length: width * height }, (_, i) => {
            const filter = pattern[2 * (Math.floor(i / width) % 2) + ((i % width) % 2)] as 'r' | 'g' | 'b';
            return colour[filter] * scale;
          });
          const data = bits === 8 ? Uint8Array.from(samples) : bytes(Uint16Array.from(samples));
          const image = raw({ encoding: `bayer_${pattern}${bits}`, width, height, data });
          const pixels = decodeImage(image, { normalizer: whole16() });
          assert.equal(pixels.channels, 3);
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++) assert.deepEqual(at(pixels, x, y), [200, 100, 50], `${x}, ${y}`);
        });

    it('is too small below three rows', () => {
      const image = raw({ encoding: 'bayer_rggb8', width: 4, height: 2, data: new Uint8Array(8) });
      assert.throws(() => decodeImage(image), inputTrouble(/bayer_rggb8 image of 4 × 2 pixels is too small/));
    });
  });

  describe('YUV (BT.601, limited range)', () => {
    // Y, Cb, Cr of red, green and blue, and of white and black.
    const known: [ycbcr: number[], rgb: number[]][] = [
      [
        [81, 90, 240],
        [255, 0, 0],
      ],
      [
        [145, 54, 34],
        [0, 255, 0],
      ],
      [
        [41, 240, 110],
        [0, 0, 255],
      ],
      [
        [235, 128, 128],
        [255, 255, 255],
      ],
      [
        [16, 128, 128],
        [0, 0, 0],
      ],
    ];
    const layouts: Record<string, (y: number, u: number, v: number) => number[]> = {
      yuv422: (y, u, v) => [u, y, v, y, u, y, v, y],
      uyvy: (y, u, v) => [u, y, v, y, u, y, v, y],
      yuv422_yuy2: (y, u, v) => [y, u, y, v, y, u, y, v],
      yuyv: (y, u, v) => [y, u, y, v, y, u, y, v],
      nv12: (y, u, v) => [y, y, y, y, u, v],
      nv21: (y, u, v) => [y, y, y, y, v, u],
      nv24: (y, u, v) => [y, y, y, y, u, v, u, v, u, v, u, v],
    };
    for (const [encoding, layout] of Object.entries(layouts))
      it(encoding, () => {
        for (const [[y, u, v], rgb] of known) {
          const data = Uint8Array.from(layout(y, u, v));
          const rowBytes = encoding.startsWith('nv') ? 2 : 4;
          const pixels = decodeImage(raw({ encoding, width: 2, height: 2, step: rowBytes, data }));
          assert.equal(pixels.data.length, 12);
          pixels.data.forEach((value, i) =>
            assert.ok(Math.abs(value - rgb[i % 3]) <= 2, `${encoding}: ${[...pixels.data].join(' ')}`),
          );
        }
      });

    it('skips padding in the colour planes too', () => {
      const data = Uint8Array.of(81, 81, 0, 81, 81, 0, 90, 240, 0);
      const pixels = decodeImage(raw({ encoding: 'nv12', width: 2, height: 2, step: 3, data }));
      assert.ok(at(pixels, 1, 1).every((value, i) => Math.abs(value - [255, 0, 0][i]) <= 2));
    });

    it('refuses sides that cannot be halved', () => {
      const odd = (encoding: string, width: number, height: number): unknown =>
        decodeImage(raw({ encoding, width, height, step: 20, data: new Uint8Array(200) }));
      assert.throws(() => odd('uyvy', 3, 2), inputTrouble(/uyvy image of 3 × 2 pixels: its width must be even/));
      assert.throws(() => odd('nv12', 4, 3), inputTrouble(/nv12 image of 4 × 3 pixels: its height must be even/));
    });
  });

  describe('refuses', () => {
    const good = raw({ encoding: 'bgr8', width: 4, height: 3, data: new Uint8Array(36) });
    const cases: [string, Partial<typeof good>, RegExp][] = [
      ['an unknown encoding', { encoding: 'bgr565' }, /image encoding 'bgr565' is not known/],
      [
        'no data',
        { data: new Uint8Array(0) },
        /bgr8 image of 4 × 3 pixels with step 12 takes at least 36 bytes, but its data has 0/,
      ],
      ['data cut off', { data: new Uint8Array(35) }, /takes at least 36 bytes, but its data has 35/],
      ['a step shorter than a row', { step: 11 }, /has step 11, but a row of it takes 12 bytes/],
      ['a step longer than the data', { step: 4_000_000_000 }, /takes at least 8000000012 bytes/],
      ['step 0', { step: 0 }, /has step 0/],
      ['width 0', { width: 0 }, /bgr8 image of 0 × 3 pixels has no content/],
      ['height 0', { height: 0 }, /of 4 × 0 pixels has no content/],
      ['sides beyond the limit', { width: 16_385, step: 49_155 }, /of 16385 × 3 pixels is too large: sides of 16384/],
      ['more pixels than the limit', { width: 16_000, height: 16_000 }, /of 16000 × 16000 pixels is too large/],
    ];
    for (const [name, fields, message] of cases)
      it(name, () => assert.throws(() => decodeImage({ ...good, ...fields }), inputTrouble(message)));
  });

  it('names what it understands when it meets what it does not', () => {
    assert.ok(encodingNames().length >= 30);
    assert.throws(
      () => decodeImage(raw({ encoding: 'xyz', width: 1, height: 1, data: Uint8Array.of(0) })),
      (error: Error & { remedy?: string }) => /mono8.*bayer_rggb16.*nv12/.test(error.remedy ?? ''),
    );
  });
});
