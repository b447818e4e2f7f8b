import type { Spectrum } from '../../src/spectrum.js';
import type { DriveOptions } from './drive.js';
import type { DatasetLayout } from './layouts.js';
import type { RunLengthMask } from './runLength.js';
import type { TruthObject } from './truth.js';

/** A moment whose pictures go into files, named by the layout. */
export interface RenderJob {
  readonly kind: 'files';
  readonly drive: DriveOptions;
  readonly time: number;
  readonly frame: number;
  readonly layout: DatasetLayout;
  readonly split: string;
  readonly id: string;
  /** Bits of an infrared pixel; RGB is always 8. */
  readonly depth: 8 | 16;
}

/** What a worker says about one written picture. */
export interface RenderedView {
  readonly spectrum: Spectrum;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly (TruthObject & { readonly mask: RunLengthMask })[];
}

/** A moment whose pictures come back to the caller. */
export interface PictureJob {
  readonly kind: 'pictures';
  readonly drive: DriveOptions;
  readonly time: number;
  readonly frame: number;
  readonly spectra: readonly Spectrum[];
  readonly depth: 8 | 16;
  /** Whether `data` is a PNG file instead of pixels. */
  readonly png: boolean;
}

export interface PictureReply {
  readonly spectrum: Spectrum;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Bits of a sample; 16-bit samples are little-endian where `data` is pixels. */
  readonly depth: 8 | 16;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly objects: readonly TruthObject[];
}
