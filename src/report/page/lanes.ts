import { byId, el, fitCanvas, styleValue } from './dom.js';
import { lineColour } from './palette.js';
import { nearestInTime, shownSet, type ReportModel } from './reportModel.js';
import type { Viewer } from './viewerState.js';
import { count, duration } from './words.js';

const MOST_CLASSES = 14;
const CELL_PIXELS = 3;
const STRIP_PIXELS = 8;

/** The timeline: for each class a lane with a strip for each spectrum, darker where more was detected. */
export function mountLanes(model: ReportModel, viewer: Viewer): void {
  const { totals, classes, spectra: names } = model.header;
  const sum = (classIndex: number): number => totals.detections.reduce((all, row) => all + (row[classIndex] ?? 0), 0);
  const listed = [...classes.keys()].sort((a, b) => sum(b) - sum(a)).slice(0, MOST_CLASSES);
  const range = timeRange(model);

  const lanes = listed.map((classIndex) => {
    const canvas = el('canvas', { class: 'lane', 'aria-hidden': 'true' });
    canvas.style.height = `${model.spectra.length * STRIP_PIXELS}px`;
    canvas.addEventListener('click', (event) => {
      const time = range.start + (event.offsetX / canvas.clientWidth) * (range.end - range.start);
      viewer.goTo(nearestInTime(model, viewer.state.order, time));
    });
    const now = el('i', { class: 'now' });
    new ResizeObserver(() => drawLane(model, canvas, classIndex, range)).observe(canvas);
    return { classIndex, canvas, now };
  });
  byId('lanes-head', HTMLTableSectionElement).replaceChildren(
    el(
      'tr',
      {},
      el('th', { scope: 'col' }, 'Class'),
      ...model.spectra.map((spectrum) =>
        el('th', { scope: 'col', class: 'number' }, spectrumKey(spectrum), names[spectrum] ?? ''),
      ),
      el('th', { scope: 'col', class: 'lane-cell' }, duration(model.header.durationS)),
    ),
  );
  byId('lanes', HTMLTableSectionElement).replaceChildren(
    ...lanes.map(({ classIndex, canvas, now }) =>
      el(
        'tr',
        {},
        el('th', { scope: 'row' }, el('span', { class: 'clip' }, classes[classIndex] ?? '')),
        ...model.spectra.map((spectrum) =>
          el('td', { class: 'number' }, count(totals.detections[spectrum]?.[classIndex] ?? 0)),
        ),
        el('td', { class: 'lane-cell' }, el('div', { class: 'lane-holder' }, canvas, now)),
      ),
    ),
  );
  const left = classes.length - listed.length;
  byId('lanes-more', HTMLElement).textContent = left > 0 ? `and ${left} rarer classes` : '';

  // Only a thin element moves with every step: drawing lanes anew would read the whole drive each time.
  const markNow = (): void => {
    const time = shownSet(model, viewer.state)?.t;
    for (const { now } of lanes) {
      now.hidden = time === undefined;
      if (time !== undefined) now.style.left = `${(100 * (time - range.start)) / (range.end - range.start)}%`;
    }
  };
  viewer.listen((state, before) => {
    if (shownSet(model, state) !== shownSet(model, before)) markNow();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const { classIndex, canvas } of lanes) drawLane(model, canvas, classIndex, range);
  });
  markNow();
}

function spectrumKey(spectrum: number): HTMLElement {
  const key = el('span', { class: 'swatch', 'aria-hidden': 'true' });
  key.style.background = `var(--line-${spectrum})`;
  return key;
}

interface TimeRange {
  readonly start: number;
  readonly end: number;
}

/** From the first set to where the one after the last would be: each set holds until the next. */
function timeRange({ sets }: ReportModel): TimeRange {
  const start = sets.reduce((least, { t }) => Math.min(least, t), Infinity);
  const end = sets.reduce((most, { t }) => Math.max(most, t), -Infinity);
  return end > start ? { start, end: end + (end - start) / Math.max(1, sets.length - 1) } : { start: 0, end: 1 };
}

function drawLane(model: ReportModel, canvas: HTMLCanvasElement, classIndex: number, range: TimeRange): void {
  const context = fitCanvas(canvas);
  const { width, height } = canvas;
  const ratio = width / Math.max(1, canvas.clientWidth);
  const cells = Math.max(1, Math.floor(canvas.clientWidth / CELL_PIXELS));
  const along = (time: number): number => (time - range.start) / (range.end - range.start);
  const detections = model.spectra.map(() => new Float64Array(cells));
  const sets = new Float64Array(cells);
  for (const set of model.sets) {
    const cell = Math.min(cells - 1, Math.floor(along(set.t) * cells));
    sets[cell] = (sets[cell] ?? 0) + 1;
    for (const frame of set.f) {
      const strip = detections[model.spectra.indexOf(frame[0])];
      const found = frame[4].filter((detection) => detection[0] === classIndex).length;
      if (strip !== undefined) strip[cell] = (strip[cell] ?? 0) + found;
    }
  }
  const perSet = detections.map((strip) => heldOver(strip, sets));
  const most = Math.max(1, ...perSet.map((strip) => Math.max(...strip)));
  const stripHeight = height / model.spectra.length;
  const edge = (cell: number): number => Math.round((cell / cells) * width);
  context.clearRect(0, 0, width, height);
  context.fillStyle = styleValue('--lane');
  context.fillRect(0, 0, width, height);
  perSet.forEach((strip, index) => {
    context.fillStyle = lineColour(model.spectra[index] ?? 0);
    strip.forEach((found, cell) => {
      if (found === 0) return;
      context.globalAlpha = 0.3 + 0.7 * (found / most);
      context.fillRect(edge(cell), index * stripHeight, edge(cell + 1) - edge(cell), stripHeight - ratio);
    });
  });
  context.globalAlpha = 1;
}

/**
 * Detections per set in each cell. Cells that fall between two sets take the value before them, but no longer than the
 * usual time between sets, so that real gaps in the recording stay visible.
 */
function heldOver(found: Float64Array, sets: Float64Array): Float64Array {
  const all = sets.reduce((sum, count) => sum + count, 0);
  const usual = Math.ceil(found.length / Math.max(1, all));
  let last = 0;
  let age = Infinity;
  return found.map((value, cell) => {
    const count = sets[cell] ?? 0;
    if (count > 0) [last, age] = [value / count, 0];
    else age++;
    return age <= usual ? last : 0;
  });
}
