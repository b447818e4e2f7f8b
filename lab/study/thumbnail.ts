import type { SaliencyMap } from '../../src/maps/saliencyMap.js';
import { resample } from '../../src/maps/upsample.js';
import type { MethodFigures } from './record.js';

type Thumbnail = NonNullable<MethodFigures['thumbnail']>;

const LONGEST_SIDE = 128;

/** A small 8-bit copy of a map; negative values become 0. */
export function thumbnailOf(map: SaliencyMap): Thumbnail {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(map.width, map.height));
  const width = Math.max(1, Math.round(map.width * scale));
  const height = Math.max(1, Math.round(map.height * scale));
  const { values } = resample(map, { x: 0, y: 0, width: map.width, height: map.height }, width, height);
  const peak = values.reduce((greatest, value) => Math.max(greatest, value), 0);
  const bytes = Uint8Array.from(values, (value) => (peak > 0 && value > 0 ? Math.round((255 * value) / peak) : 0));
  return { width, height, data: Buffer.from(bytes).toString('base64') };
}

/** The map back from its copy, from 0 to 255. */
export function mapOfThumbnail({ width, height, data }: Thumbnail): SaliencyMap {
  const bytes = Buffer.from(data, 'base64');
  return { width, height, values: Float32Array.from({ length: width * height }, (_, i) => bytes[i] ?? 0) };
}
