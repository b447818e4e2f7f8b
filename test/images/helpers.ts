import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ExpectedError } from '../../src/errors.js';
import type { Pixels } from '../../src/images/pixels.js';
import type { RawImage } from '../../src/images/sensorImage.js';
import { packageRoot } from '../../src/packageRoot.js';

/** A raw message with a tight step, unless the fields say otherwise. */
export function raw(fields: Partial<RawImage> & Pick<RawImage, 'encoding' | 'width' | 'height' | 'data'>): RawImage {
  return { kind: 'raw', bigEndian: false, step: fields.data.length / fields.height, ...fields };
}

export function bytes(samples: Uint16Array | Float32Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

export function at({ data, width, channels }: Pixels, x: number, y: number): number[] {
  return [...data.subarray((y * width + x) * channels, (y * width + x + 1) * channels)];
}

export interface EncodedFixture {
  readonly file: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bits: 8 | 16;
  /** What Pillow reads from the file, little-endian samples. */
  readonly pixels: Uint8Array;
}

/** Files made by test/images/fixtures/make.py. */
export const encodedFixtures = readFixtures();

function readFixtures(): Readonly<Record<string, EncodedFixture>> {
  type Stored = Omit<EncodedFixture, 'file' | 'pixels'> & { file: string; pixels: string };
  const path = join(packageRoot, 'test/images/fixtures/encoded.json');
  const stored = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Stored>;
  const decoded = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
  return Object.fromEntries(
    Object.entries(stored).map(([name, one]) => [
      name,
      { ...one, file: decoded(one.file), pixels: decoded(one.pixels) },
    ]),
  );
}

/** For `assert.throws`: trouble with the input whose message matches, and which says what to do. */
export function inputTrouble(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    if (!(error instanceof ExpectedError) || error.kind !== 'input' || error.remedy === '') return false;
    if (!pattern.test(error.message)) throw new Error(`message was: ${error.message}`);
    return true;
  };
}
