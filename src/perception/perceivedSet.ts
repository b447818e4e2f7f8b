import type { Provider } from '../detector/providers.js';
import type { ColorMapName } from '../images/colorMap.js';
import type { Frame } from '../images/frame.js';
import type { Pixels } from '../images/pixels.js';
import type { ExplainedDetection } from './protocol.js';
import type { Spectrum } from '../spectrum.js';

/** Where a frame came from and when, without its image. */
export type FrameHeader = Omit<Frame, 'image'>;

/** Milliseconds that one frame took, stage by stage. */
export interface StageTimings {
  /** Decoding, and bringing deep images to 8 bit. */
  readonly decodeMs: number;
  /** Laying the picture into the model's input. */
  readonly resizeMs: number;
  /** `session.run`. */
  readonly inferenceMs: number;
  /** Thresholds, suppression, boxes to source pixels. */
  readonly postprocessMs: number;
  /** Maps and attention figures of all detections. */
  readonly gradCamMs: number;
  /** What remains of the total: waiting for the vision and detector threads, and handing buffers over. */
  readonly queueMs: number;
  /** From the call of `process` to the detections; pictures not included. */
  readonly totalMs: number;
}

/** Which model made the detections, and what it ran on. */
export interface ModelIdentity {
  readonly name: string;
  /** SHA-256 of the ONNX file, hexadecimal. */
  readonly sha256: string;
  readonly provider: Provider;
  /** Why it is not a provider that is preferred; absent where it is the first choice. */
  readonly fallback?: string;
  readonly classes: readonly string[];
  /** Absent: every box comes with a map. Else why it does not, for people. */
  readonly withoutMaps?: string;
}

/** Which pictures to paint of a frame: an overlay of the source's size, a thumbnail without anything painted on it. */
export interface PictureRequest {
  readonly overlay?: boolean;
  readonly thumbnail?: boolean;
  /** The overlay as RGB pixels instead of (or beside) a file. */
  readonly overlayPixels?: boolean;
  /** In place of the configuration's. */
  readonly style?: {
    readonly overlayOpacity?: number;
    readonly colorMap?: ColorMapName;
    readonly jpegQuality?: number;
  };
}

/** JPEG files, those that were asked for. */
export interface Pictures {
  /** Source size: heat map of the detections' maps, boxes and names. */
  readonly overlay?: Uint8Array;
  /** The source picture, brought to 8 bit, at most the configured side long. */
  readonly thumbnail?: Uint8Array;
  /** Source size, RGB. */
  readonly overlayPixels?: Pixels;
  /** Milliseconds in the vision thread. */
  readonly renderMs: number;
}

/** A frame that was seen and explained. */
export interface PerceivedFrame {
  readonly kind: 'perceived';
  readonly header: FrameHeader;
  /** Size of the source picture, pixels; boxes are in these pixels, maps cover all of them. */
  readonly width: number;
  readonly height: number;
  /** Best score first; each with its map (at the resolution of its pyramid level) and attention figures, unless off. */
  readonly detections: readonly ExplainedDetection[];
  readonly model: ModelIdentity;
  readonly timings: StageTimings;
  /** Present where they were asked for, and could be painted. */
  readonly pictures?: Pictures;
  /** Why they could not. */
  readonly picturesError?: Error;
  /** Names the decoded picture for a later `render`. */
  readonly pictureKey: number;
}

/** A frame that could not be used; the others of its set are not affected. */
export interface FailedFrame {
  readonly kind: 'failed';
  readonly header: FrameHeader;
  readonly stage: 'decode' | 'detect';
  /** An ExpectedError (input) where the image is at fault; anything else is a defect or a runtime's failure. */
  readonly error: Error;
}

/** What was perceived at one moment; the same frames as in the frame set. */
export interface PerceivedSet {
  readonly stampNs: bigint;
  readonly skewNs: bigint;
  /** Expected spectra that sent no frame. */
  readonly missing: readonly Spectrum[];
  readonly frames: ReadonlyMap<Spectrum, PerceivedFrame | FailedFrame>;
  /** From the call of `process` to the last frame's result, milliseconds. */
  readonly totalMs: number;
}
