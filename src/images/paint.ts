import { applyColorMap, type ColorMapName } from './colorMap.js';
import { encodeJpeg, encodePng } from './encode.js';
import { type OverlayItem, paintOverlay } from './overlay.js';
import type { Pixels } from './pixels.js';

/** A picture file, as plain values: whoever has no OpenCV sends it to the thread that has. */
export type PictureToPaint =
  /** The picture with the joined maps of its boxes, the boxes and their labels; see `paintOverlay`. */
  | {
      readonly kind: 'overlay';
      readonly pixels: Pixels;
      readonly items: readonly OverlayItem[];
      readonly opacity: number;
      readonly colorMap: ColorMapName;
      /** JPEG of this quality, 1 to 100; PNG where left out. */
      readonly jpegQuality?: number;
    }
  /** Grey values in colours, as PNG. */
  | { readonly kind: 'coloured'; readonly grey: Pixels; readonly colorMap: ColorMapName };

/** Paints in the caller's thread, which is the one that may use OpenCV. */
export function paintFile(picture: PictureToPaint): Uint8Array<ArrayBuffer> {
  if (picture.kind === 'coloured') return encodePng(applyColorMap(picture.grey, picture.colorMap));
  const { pixels, items, opacity, colorMap: colors, jpegQuality } = picture;
  const painted = paintOverlay(pixels, items, { opacity, colors });
  return jpegQuality === undefined ? encodePng(painted) : encodeJpeg(painted, jpegQuality);
}
