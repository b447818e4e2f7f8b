import { bytesOf, Color, MatType, withMats } from './opencv.js';
import type { Pixels } from './pixels.js';

/** Perceptually even colour maps, and the two that people are used to. The values are OpenCV's numbers. */
const COLOR_MAPS = { inferno: 14, viridis: 16, cividis: 17, turbo: 20, jet: 2 } as const;
export type ColorMapName = keyof typeof COLOR_MAPS;
export const COLOR_MAP_NAMES = Object.keys(COLOR_MAPS) as readonly ColorMapName[];

const tables = new Map<ColorMapName, Uint8Array>();

/** The 256 colours of a map, dark to bright: 768 bytes, RGB. */
export function colorTable(name: ColorMapName): Uint8Array {
  let table = tables.get(name);
  if (!table) {
    const ramp = Uint8Array.from({ length: 256 }, (_, level) => level);
    table = withMats((mats, cv) => {
      const bgr = mats.keep(cv.applyColorMap(mats.from(ramp, 1, 256, MatType.U8C1), COLOR_MAPS[name]));
      return bytesOf(mats.keep(bgr.cvtColor(Color.BGR2RGB)));
    });
    tables.set(name, table);
  }
  return table;
}

/** A grey picture in the colours of a map; a colour picture is taken by its first channel. */
export function applyColorMap(pixels: Pixels, name: ColorMapName): Pixels {
  const { width, height, channels, data } = pixels;
  const table = colorTable(name);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0, to = 0; to < rgb.length; i += channels, to += 3) {
    const from = 3 * data[i];
    rgb[to] = table[from];
    rgb[to + 1] = table[from + 1];
    rgb[to + 2] = table[from + 2];
  }
  return { width, height, channels: 3, data: rgb };
}
