import type { DetectionRow, FrameRow } from './format.js';
import { el, fitCanvas } from './dom.js';
import { heatPicture } from './heatMap.js';
import { classColour, classDash } from './palette.js';
import type { DecodedFrame, DetectionMap, MapKind } from './pictureStore.js';
import { decimal } from './words.js';

/** What a pane shows at one moment. */
export interface PaneView {
  readonly row: FrameRow;
  /** Null while decoding, or where pictures were left out. */
  readonly decoded: DecodedFrame | null;
  readonly selected: number | null;
  /** True where a detection is selected, here or in another spectrum. */
  readonly hasSelection: boolean;
  readonly opacity: number;
  readonly mapKind: MapKind;
  readonly boxes: boolean;
}

const LABELS_SHOWN = 14;

/** One spectrum's picture with its heat map and boxes. */
export class Pane {
  readonly element: HTMLElement;
  readonly #canvas = el('canvas', { class: 'pane-canvas', role: 'img' });
  readonly #note = el('p', { class: 'pane-note' });
  readonly #topic = el('span', { class: 'pane-topic' });
  readonly #count = el('span', { class: 'pane-count' });
  #view: PaneView | null = null;
  #heat: { of: DecodedFrame; kind: MapKind; selected: number | null; picture: OffscreenCanvas | null } | null = null;
  readonly spectrum: number;
  readonly #name: string;
  readonly #classNames: readonly string[];

  constructor(
    spectrum: number,
    name: string,
    classNames: readonly string[],
    onPick: (detection: number | null) => void,
  ) {
    this.spectrum = spectrum;
    this.#name = name;
    this.#classNames = classNames;
    const heading = el('h3', {}, name.toUpperCase());
    this.element = el(
      'figure',
      { class: 'pane', 'data-spectrum': name },
      el('figcaption', {}, heading, this.#topic, this.#count),
      el('div', { class: 'pane-stage' }, this.#canvas, this.#note),
    );
    this.#canvas.addEventListener('click', (event) => onPick(this.#detectionAt(event)));
    new ResizeObserver(() => this.#draw()).observe(this.#canvas);
  }

  /** @param note shown over the picture; empty for none. `view` null: this spectrum has no frame in the set. */
  show(view: PaneView | null, topic: string, note: string): void {
    this.#view = view;
    this.#note.textContent = note;
    this.#topic.textContent = topic;
    this.#topic.title = topic;
    const detections = view?.row[4].length ?? 0;
    this.#count.textContent = view === null ? '' : `${detections} ${detections === 1 ? 'detection' : 'detections'}`;
    this.#canvas.setAttribute('aria-label', `${this.#name} picture, ${detections} detections`);
    if (view !== null) this.#canvas.style.setProperty('--aspect', String(view.row[2] / view.row[3]));
    this.#draw();
  }

  #draw(): void {
    const context = fitCanvas(this.#canvas);
    const { width, height } = this.#canvas;
    context.clearRect(0, 0, width, height);
    const view = this.#view;
    if (view === null) return;
    if (view.decoded?.picture) context.drawImage(view.decoded.picture, 0, 0, width, height);
    const heat = view.opacity > 0 ? this.#heatFor(view) : null;
    if (heat !== null) {
      context.globalAlpha = view.opacity;
      context.imageSmoothingQuality = 'high';
      context.drawImage(heat, 0, 0, width, height);
      context.globalAlpha = 1;
    }
    if (view.boxes) this.#drawBoxes(context, view);
  }

  /** Maps of all detections together, or of the selected one alone; nothing where the selection is in another pane. */
  #heatFor({ decoded, selected, hasSelection, row, mapKind }: PaneView): OffscreenCanvas | null {
    if (decoded === null || (hasSelection && selected === null)) return null;
    if (this.#heat?.of !== decoded || this.#heat.kind !== mapKind || this.#heat.selected !== selected) {
      const all = decoded[mapKind];
      const wanted = selected === null ? all : [all[selected] ?? null];
      const maps = wanted.filter((map): map is DetectionMap => map !== null);
      this.#heat = { of: decoded, kind: mapKind, selected, picture: heatPicture(maps, row[2] / row[3]) };
    }
    return this.#heat.picture;
  }

  #drawBoxes(context: CanvasRenderingContext2D, { row, selected, hasSelection }: PaneView): void {
    const ratio = this.#canvas.width / Math.max(1, this.#canvas.clientWidth);
    const byScore = row[4].map((detection, index) => ({ detection, index })).sort((a, b) => score(b) - score(a));
    const labelled = hasSelection ? byScore.filter(({ index }) => index === selected) : byScore.slice(0, LABELS_SHOWN);
    // Weakest first, so that the strongest and the selected lie on top.
    for (const { detection, index } of [...byScore].reverse()) {
      context.globalAlpha = hasSelection && index !== selected ? 0.45 : 1;
      this.#strokeBox(context, detection, row, ratio, index === selected);
    }
    context.globalAlpha = 1;
    for (const { detection } of [...labelled].reverse()) this.#drawLabel(context, detection, row, ratio);
  }

  #strokeBox(
    context: CanvasRenderingContext2D,
    detection: DetectionRow,
    row: FrameRow,
    ratio: number,
    strong: boolean,
  ): void {
    const box = this.#onCanvas(detection, row);
    if (box === null) return;
    context.setLineDash([]);
    context.strokeStyle = 'rgb(0 0 0 / 0.65)';
    context.lineWidth = (strong ? 6 : 3.5) * ratio;
    context.strokeRect(box.x, box.y, box.width, box.height);
    context.setLineDash(classDash(detection[0]).map((length) => length * ratio));
    context.strokeStyle = classColour(detection[0]);
    context.lineWidth = (strong ? 3.5 : 1.75) * ratio;
    context.strokeRect(box.x, box.y, box.width, box.height);
    context.setLineDash([]);
  }

  #drawLabel(context: CanvasRenderingContext2D, detection: DetectionRow, row: FrameRow, ratio: number): void {
    const box = this.#onCanvas(detection, row);
    if (box === null) return;
    const text = `${(this.#classNames[detection[0]] ?? '').slice(0, 24)} ${decimal(detection[1])}`;
    context.font = `600 ${11 * ratio}px system-ui, sans-serif`;
    context.textBaseline = 'middle';
    const width = context.measureText(text).width + 8 * ratio;
    const height = 16 * ratio;
    const x = Math.max(0, Math.min(box.x, this.#canvas.width - width));
    const y = box.y >= height ? box.y - height : Math.min(box.y + box.height, this.#canvas.height - height);
    context.fillStyle = 'rgb(0 0 0 / 0.72)';
    context.fillRect(x, y, width, height);
    context.fillStyle = classColour(detection[0]);
    context.fillText(text, x + 4 * ratio, y + height / 2);
  }

  #onCanvas(detection: DetectionRow, row: FrameRow): { x: number; y: number; width: number; height: number } | null {
    const [, , x1, y1, x2, y2] = detection;
    if (x1 === null || y1 === null || x2 === null || y2 === null) return null;
    const [alongX, alongY] = [this.#canvas.width / row[2], this.#canvas.height / row[3]];
    return { x: x1 * alongX, y: y1 * alongY, width: (x2 - x1) * alongX, height: (y2 - y1) * alongY };
  }

  /** The smallest box under the pointer. */
  #detectionAt(event: MouseEvent): number | null {
    const row = this.#view?.row;
    if (row === undefined) return null;
    const x = (event.offsetX / this.#canvas.clientWidth) * this.#canvas.width;
    const y = (event.offsetY / this.#canvas.clientHeight) * this.#canvas.height;
    const hits = row[4].flatMap((detection, index) => {
      const box = this.#onCanvas(detection, row);
      const isInside = box !== null && x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
      return isInside ? [{ index, area: box.width * box.height }] : [];
    });
    return hits.sort((a, b) => a.area - b.area)[0]?.index ?? null;
  }
}

function score({ detection }: { detection: DetectionRow }): number {
  return detection[1] ?? 0;
}
