import type { ColorMapName } from '../../images/colorMap.js';
import { decodeImage } from '../../images/decode.js';
import { IntensityNormalizer, type IntensityConfig } from '../../images/intensity.js';
import type { PictureToPaint } from '../../images/paint.js';
import type { Pixels } from '../../images/pixels.js';
import type { SensorImage } from '../../images/sensorImage.js';
import type { Size } from '../../geometry/letterbox.js';
import type { SaliencyMap } from '../../maps/saliencyMap.js';
import { upsample } from '../../maps/upsample.js';
import type { Explanation } from '../explanation.js';
import { paintedMap } from './paintedMap.js';

/**
 * The image as RGB pixels, grey tripled. Deeper images are brought to 8 bit by their own range of grey values: a live camera's range
 * follows the scene, so that a percentile rule can give slightly other pixels than were seen live; a fixed one cannot. Uses OpenCV, whose
 * binding serves one thread of a process: for the main thread of processes without a vision worker.
 * @throws ExpectedError `input` where the image cannot be decoded
 */
export function decodeRgb(image: SensorImage, intensity?: IntensityConfig): Pixels {
  return tripled(decodeImage(image, intensity && { normalizer: new IntensityNormalizer(intensity) }));
}

/** The same in three channels. */
function tripled(pixels: Pixels): Pixels {
  if (pixels.channels === 3) return pixels;
  const data = new Uint8Array(pixels.data.length * 3);
  for (let i = 0, to = 0; to < data.length; i++, to += 3) data.fill(pixels.data[i] ?? 0, to, to + 3);
  return { ...pixels, channels: 3, data };
}

export interface OverlayStyle {
  readonly overlayOpacity: number;
  readonly colorMap: ColorMapName;
  /** PNG where left out. */
  readonly jpegQuality?: number;
}

/**
 * The picture with the joined maps of an explanation's targets, and their boxes and labels. The map of a method that masks has a floor,
 * which is what the box scores with any mask: it is taken away, as it would colour the whole picture.
 * @param only index of the one target that is to be shown; all of them where left out
 */
export function overlayOf(
  pixels: Pixels,
  { request, targets }: Pick<Explanation, 'request' | 'targets'>,
  { overlayOpacity: opacity, colorMap, jpegQuality }: OverlayStyle,
  only?: number,
): PictureToPaint {
  const items = targets.map(({ map }, index) => ({
    ...request.targets[index],
    map: paintedMap(map, request.settings),
  }));
  const shown = only === undefined ? items : items.slice(only, only + 1);
  return {
    kind: 'overlay',
    pixels,
    items: shown,
    opacity,
    colorMap,
    ...(jpegQuality !== undefined && { jpegQuality }),
  };
}

/** A map alone, `size` large, dark where it is least and bright where it is greatest; a flat map is dark. */
export function pictureOfMap(map: SaliencyMap, { width, height }: Size, colorMap: ColorMapName): PictureToPaint {
  const { values } = upsample(map, width, height);
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const span = values.reduce((a, b) => Math.max(a, b), -Infinity) - least;
  const data = Uint8Array.from(values, (value) => (span > 0 ? Math.round((255 * (value - least)) / span) : 0));
  return { kind: 'coloured', grey: { width, height, channels: 1, data }, colorMap };
}
