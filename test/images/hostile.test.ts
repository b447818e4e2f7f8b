import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ExpectedError } from '../../src/errors.js';
import { decodeImage } from '../../src/images/decode.js';
import { encodingNames } from '../../src/images/encodings.js';
import type { SensorImage } from '../../src/images/sensorImage.js';
import { encodedFixtures } from './helpers.js';

/** Decodes to as many pixels as it says, or throws trouble with the input; anything else fails the property. */
function decodesOrIsRefused(image: SensorImage): void {
  try {
    const pixels = decodeImage(image);
    assert.equal(pixels.data.length, pixels.width * pixels.height * pixels.channels);
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    assert.equal(error.kind, 'input');
    assert.notEqual(error.remedy, '');
  }
}

const uint32 = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffffffff }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -1, 0.5, 2 ** 31, 2 ** 32 - 1, 2 ** 53) },
);

describe('hostile images', () => {
  it('raw fields of any kind decode or are refused', () => {
    const image = fc.record({
      kind: fc.constant('raw' as const),
      width: uint32,
      height: uint32,
      step: uint32,
      encoding: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...encodingNames()) }, fc.string()),
      bigEndian: fc.boolean(),
      data: fc.uint8Array({ maxLength: 2000, size: 'max' }),
    });
    fc.assert(fc.property(image, decodesOrIsRefused), { numRuns: 5000 });
  });

  it('raw fields that nearly fit decode or are refused', () => {
    const near = fc
      .tuple(fc.constantFrom(...encodingNames()), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
      .chain(([encoding, width, height]) =>
        fc.record({
          kind: fc.constant('raw' as const),
          encoding: fc.constant(encoding),
          width: fc.constant(width),
          height: fc.constant(height),
          step: fc.integer({ min: width, max: width * 8 + 3 }),
          bigEndian: fc.boolean(),
          data: fc.uint8Array({ minLength: width * height, maxLength: width * height * 12, size: 'max' }),
        }),
      );
    fc.assert(fc.property(near, decodesOrIsRefused), { numRuns: 5000 });
  });

  for (const name of ['grey.png', 'colour16.png', 'palette.png', 'colour.jpg', 'progressive.jpg'])
    it(`${name} with bytes changed, cut or doubled decodes or is refused`, () => {
      const { file } = encodedFixtures[name] as { file: Uint8Array };
      const position = fc.nat(file.length - 1);
      const damage = fc.record({
        changes: fc.array(fc.tuple(position, fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
        from: fc.oneof(fc.constant(0), position),
        to: fc.oneof(fc.constant(file.length), position),
        twice: fc.boolean(),
      });
      fc.assert(
        fc.property(damage, ({ changes, from, to, twice }) => {
          const copy = Uint8Array.from(file);
          for (const [at, value] of changes) copy[at] = value;
          const part = copy.subarray(from, to);
          decodesOrIsRefused({ kind: 'compressed', format: '', data: twice ? Buffer.concat([part, copy]) : part });
        }),
        { numRuns: 600 },
      );
    });

  it('any bytes in any format decode or are refused', () => {
    const format = fc.oneof(
      fc.string(),
      fc.constantFrom('jpeg', 'png', 'bayer_rggb8; png compressed ', 'compressedDepth'),
    );
    fc.assert(
      fc.property(
        format,
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom([], [0xff, 0xd8, 0xff]),
        (text, tail, head) =>
          decodesOrIsRefused({ kind: 'compressed', format: text, data: Uint8Array.from([...head, ...tail]) }),
      ),
      { numRuns: 3000 },
    );
  });
});
