import assert from 'node:assert/strict';
import { decodeImage, unpackSamples } from '../../src/images/decode.js';
import { encodeJpeg, encodePng } from '../../src/images/encode.js';
import { IntensityNormalizer, intensitySchema } from '../../src/images/intensity.js';
import { at, encodedFixtures, inputTrouble } from './helpers.js';

const compressed = (data: Uint8Array, format = '') => ({ kind: 'compressed', format, data }) as const;

function fixture(name: string): (typeof encodedFixtures)[string] {
  const found = encodedFixtures[name];
  assert.ok(found, name);
  return found;
}

describe('decodeImage, compressed', () => {
  for (const [name, { file, width, height, channels, bits, pixels }] of Object.entries(encodedFixtures))
    it(`${name}: the pixels that Pillow reads`, () => {
      const samples = unpackSamples(compressed(file, name.endsWith('png') ? 'png' : 'jpeg'));
      assert.deepEqual([samples.width, samples.height, samples.channels], [width, height, channels]);
      const expected = bits === 16 ? new Uint16Array(pixels.buffer) : pixels;
      assert.equal(samples.data.length, expected.length);
      // PNG is exact; two JPEG decoders may round the inverse transform differently.
      const tolerance = name.endsWith('png') ? 0 : 2;
      samples.data.forEach((value, i) =>
        assert.ok(Math.abs(value - expected[i]) <= tolerance, `sample ${i}: ${value}, not ${expected[i]}`),
      );
    });

  it('takes 16-bit PNG through the normalizer', () => {
    const { file, pixels } = fixture('grey16.png');
    const normalizer = new IntensityNormalizer(intensitySchema.parse({ rule: 'fixed', low: 0, high: 65535 }));
    const { data } = decodeImage(compressed(file, '16UC1; png compressed '), { normalizer });
    assert.deepEqual(
      [...data],
      [...new Uint16Array(pixels.buffer)].map((sample) => Math.round(sample / 257)),
    );
  });

  it('goes by the content whatever the format calls it', () => {
    for (const format of ['', 'jpeg', 'rgb8; jpeg compressed bgr8', 'bgr8; png compressed bgr8', 'JPG'])
      assert.equal(decodeImage(compressed(fixture('colour.png').file, format)).channels, 3);
  });

  it('demosaics a Bayer picture that was compressed as it is', () => {
    const mosaic = Uint8Array.from({ length: 36 }, (_, i) => {
      const [row, column] = [Math.floor(i / 6) % 2, i % 2];
      return row === 0 && column === 0 ? 200 : row === 1 && column === 1 ? 50 : 100;
    });
    const file = encodePng({ width: 6, height: 6, channels: 1, data: mosaic });
    const pixels = decodeImage(compressed(file, 'bayer_rggb8; png compressed '));
    assert.deepEqual(at(pixels, 3, 2), [200, 100, 50]);
    assert.equal(decodeImage(compressed(file, 'mono8; png compressed ')).channels, 1);
  });

  describe('refuses', () => {
    const jpeg = encodeJpeg({ width: 64, height: 64, channels: 1, data: new Uint8Array(4096).map((_, i) => i * 37) });
    const png = fixture('grey16.png').file;
    const changed = (file: Uint8Array, ...changes: [at: number, value: number][]): Uint8Array => {
      const copy = Uint8Array.from(file);
      for (const [position, value] of changes) copy[position] = value;
      return copy;
    };
    const cases: [string, string, Uint8Array, RegExp][] = [
      ['compressedDepth', '16UC1; compressedDepth png', png, /format '16UC1; compressedDepth png' holds depths/],
      ['a format that is no picture file', 'h264', Uint8Array.of(0, 0, 0, 1), /format 'h264' is not known/],
      ['no data', 'jpeg', new Uint8Array(0), /\(format 'jpeg'\) without data/],
      ['neither JPEG nor PNG', 'jpeg', Buffer.from('GIF89a......'), /begin with 0x474946383961/],
      ['a cut-off JPEG', 'jpeg', jpeg.subarray(0, jpeg.length - 40), /JPEG of \d+ bytes is cut off/],
      ['a JPEG cut off in its header', 'jpeg', jpeg.subarray(0, 30), /cut off in its header/],
      ['a cut-off PNG', 'png', png.subarray(0, png.length - 20), /PNG of \d+ bytes is cut off/],
      ['a PNG with damaged content', 'png', changed(png, [45, 1], [46, 2], [47, 3]), /PNG image is damaged/],
      ['a PNG of 0 columns', 'png', changed(png, [19, 0]), /PNG image of 0 × 12 pixels has no content/],
      ['a decompression bomb (PNG)', 'png', changed(png, [17, 0xff], [21, 0xff]), /pixels is too large/],
      ['a PNG that claims 2 billion rows', 'png', changed(png, [20, 0x7f]), /pixels is too large/],
    ];
    for (const [name, format, data, message] of cases)
      it(name, () => assert.throws(() => decodeImage(compressed(data, format)), inputTrouble(message)));

    it('a decompression bomb (JPEG)', () => {
      const frame = Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xc0]));
      const bomb = changed(jpeg, [frame + 5, 0xff], [frame + 7, 0xff]);
      assert.throws(() => decodeImage(compressed(bomb)), inputTrouble(/JPEG image of \d+ × \d+ pixels is too large/));
    });

    it('a progressive JPEG with endless scans', () => {
      const file = Buffer.from(fixture('progressive.jpg').file);
      const scan = file.indexOf(Buffer.from([0xff, 0xda]));
      const bomb = Buffer.concat([file, ...Array.from({ length: 100 }, () => file.subarray(scan))]);
      assert.throws(() => decodeImage(compressed(bomb)), inputTrouble(/more than 100 scans/));
    });
  });
});
