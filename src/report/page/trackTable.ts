import { byId, el } from './dom.js';
import { LineChart, type LineChartOptions } from './lineChart.js';
import { classColour } from './palette.js';
import { nearestInTime, shownSet, type ReportModel } from './reportModel.js';
import { sortedTracks, TRACK_ORDERS, type Track, type TrackOrder, tracksOf, type TrackPlace } from './trackModel.js';
import { trackStrip } from './trackStrip.js';
import type { Viewer } from './viewerState.js';
import { count, decimal } from './words.js';

/** Of shorter tracks there is little to say. */
const FEWEST_IMAGES = 3;
const MOST_ROWS = 100;

/** The boxes that could be followed, and how the map of a chosen one moves. */
export function mountTracks(model: ReportModel, viewer: Viewer): void {
  const all = tracksOf(model.sets);
  const tracks = all.filter(({ places, stability }) => places.length >= FEWEST_IMAGES && stability !== null);
  byId('tracks', HTMLElement).hidden = tracks.length === 0;
  if (tracks.length === 0) return;
  const byDetection = new Map(tracks.flatMap((track) => track.places.map((place) => [keyOf(place), track] as const)));
  const order = byId('track-order', HTMLSelectElement);
  const body = byId('track-rows', HTMLTableSectionElement);
  order.replaceChildren(...Object.entries(TRACK_ORDERS).map(([value, label]) => el('option', { value }, label)));
  byId('track-count', HTMLElement).textContent =
    `${count(tracks.length)} tracks of at least ${FEWEST_IMAGES} images; ${count(all.length - tracks.length)} shorter ones or without maps are not listed.`;
  let chosen: Track | null = null;
  let chart: LineChart | null = null;

  function list(): void {
    const sorted = sortedTracks(tracks, order.value as TrackOrder);
    body.replaceChildren(...sorted.slice(0, MOST_ROWS).map((track) => row(model, track, () => choose(track))));
    const left = sorted.length - MOST_ROWS;
    byId('track-more', HTMLElement).textContent = left > 0 ? `and ${count(left)} more` : '';
    mark();
  }

  function mark(): void {
    for (const button of body.querySelectorAll('button'))
      button.setAttribute('aria-pressed', String(button.dataset['track'] === String(chosen?.id)));
  }

  function choose(track: Track): void {
    if (track === chosen) return;
    chosen = track;
    mark();
    byId('track-title', HTMLElement).textContent = nameOf(model, track);
    byId('track-strip', HTMLElement).replaceChildren(trackStrip(model, track, goTo));
    const options = chartOf(model, viewer, track);
    if (chart === null) chart = new LineChart(byId('track-chart', HTMLElement), options);
    else chart.set(options);
  }

  function goTo({ position, frame, detection }: TrackPlace): void {
    const { order: steps } = viewer.state;
    const at = steps.indexOf(position);
    viewer.goTo(at >= 0 ? at : nearestInTime(model, steps, model.sets[position]?.t ?? 0));
    if (at >= 0) viewer.change({ selection: { frame, detection } });
  }

  order.addEventListener('change', list);
  viewer.listen((state, before) => {
    const set = shownSet(model, state);
    if (set !== shownSet(model, before)) chart?.markNow();
    if (state.selection === before.selection || state.selection === null) return;
    const position = state.order[state.at] ?? -1;
    const track = byDetection.get(keyOf({ position, ...state.selection }));
    if (track !== undefined) choose(track);
  });
  list();
  const [first] = sortedTracks(tracks, 'least');
  if (first !== undefined) choose(first);
}

function keyOf({ position, frame, detection }: Pick<TrackPlace, 'position' | 'frame' | 'detection'>): string {
  return `${position}.${frame}.${detection}`;
}

function nameOf({ header, sets }: ReportModel, { id, classIndex, spectrum, places }: Track): string {
  const second = (place: TrackPlace | undefined): string => decimal((sets[place?.position ?? -1]?.t ?? 0) / 1000, 1);
  const when = `+${second(places[0])} s to +${second(places.at(-1))} s`;
  return `Track ${id}: ${header.classes[classIndex] ?? ''}, ${header.spectra[spectrum] ?? ''}, ${when}`;
}

function row({ header, sets }: ReportModel, track: Track, onChoose: () => void): HTMLElement {
  const { id, classIndex, spectrum, places, stability, centreStep } = track;
  const swatch = el('span', { class: 'swatch', 'aria-hidden': 'true' });
  swatch.style.background = classColour(classIndex);
  const button = el(
    'button',
    { type: 'button', class: 'detection', 'data-track': String(id), 'aria-pressed': 'false' },
    swatch,
    el('span', { class: 'clip' }, header.classes[classIndex] ?? ''),
  );
  button.addEventListener('click', onChoose);
  const first = sets[places[0]?.position ?? -1];
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, button),
    el('td', {}, header.spectra[spectrum] ?? ''),
    ...[`+${decimal((first?.t ?? 0) / 1000, 1)} s`, count(places.length), decimal(stability), decimal(centreStep)].map(
      (text) => el('td', { class: 'number' }, text),
    ),
  );
}

function chartOf(model: ReportModel, viewer: Viewer, track: Track): LineChartOptions {
  const { places } = track;
  const secondsOf = (position: number): number => (model.sets[position]?.t ?? 0) / 1000;
  return {
    description: 'Correlation of the map with the one before, and where its centre lies, over time',
    seconds: places.map(({ position }) => secondsOf(position)),
    series: [
      { label: 'Correlation with the map before', style: 0, values: places.map(({ correlation }) => correlation) },
      { label: 'Centre from left', style: 1, values: places.map(({ centre }) => centre?.x ?? null) },
      { label: 'Centre from top', style: 2, values: places.map(({ centre }) => centre?.y ?? null) },
    ],
    max: 1,
    bars: false,
    format: (value) => decimal(value, 2),
    onPick: (at) => viewer.goTo(nearestInTime(model, viewer.state.order, at * 1000)),
    now: () => {
      const set = shownSet(model, viewer.state);
      const [first, last] = [places[0], places.at(-1)].map((place) => secondsOf(place?.position ?? -1));
      const seconds = (set?.t ?? NaN) / 1000;
      return seconds >= (first ?? 0) && seconds <= (last ?? 0) ? seconds : null;
    },
  };
}
