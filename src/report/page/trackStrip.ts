import { context2d, el } from './dom.js';
import type { DetectionRow, FrameRow } from './format.js';
import { heatPicture } from './heatMap.js';
import { classColour } from './palette.js';
import type { DecodedFrame } from './pictureStore.js';
import type { ReportModel } from './reportModel.js';
import type { Track, TrackPlace } from './trackModel.js';
import { decimal } from './words.js';

const MOST_CROPS = 12;
/** A crop shows the box and as much around it that its sides are this many times as long. */
const SPAN = 2;
const HEIGHT = 132;
const WIDTHS = [72, 264] as const;

/** A track as a row of cut-outs with their maps: its boxes, evenly spread where there are many. */
export function trackStrip(model: ReportModel, track: Track, onPick: (place: TrackPlace) => void): HTMLElement {
  const withPictures = track.places.filter(({ position }) => model.pictures.has(model.sets[position]?.n ?? -1));
  const shown = evenly(withPictures.length > 0 ? withPictures : track.places, MOST_CROPS);
  const strip = el('div', { class: 'strip' });
  for (const place of shown) {
    const set = model.sets[place.position];
    const frame = set?.f[place.frame];
    const detection = frame?.[4][place.detection];
    if (set === undefined || frame === undefined || detection === undefined) continue;
    const [width, height] = [cropWidth(detection), HEIGHT];
    const canvas = el('canvas', { width: String(width * 2), height: String(height * 2), role: 'img' });
    canvas.style.width = `${width}px`;
    canvas.setAttribute('aria-label', `box and map at +${decimal(set.t / 1000)} s`);
    const button = el(
      'button',
      { type: 'button', class: 'crop', title: 'Go to this moment' },
      canvas,
      el('span', {}, `+${decimal(set.t / 1000)} s`),
      el('span', { class: 'quiet' }, place.correlation === null ? '–' : `r ${decimal(place.correlation)}`),
    );
    button.addEventListener('click', () => onPick(place));
    strip.append(button);
    void draw(model, canvas, set.n, place, frame, detection);
  }
  return strip;
}

function cropWidth([, , x1, y1, x2, y2]: DetectionRow): number {
  const aspect = ((x2 ?? 1) - (x1 ?? 0)) / ((y2 ?? 1) - (y1 ?? 0));
  const width = Math.round(HEIGHT * aspect);
  return Number.isFinite(width) ? Math.min(Math.max(width, WIDTHS[0]), WIDTHS[1]) : WIDTHS[0];
}

async function draw(
  model: ReportModel,
  canvas: HTMLCanvasElement,
  n: number,
  { frame, detection }: TrackPlace,
  [, , sourceWidth, sourceHeight]: FrameRow,
  [classIndex, , x1, y1, x2, y2]: DetectionRow,
): Promise<void> {
  if (x1 === null || y1 === null || x2 === null || y2 === null || x2 <= x1 || y2 <= y1) return;
  const decoded: DecodedFrame | undefined = (await model.pictures.load(n))?.[frame];
  const context = context2d(canvas);
  // The box's surroundings, widened or heightened to the canvas' proportions.
  const scale = Math.min(canvas.width / (SPAN * (x2 - x1)), canvas.height / (SPAN * (y2 - y1)));
  const [left, top] = [(x1 + x2) / 2 - canvas.width / scale / 2, (y1 + y2) / 2 - canvas.height / scale / 2];
  const paint = (image: CanvasImageSource): void => {
    context.imageSmoothingQuality = 'high';
    context.drawImage(image, -left * scale, -top * scale, sourceWidth * scale, sourceHeight * scale);
  };
  if (decoded?.picture) paint(decoded.picture);
  const map = decoded?.maps[detection] ?? null;
  const heat = map === null ? null : heatPicture([map], sourceWidth / sourceHeight);
  if (heat !== null) {
    context.globalAlpha = 0.6;
    paint(heat);
    context.globalAlpha = 1;
  }
  const box = [(x1 - left) * scale, (y1 - top) * scale, (x2 - x1) * scale, (y2 - y1) * scale] as const;
  context.strokeStyle = 'rgb(0 0 0 / 0.65)';
  context.lineWidth = 6;
  context.strokeRect(...box);
  context.strokeStyle = classColour(classIndex);
  context.lineWidth = 3;
  context.strokeRect(...box);
  canvas.dataset['drawn'] = 'true';
}

/** Up to `most` of the items, the first and the last among them. */
function evenly<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => Math.round((i * (items.length - 1)) / (most - 1))).flatMap(
    (index) => items[index] ?? [],
  );
}
