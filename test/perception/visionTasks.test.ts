import assert from 'node:assert/strict';
import { ExpectedError } from '../../src/errors.js';
import { decodeImage } from '../../src/images/decode.js';
import { DEFAULT_INTENSITY } from '../../src/images/intensity.js';
import type { RawImage } from '../../src/images/sensorImage.js';
import type { PictureRequest, Pictures } from '../../src/perception/perceivedSet.js';
import type { Prepared, VisionSetup } from '../../src/perception/visionProtocol.js';
import { VisionTasks } from '../../src/perception/visionTasks.js';
import { person } from './fakeServices.js';
import { ms } from './stamped.js';

const setup: VisionSetup = {
  bands: {
    rgb: { intensity: DEFAULT_INTENSITY, input: { width: 32, height: 32, resize: 'letterbox-top-left' } },
    fir: {
      intensity: { rule: 'fixed', low: 0, high: 1000, nonFinite: 'reject' },
      input: { width: 8, height: 4, resize: 'stretch' },
    },
    mir: {
      intensity: {
        rule: 'percentiles',
        lowPercent: 0,
        highPercent: 100,
        timeConstantSeconds: 1,
        minimumSpan: 0,
        nonFinite: 'reject',
      },
      input: { width: 2, height: 1, resize: 'stretch' },
    },
  },
  pictures: { overlayOpacity: 0.6, colorMap: 'inferno', jpegQuality: 90, thumbnailSide: 16 },
  keepPictures: 2,
};

function deep(values: readonly number[], width: number, height: number): RawImage {
  const data = new Uint8Array(Uint16Array.from(values).buffer);
  return { kind: 'raw', width, height, encoding: 'mono16', bigEndian: false, step: width * 2, data };
}

function gray(value: number): RawImage {
  const data = new Uint8Array(64 * 48).fill(value);
  return { kind: 'raw', width: 64, height: 48, encoding: 'mono8', bigEndian: false, step: 64, data };
}

describe('VisionTasks', () => {
  let tasks: VisionTasks;
  beforeEach(() => {
    tasks = new VisionTasks(setup);
  });

  function prepare(spectrum: 'rgb' | 'fir' | 'mir' | 'nir', image: RawImage, key = 0, stampNs = 0n): Prepared {
    const { value, transfer } = tasks.handle({ kind: 'prepare', key, spectrum, stampNs, image });
    assert.ok(value.kind === 'prepared');
    assert.equal(transfer?.length, 2, 'moved, not copied');
    assert.ok(transfer[0] === value.input.buffer && transfer[1] === image.data.buffer, 'the image comes back');
    assert.equal(value.input.byteLength, value.input.buffer.byteLength, 'nothing else moves along');
    return value;
  }

  function render(key: number, wanted: PictureRequest): Pictures {
    const { value, transfer } = tasks.handle({ kind: 'render', key, detections: [person], wanted });
    assert.ok(value.kind === 'rendered');
    assert.equal(transfer?.length, Object.values(wanted).filter((value) => value === true).length);
    return value.pictures;
  }

  const sizeOf = (file: Uint8Array | undefined): number[] => {
    assert.ok(file);
    const { width, height } = decodeImage({ kind: 'compressed', format: 'jpeg', data: file });
    return [width, height];
  };

  it('says which OpenCV it has', () => {
    const { value } = tasks.handle({ kind: 'hello' });
    assert.ok(value.kind === 'hello');
    assert.match(value.opencvVersion, /^\d+\.\d+\.\d+$/);
  });

  it("lays a picture into its own model's input", () => {
    const { input, source } = prepare('rgb', gray(200));
    assert.deepEqual(source, { width: 64, height: 48 });
    assert.equal(input.length, 32 * 32 * 3);
    assert.deepEqual([...input.subarray(0, 3)], [200, 200, 200]);
    assert.equal(input[24 * 32 * 3 - 1], 200, 'the last row of the picture');
    assert.equal(input[24 * 32 * 3], 0, 'padding below it');
  });

  it("brings deep images to 8 bit by the camera's own rule", () => {
    const values = [0, 250, 500, 1000];
    const { input } = prepare(
      'fir',
      deep(values.flatMap((value) => [value, value]).concat(Array<number>(24).fill(1000)), 8, 4),
    );
    assert.deepEqual([input[0], input[6], input[12], input[18]], [0, 64, 128, 255]);
  });

  it("remembers each camera's range, so that the picture does not flicker", () => {
    const level = (value: number, stampNs: bigint): number | undefined =>
      prepare('mir', deep([0, value], 2, 1), 0, stampNs).input[5];
    assert.equal(level(1000, 0n), 255);
    assert.ok((level(500, ms(100)) ?? 255) < 150, 'still nearly the old range');
  });

  it('paints overlays of the source size and thumbnails that fit the configured side', () => {
    prepare('rgb', gray(100), 7);
    const { overlay, thumbnail, renderMs } = render(7, { overlay: true, thumbnail: true });
    assert.deepEqual(sizeOf(overlay), [64, 48]);
    assert.deepEqual(sizeOf(thumbnail), [16, 12]);
    assert.ok(renderMs > 0);
    assert.deepEqual(Object.keys(render(7, { thumbnail: true })), ['thumbnail', 'renderMs']);
  });

  it('paints as pixels, and in the style that is asked for', () => {
    prepare('rgb', gray(100), 7);
    const pixelAtPeak = (style: PictureRequest['style'] = {}): number[] => {
      const { overlayPixels, overlay } = render(7, { overlayPixels: true, style });
      assert.equal(overlay, undefined);
      assert.deepEqual([overlayPixels?.width, overlayPixels?.height], [64, 48]);
      const at = 3 * (40 * 64 + 60); // the map's peak is on the right, the box on the left
      return [...(overlayPixels?.data.subarray(at, at + 3) ?? [])];
    };
    assert.deepEqual(pixelAtPeak({ overlayOpacity: 0 }), [100, 100, 100]);
    const hidden = pixelAtPeak({ overlayOpacity: 1 });
    assert.notDeepEqual(hidden, [100, 100, 100]);
    assert.notDeepEqual(pixelAtPeak({ overlayOpacity: 1, colorMap: 'viridis' }), hidden);
    const half = pixelAtPeak({ overlayOpacity: 0.5 });
    half.forEach((value, channel) => assert.ok(Math.abs(value - ((hidden[channel] ?? 0) + 100) / 2) <= 1));
  });

  it('keeps the latest pictures only', () => {
    for (const key of [1, 2, 3]) prepare('rgb', gray(key), key);
    assert.throws(() => render(1, { overlay: true }), /picture 1 is no longer kept/);
    render(2, { overlay: true });
    render(3, { overlay: true });
  });

  it('lays the input in the memory that comes along, whatever was in it, where it has the right size', () => {
    const [fresh] = [prepare('rgb', gray(200)).input];
    const laid = (inputMemory: Uint8Array<ArrayBuffer>): Uint8Array => {
      const { value } = tasks.handle({
        kind: 'prepare',
        key: 9,
        spectrum: 'rgb',
        stampNs: 0n,
        image: gray(200),
        inputMemory,
      });
      assert.ok(value.kind === 'prepared');
      assert.ok(Buffer.from(value.input).equals(fresh), 'the same picture and the same padding');
      return value.input;
    };
    const fits = new Uint8Array(fresh.length).fill(77);
    assert.ok(laid(fits) === fits);
    const wrong = new Uint8Array(10);
    assert.ok(laid(wrong) !== wrong);
  });

  it('uses the memory of pictures that are no longer kept, and of no others', () => {
    for (let key = 0; key < 6; key++) prepare('rgb', gray(key * 40), key);
    for (const key of [4, 5]) {
      const { overlayPixels } = render(key, { overlayPixels: true, style: { overlayOpacity: 0 } });
      assert.equal(overlayPixels?.data[3 * (40 * 64 + 60)], key * 40);
    }
  });

  it('refuses a band that is not configured and an image that is damaged, and goes on', () => {
    assert.throws(
      () => prepare('nir', gray(1)),
      (error) => error instanceof ExpectedError && error.kind === 'usage',
    );
    assert.throws(
      () => prepare('rgb', { ...gray(1), data: new Uint8Array(10) }),
      (error) => error instanceof ExpectedError && error.kind === 'input',
    );
    prepare('rgb', gray(1));
  });
});
