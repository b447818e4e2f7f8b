import type { Size, ResizeRule } from '../geometry/letterbox.js';
import type { ColorMapName } from '../images/colorMap.js';
import type { IntensityConfig } from '../images/intensity.js';
import type { PictureToPaint } from '../images/paint.js';
import type { Pixels } from '../images/pixels.js';
import type { SensorImage } from '../images/sensorImage.js';
import type { ExplainedDetection } from './protocol.js';
import type { Spectrum } from '../spectrum.js';
import type { PictureRequest, Pictures } from './perceivedSet.js';

/** What the vision worker is started with. */
export interface VisionSetup {
  readonly bands: Readonly<
    Partial<
      Record<
        Spectrum,
        {
          readonly intensity: IntensityConfig;
          /** Input of the band's model. */
          readonly input: Size & { readonly resize: ResizeRule };
        }
      >
    >
  >;
  readonly pictures: {
    readonly overlayOpacity: number;
    readonly colorMap: ColorMapName;
    readonly jpegQuality: number;
    readonly thumbnailSide: number;
  };
  /** Decoded pictures to keep for a later `render`; the oldest goes first. */
  readonly keepPictures: number;
}

/** Decode an image and lay it into its model's input. */
export interface PrepareRequest {
  readonly kind: 'prepare';
  /** The caller's name for the picture; unique. */
  readonly key: number;
  readonly spectrum: Spectrum;
  readonly stampNs: bigint;
  /** Untrusted. The bytes of a raw image come back with the answer. */
  readonly image: SensorImage;
  /** Memory that the input may be laid in, where it has the right size. */
  readonly inputMemory?: Uint8Array<ArrayBuffer>;
}

export interface Prepared {
  readonly kind: 'prepared';
  /** uint8 [H, W, 3], RGB, of the model's input size. */
  readonly input: Uint8Array<ArrayBuffer>;
  /** The bytes that the image came in, for another use. */
  readonly imageMemory?: Uint8Array;
  readonly source: Size;
  readonly decodeMs: number;
  readonly resizeMs: number;
}

/** Paint a kept picture. */
export interface RenderRequest {
  readonly kind: 'render';
  readonly key: number;
  readonly detections: readonly ExplainedDetection[];
  readonly wanted: PictureRequest;
}

export interface Rendered {
  readonly kind: 'rendered';
  readonly pictures: Pictures;
}

/** A copy of a kept picture, and the same laid into its model's input once more. */
export interface PixelsRequest {
  readonly kind: 'pixels';
  readonly key: number;
  readonly spectrum: Spectrum;
}

/** A decoded picture, and as its model takes it. */
export interface DecodedPicture {
  readonly pixels: Pixels;
  /** uint8 [H, W, 3], RGB: the very bytes that the detections came from. */
  readonly input: Uint8Array<ArrayBuffer>;
}

/** Make a picture file of plain values. */
export interface PaintRequest {
  readonly kind: 'paint';
  readonly picture: PictureToPaint;
}

/** Load OpenCV, so that its absence shows at the start. */
export interface HelloRequest {
  readonly kind: 'hello';
}

export interface Hello {
  readonly kind: 'hello';
  readonly opencvVersion: string;
}

export type VisionRequest = HelloRequest | PrepareRequest | RenderRequest | PixelsRequest | PaintRequest;
export type VisionReply =
  | Hello
  | Prepared
  | Rendered
  | ({ readonly kind: 'pixels' } & DecodedPicture)
  | { readonly kind: 'painted'; readonly file: Uint8Array<ArrayBuffer> };
