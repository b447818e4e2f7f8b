import path from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { packageRoot } from '../../../src/packageRoot.js';

const FONTS = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'];

/**
 * An SVG document as a PNG file, with the fonts that come with this package: equal on every machine.
 * @param width in pixels; the height follows
 */
export function rasterise(svg: string, width: number): Uint8Array {
  const folder = path.join(packageRoot, 'node_modules/dejavu-fonts-ttf/ttf');
  const fontFiles = FONTS.map((file) => path.join(folder, file));
  const options = {
    background: 'white',
    fitTo: { mode: 'width', value: width },
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans' },
  } as const;
  return new Resvg(svg, options).render().asPng();
}
