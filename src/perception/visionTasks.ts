import { ExpectedError } from '../errors.js';
import { letterbox } from '../geometry/letterbox.js';
import { decodeImage } from '../images/decode.js';
import { encodeJpeg } from '../images/encode.js';
import { IntensityNormalizer } from '../images/intensity.js';
import { opencvVersion } from '../images/opencv.js';
import { paintOverlay } from '../images/overlay.js';
import { paintFile } from '../images/paint.js';
import type { PixelMemory } from '../images/pixelMemory.js';
import type { Pixels } from '../images/pixels.js';
import { resizeToInput, thumbnail } from '../images/resize.js';
import type { Spectrum } from '../spectrum.js';
import type {
  DecodedPicture,
  PixelsRequest,
  PrepareRequest,
  Prepared,
  RenderRequest,
  Rendered,
  VisionReply,
  VisionRequest,
  VisionSetup,
} from './visionProtocol.js';
import { SpareBuffers } from '../workers/spareBuffers.js';
import type { Reply } from '../workers/workerProtocol.js';

/** One in reserve for each size is enough; cameras that send anything must not fill the memory. */
const SPARE_BYTES = 64e6;

/** What the vision thread does. Remembers each camera's range of intensities, and the pictures that may yet be painted. */
export class VisionTasks {
  readonly #normalizers = new Map<Spectrum, IntensityNormalizer>();
  /** In the order of arrival. */
  readonly #kept = new Map<number, Pixels>();
  /** Pictures that are no longer kept. */
  readonly #spare = new SpareBuffers(SPARE_BYTES);
  readonly setup: VisionSetup;

  constructor(setup: VisionSetup) {
    this.setup = setup;
  }

  handle(request: VisionRequest): Reply<VisionReply> {
    switch (request.kind) {
      case 'hello':
        return { value: { kind: 'hello', opencvVersion: opencvVersion() } };
      case 'prepare': {
        const value = this.#prepare(request);
        const { input, imageMemory } = value;
        return { value, transfer: [input.buffer, ...(imageMemory ? [imageMemory.buffer as ArrayBuffer] : [])] };
      }
      case 'pixels': {
        const { pixels, input } = this.#pixels(request);
        return {
          value: { kind: 'pixels', pixels, input },
          transfer: [pixels.data.buffer as ArrayBuffer, input.buffer],
        };
      }
      case 'paint': {
        const file = paintFile(request.picture);
        return { value: { kind: 'painted', file }, transfer: [file.buffer] };
      }
      case 'render': {
        const value = this.#render(request);
        const { overlay, thumbnail: small, overlayPixels } = value.pictures;
        return {
          value,
          transfer: [overlay, small, overlayPixels?.data].flatMap((file) =>
            file === undefined ? [] : [file.buffer as ArrayBuffer],
          ),
        };
      }
    }
  }

  #prepare({ key, spectrum, stampNs, image, inputMemory }: PrepareRequest): Prepared {
    const band = this.#band(spectrum);
    const started = performance.now();
    const memory: PixelMemory = (byteLength) => this.#spare.take(byteLength);
    const pixels = decodeImage(image, { normalizer: this.#normalizer(spectrum), stampNs, memory });
    const decoded = performance.now();
    const source = { width: pixels.width, height: pixels.height };
    const placed = letterbox(source, band.input, band.input.resize);
    const input = resizeToInput(pixels, placed, undefined, (byteLength) =>
      inputMemory?.byteLength === byteLength ? inputMemory : new Uint8Array(byteLength),
    );
    const resizeMs = performance.now() - decoded;
    this.#keep(key, pixels);
    const imageMemory = image.kind === 'raw' ? { imageMemory: image.data } : {};
    return { kind: 'prepared', input, ...imageMemory, source, decodeMs: decoded - started, resizeMs };
  }

  #pixels({ key, spectrum }: PixelsRequest): DecodedPicture {
    const pixels = this.#keptPicture(key);
    const { input } = this.#band(spectrum);
    // The kept buffer may be longer-lived than the answer, and goes back among the spare ones.
    return {
      pixels: { ...pixels, data: Uint8Array.from(pixels.data) },
      input: resizeToInput(pixels, letterbox(pixels, input, input.resize)),
    };
  }

  #band(spectrum: Spectrum): NonNullable<VisionSetup['bands'][Spectrum]> {
    const band = this.setup.bands[spectrum];
    if (band !== undefined) return band;
    throw new ExpectedError('usage', `the band ${spectrum} is not configured`, `add cameras.${spectrum}`);
  }

  #keptPicture(key: number): Pixels {
    const pixels = this.#kept.get(key);
    if (pixels !== undefined) return pixels;
    throw new Error(`picture ${key} is no longer kept: it can be asked for only soon after it came`);
  }

  #render({ key, detections, wanted }: RenderRequest): Rendered {
    const started = performance.now();
    const pixels = this.#keptPicture(key);
    const { overlayOpacity, colorMap, jpegQuality, thumbnailSide } = { ...this.setup.pictures, ...wanted.style };
    const painted =
      wanted.overlay === true || wanted.overlayPixels === true
        ? paintOverlay(pixels, detections, { opacity: overlayOpacity, colors: colorMap })
        : undefined;
    const overlay = painted !== undefined && wanted.overlay === true ? encodeJpeg(painted, jpegQuality) : undefined;
    const small = wanted.thumbnail === true ? encodeJpeg(thumbnail(pixels, thumbnailSide), jpegQuality) : undefined;
    return {
      kind: 'rendered',
      pictures: {
        ...(overlay === undefined ? {} : { overlay }),
        ...(wanted.overlayPixels === true && painted !== undefined ? { overlayPixels: painted } : {}),
        ...(small === undefined ? {} : { thumbnail: small }),
        renderMs: performance.now() - started,
      },
    };
  }

  #normalizer(spectrum: Spectrum): IntensityNormalizer {
    let normalizer = this.#normalizers.get(spectrum);
    if (normalizer === undefined) {
      normalizer = new IntensityNormalizer(this.setup.bands[spectrum]?.intensity);
      this.#normalizers.set(spectrum, normalizer);
    }
    return normalizer;
  }

  #keep(key: number, pixels: Pixels): void {
    this.#kept.set(key, pixels);
    for (const [oldest, { data }] of this.#kept) {
      if (this.#kept.size <= this.setup.keepPictures) return;
      this.#kept.delete(oldest);
      this.#spare.give(data);
    }
  }
}
