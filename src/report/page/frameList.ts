import { byId, context2d, el } from './dom.js';
import { orderFor, shownSet, type ReportModel } from './reportModel.js';
import { SORT_KEYS, type SortKey } from './ordering.js';
import type { Viewer } from './viewerState.js';
import { decimal, percent } from './words.js';

const ROW_HEIGHT = 52;
const SPARE_ROWS = 4;

/** The list of frame sets. Only the rows in view exist, so its size does not depend on the drive's. */
export function mountFrameList(model: ReportModel, viewer: Viewer): void {
  const list = byId('frame-list', HTMLElement);
  const space = el('div', { class: 'frame-space', role: 'presentation' });
  list.replaceChildren(space);
  let drawn = '';

  function draw(): void {
    const { order, at, sortKey } = viewer.state;
    space.style.height = `${order.length * ROW_HEIGHT}px`;
    const first = Math.max(0, Math.floor(list.scrollTop / ROW_HEIGHT) - SPARE_ROWS);
    const last = Math.min(order.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW_HEIGHT) + SPARE_ROWS);
    const rows: HTMLElement[] = [];
    for (let place = first; place < last; place++) rows.push(frameRow(model, viewer, place));
    const key = `${first} ${last} ${at} ${sortKey}`;
    if (key === drawn && space.childElementCount > 0) return;
    drawn = key;
    space.replaceChildren(...rows);
    list.setAttribute('aria-activedescendant', `frame-row-${at}`);
  }

  function reveal(): void {
    const top = viewer.state.at * ROW_HEIGHT;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW_HEIGHT > list.scrollTop + list.clientHeight)
      list.scrollTop = top + ROW_HEIGHT - list.clientHeight;
  }

  list.addEventListener('scroll', draw, { passive: true });
  list.addEventListener('keydown', (event) => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    viewer.step(by);
  });
  new ResizeObserver(() => {
    drawn = '';
    draw();
  }).observe(list);
  viewer.listen((state, before) => {
    if (state.order !== before.order) drawn = '';
    if (state.at !== before.at || state.order !== before.order) reveal();
    if (state.at !== before.at || state.order !== before.order) draw();
  });
  draw();
  mountSorting(model, viewer);
}

function frameRow(model: ReportModel, viewer: Viewer, place: number): HTMLElement {
  const { order, at, sortKey } = viewer.state;
  const position = order[place] ?? 0;
  const set = model.sets[position];
  const figures = model.figures[position];
  const thumbnail = el('canvas', { class: 'thumbnail', width: '64', height: '48', 'aria-hidden': 'true' });
  const count = figures?.detections ?? 0;
  const row = el(
    'div',
    {
      class: 'frame-row',
      role: 'option',
      id: `frame-row-${place}`,
      'aria-selected': String(place === at),
      'aria-posinset': String(place + 1),
      'aria-setsize': String(order.length),
    },
    thumbnail,
    el(
      'span',
      { class: 'frame-text' },
      el('strong', {}, `Set ${set?.i ?? ''}`),
      el('span', {}, `+${((set?.t ?? 0) / 1000).toFixed(2)} s${set?.p === 1 ? ' · partial' : ''}`),
    ),
    el(
      'span',
      { class: 'frame-figure number' },
      el('span', {}, `${count} det.`),
      el('span', { title: SORT_KEYS[sortKey === 'time' ? 'bestScore' : sortKey] }, figureText(figures, sortKey)),
    ),
  );
  row.style.top = `${place * ROW_HEIGHT}px`;
  row.addEventListener('click', () => viewer.goTo(place));
  if (set !== undefined) void drawThumbnail(model, set.n, thumbnail);
  return row;
}

function figureText(figures: ReportModel['figures'][number] | undefined, key: SortKey): string {
  switch (key) {
    case 'time':
    case 'detections':
    case 'bestScore':
      return `best ${decimal(figures?.bestScore)}`;
    case 'energyInBox':
      return `in box ${percent(figures?.energyInBox)}`;
    case 'energyGain':
      return `gain ${decimal(figures?.energyGain, 1)}`;
    case 'peakInBox':
      return `peak ${percent(figures?.peakInBox)}`;
    case 'dissimilarity':
      return `differ ${decimal(figures?.dissimilarity)}`;
  }
}

async function drawThumbnail(model: ReportModel, n: number, canvas: HTMLCanvasElement): Promise<void> {
  const picture = await model.pictures.thumbnail(n);
  if (picture !== null) context2d(canvas).drawImage(picture, 0, 0, canvas.width, canvas.height);
}

/** The controls above the list: order, direction and filters. */
function mountSorting(model: ReportModel, viewer: Viewer): void {
  const key = byId('sort-key', HTMLSelectElement);
  const direction = byId('sort-direction', HTMLButtonElement);
  const onlyClass = byId('only-class', HTMLSelectElement);
  const onlyPictures = byId('only-pictures', HTMLInputElement);
  const onlyExplained = byId('only-explained', HTMLInputElement);
  const result = byId('frame-count', HTMLElement);

  // One spectrum alone has nothing to differ from.
  const keys = Object.entries(SORT_KEYS).filter(([value]) => value !== 'dissimilarity' || model.spectra.length > 1);
  key.replaceChildren(...keys.map(([value, label]) => el('option', { value }, label)));
  onlyClass.replaceChildren(
    el('option', { value: '' }, 'All classes'),
    ...model.header.classes.map((name, index) => el('option', { value: String(index) }, name)),
  );
  const { thinning } = model.header;
  byId('only-pictures-label', HTMLElement).hidden = thinning.picturesKept === thinning.numbersKept;
  onlyPictures.checked = viewer.state.onlyPictures;
  byId('only-explained-label', HTMLElement).hidden = model.header.explainedBy === null;

  function reorder(descending: boolean): void {
    const wanted = {
      sortKey: key.value as SortKey,
      descending,
      onlyClass: onlyClass.value === '' ? null : Number(onlyClass.value),
      onlyPictures: onlyPictures.checked,
      onlyExplained: onlyExplained.checked,
    };
    const shown = shownSet(model, viewer.state);
    const order = orderFor(model, wanted);
    const again = wanted.sortKey === viewer.state.sortKey && descending === viewer.state.descending;
    const same = order.findIndex((position) => model.sets[position] === shown);
    // A new order starts at its top; a new filter stays where the reader was.
    const at = again && same >= 0 ? same : 0;
    viewer.change({ ...wanted, order, at, ...(again && same >= 0 ? {} : { selection: null }) });
  }

  key.addEventListener('change', () => reorder(key.value !== 'time'));
  direction.addEventListener('click', () => reorder(!viewer.state.descending));
  onlyClass.addEventListener('change', () => reorder(viewer.state.descending));
  onlyPictures.addEventListener('change', () => reorder(viewer.state.descending));
  onlyExplained.addEventListener('change', () => reorder(viewer.state.descending));
  const label = (): void => {
    const { order, descending, sortKey } = viewer.state;
    const [low, high] = sortKey === 'time' ? ['Earliest', 'Latest'] : ['Lowest', 'Highest'];
    direction.textContent = descending ? `↓ ${high} first` : `↑ ${low} first`;
    result.textContent = `${order.length} of ${model.sets.length} frame sets`;
  };
  viewer.listen(label);
  label();
}
