import type { Size } from '../../geometry/letterbox.js';
import { applyColorMap, type ColorMapName } from '../../images/colorMap.js';
import { decodeImage } from '../../images/decode.js';
import { encodeJpeg } from '../../images/encode.js';
import { IntensityNormalizer, type IntensityConfig } from '../../images/intensity.js';
import { paintOverlay } from '../../images/overlay.js';
import type { Pixels } from '../../images/pixels.js';
import type { SensorImage } from '../../images/sensorImage.js';
import { aboveFloor, type SaliencyMap } from '../../maps/saliencyMap.js';
import { upsample } from '../../maps/upsample.js';
import type { Explanation } from './frameExplanation.js';

/*
 * Everything here uses OpenCV, whose binding serves one thread of a process: call it from the main thread only, and in a process that
 * starts no vision worker.
 */

/**
 * The image as RGB pixels, grey tripled. Deeper images are brought to 8 bit by their own range of grey values: a live camera's range
 * follows the scene, so that a percentile rule can give slightly other pixels than were seen live; a fixed one cannot.
 * @throws ExpectedError `input` where the image cannot be decoded
 */
export function decodeRgb(image: SensorImage, intensity?: IntensityConfig): Pixels {
  const pixels = decodeImage(image, intensity && { normalizer: new IntensityNormalizer(intensity) });
  if (pixels.channels === 3) return pixels;
  const data = new Uint8Array(pixels.data.length * 3);
  for (let i = 0, to = 0; to < data.length; i++, to += 3) data.fill(pixels.data[i] ?? 0, to, to + 3);
  return { ...pixels, channels: 3, data };
}

export interface OverlayStyle {
  readonly overlayOpacity: number;
  readonly colorMap: ColorMapName;
  readonly jpegQuality: number;
}

/**
 * The picture with the joined maps of its explanations, and their boxes and labels. The map of a method that masks has a floor, which is
 * what the box scores with any mask: it is taken away, as it would colour the whole picture.
 */
export function paintExplanations(
  pixels: Pixels,
  explanations: readonly Explanation[],
  { overlayOpacity: opacity, colorMap: colors }: Omit<OverlayStyle, 'jpegQuality'>,
): Pixels {
  return paintOverlay(
    pixels,
    explanations.map(({ target, map, source }) => ({
      ...target,
      map: source.settings.method === 'grad-cam' ? map : aboveFloor(map),
    })),
    { opacity, colors },
  );
}

/**
 * A map alone, `size` large, dark where it is least and bright where it is greatest; a flat map is dark.
 * @returns RGB
 */
export function mapPixels(map: SaliencyMap, { width, height }: Size, colorMap: ColorMapName): Pixels {
  const { values } = upsample(map, width, height);
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const span = values.reduce((a, b) => Math.max(a, b), -Infinity) - least;
  const data = Uint8Array.from(values, (value) => (span > 0 ? Math.round((255 * (value - least)) / span) : 0));
  return applyColorMap({ width, height, channels: 1, data }, colorMap);
}

/** As `paintExplanations`, a JPEG file. */
export function overlayJpeg(pixels: Pixels, explanations: readonly Explanation[], style: OverlayStyle): Uint8Array {
  return encodeJpeg(paintExplanations(pixels, explanations, style), style.jpegQuality);
}
