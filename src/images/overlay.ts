import { type Box, clip } from '../geometry/box.js';
import { classColor, type Rgb, textColorOn } from './classColor.js';
import type { ColorMapName } from './colorMap.js';
import { blendHeat, heatPixels, type HeatMap } from './heat.js';
import { bytesOf, Color, type Mat, type opencv, withMats } from './opencv.js';
import type { Pixels } from './pixels.js';
import { matOfPixels } from './resize.js';

/** What an overlay shows of one detection. */
export interface OverlayItem {
  /** In pixels of the picture. */
  readonly box: Box;
  readonly classIndex: number;
  readonly className: string;
  readonly score: number;
  /** What the detector looked at. */
  readonly map?: HeatMap;
}

export interface OverlayOptions {
  /** How much of the picture the hottest places hide, 0 to 1. */
  readonly opacity?: number;
  readonly colors?: ColorMapName;
  /** Whether class and score are written at each box. */
  readonly labels?: boolean;
}

type Binding = ReturnType<typeof opencv>;

const FONT_PLAIN_SANS = 0;
const FILLED = -1;
const LINE_8 = 8;
const LINE_ANTIALIASED = 16;

/**
 * An RGB copy of the picture with the joined saliency maps of its detections laid over it, and their boxes and labels
 * drawn on top, the most certain last. Boxes are clipped to the picture; those of no area there are left out.
 */
export function paintOverlay(pixels: Pixels, items: readonly OverlayItem[], options: OverlayOptions = {}): Pixels {
  const { opacity = 0.6, colors = 'inferno', labels = true } = options;
  const { width, height } = pixels;
  const rgb = asRgb(pixels);
  const maps = items.flatMap(({ map }) => (map ? [map] : []));
  if (maps.length > 0 && opacity > 0) blendHeat(rgb, heatPixels(maps, width, height).data, opacity, colors);
  const drawn = items
    .map((item) => ({ ...item, box: clip(item.box, width, height) }))
    .filter(({ box }) => box.x2 > box.x1 && box.y2 > box.y1)
    .sort((a, b) => a.score - b.score);
  if (drawn.length === 0) return { width, height, channels: 3, data: rgb };
  const data = withMats((mats, cv) => {
    const canvas = matOfPixels(mats, { width, height, channels: 3, data: rgb });
    const pen = new Pen(cv, canvas);
    for (const item of drawn) pen.box(item.box, classColor(item.classIndex));
    if (labels) for (const item of drawn) pen.label(item, classColor(item.classIndex));
    return bytesOf(canvas);
  });
  return { width, height, channels: 3, data };
}

function asRgb(pixels: Pixels): Uint8Array<ArrayBuffer> {
  if (pixels.channels === 3) return Uint8Array.from(pixels.data);
  return withMats((mats) => bytesOf(mats.keep(matOfPixels(mats, pixels).cvtColor(Color.GRAY2RGB))));
}

/** Draws in sizes that suit the picture's: readable at 640 × 480 as at 4K. */
class Pen {
  readonly #thickness: number;
  readonly #fontScale: number;
  readonly cv: Binding;
  readonly canvas: Mat;

  constructor(cv: Binding, canvas: Mat) {
    this.cv = cv;
    this.canvas = canvas;
    const side = Math.min(canvas.rows, canvas.cols);
    this.#thickness = Math.max(1, Math.round(side / 320));
    this.#fontScale = Math.max(0.35, side / 1100);
  }

  /** A frame in `color` with a dark rim, so that it shows on any ground. */
  box({ x1, y1, x2, y2 }: Box, color: Rgb): void {
    const corners = [this.#point(x1, y1), this.#point(Math.ceil(x2) - 1, Math.ceil(y2) - 1)] as const;
    this.canvas.drawRectangle(...corners, this.#color([0, 0, 0]), this.#thickness + 2, LINE_8, 0);
    this.canvas.drawRectangle(...corners, this.#color(color), this.#thickness, LINE_8, 0);
  }

  /** Class and score on the class's colour: above the box where there is room, else inside it. */
  label({ box, className, score }: OverlayItem, color: Rgb): void {
    const text = `${printable(className)} ${score.toFixed(2)}`;
    const { size, baseLine } = this.cv.getTextSize(text, FONT_PLAIN_SANS, this.#fontScale, 1);
    const height = size.height + baseLine + 2;
    const left = Math.max(0, Math.min(Math.floor(box.x1), this.canvas.cols - size.width - 4));
    const top = box.y1 >= height ? Math.floor(box.y1) - height : Math.floor(box.y1);
    const end = this.#point(left + size.width + 3, top + height - 1);
    this.canvas.drawRectangle(this.#point(left, top), end, this.#color(color), FILLED, LINE_8, 0);
    const origin = this.#point(left + 2, top + size.height + 1);
    const ink = this.#color(textColorOn(color));
    this.canvas.putText(text, origin, FONT_PLAIN_SANS, this.#fontScale, ink, 1, LINE_ANTIALIASED);
  }

  #point(x: number, y: number): object {
    return new this.cv.Point2(Math.floor(x), Math.floor(y));
  }

  #color([red, green, blue]: Rgb): object {
    return new this.cv.Vec3(red, green, blue);
  }
}

/** The font has ASCII only; a name from a model's manifest may be anything. Accents are dropped, the rest is `?`. */
function printable(name: string): string {
  const plain = name.slice(0, 40).normalize('NFKD').replace(/\p{M}/gu, '');
  return plain.replace(/[^\x20-\x7e]/gu, '?');
}
