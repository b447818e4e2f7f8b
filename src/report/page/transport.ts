import { byId, el } from './dom.js';
import { infernoGradient } from './inferno.js';
import { MAP_KINDS } from './pictureStore.js';
import { shownSet, type ReportModel } from './reportModel.js';
import type { Viewer } from './viewerState.js';
import { clockTime, decimal, percent } from './words.js';

const SLOWEST_STEP_MS = 1000;
const FASTEST_STEP_MS = 40;
const STEP_OUT_OF_TIME_MS = 400;

/** Stepping, playing, the scrubber, the heat map's opacity and the spectra's switches. */
export function mountTransport(model: ReportModel, viewer: Viewer): void {
  mountStepping(model, viewer);
  mountPlaying(model, viewer);
  mountOpacity(viewer);
  mountMapKind(model, viewer);
  mountSwitches(model, viewer);
}

/** The choice between the maps of every set and those of the second method, where there is one. */
function mountMapKind({ header }: ReportModel, viewer: Viewer): void {
  const select = byId('map-kind', HTMLSelectElement);
  const { explainedBy } = header;
  byId('map-kind-label', HTMLElement).hidden = explainedBy === null;
  if (explainedBy === null) return;
  const labels = { maps: 'Grad-CAM', explained: explainedBy, errors: `${explainedBy}: standard error` };
  select.replaceChildren(...MAP_KINDS.map((kind) => el('option', { value: kind }, labels[kind])));
  select.addEventListener('change', () =>
    viewer.change({ mapKind: MAP_KINDS.find((kind) => kind === select.value) ?? 'maps' }),
  );
}

function mountStepping(model: ReportModel, viewer: Viewer): void {
  const scrubber = byId('scrubber', HTMLInputElement);
  const where = byId('where', HTMLElement);
  const buttons: [string, () => void][] = [
    ['first', () => viewer.goTo(0)],
    ['back', () => viewer.step(-1)],
    ['forward', () => viewer.step(1)],
    ['last', () => viewer.goTo(Infinity)],
  ];
  for (const [id, act] of buttons) byId(id, HTMLButtonElement).addEventListener('click', act);
  scrubber.addEventListener('input', () => viewer.goTo(Number(scrubber.value)));
  const update = (): void => {
    const { order, at } = viewer.state;
    const set = shownSet(model, viewer.state);
    scrubber.max = String(Math.max(0, order.length - 1));
    scrubber.value = String(at);
    const dissimilarity = model.figures[order[at] ?? -1]?.dissimilarity;
    const text =
      set === undefined
        ? 'No frame set to show'
        : `Set ${set.i} (${at + 1} of ${order.length}) · ${clockTime(model.header, set.t)} UTC · +${(set.t / 1000).toFixed(3)} s`;
    const partial = set?.p === 1 ? ' · partial' : '';
    const differ = model.spectra.length > 1 && set !== undefined ? ` · dissimilarity ${decimal(dissimilarity)}` : '';
    where.textContent = text + partial + differ;
    scrubber.setAttribute('aria-valuetext', text);
  };
  viewer.listen(update);
  update();
}

function mountPlaying(model: ReportModel, viewer: Viewer): void {
  const button = byId('play', HTMLButtonElement);
  const speed = byId('speed', HTMLSelectElement);
  let timer: number | undefined;

  const pause = (): number => {
    const { order, at, sortKey } = viewer.state;
    const [now, next] = [model.sets[order[at] ?? -1], model.sets[order[at + 1] ?? -1]];
    const inTime = sortKey === 'time' && now !== undefined && next !== undefined;
    const gap = inTime ? Math.abs(next.t - now.t) : STEP_OUT_OF_TIME_MS;
    return Math.max(FASTEST_STEP_MS, Math.min(SLOWEST_STEP_MS, gap / Number(speed.value)));
  };

  async function advance(): Promise<void> {
    const { order, at } = viewer.state;
    const next = model.sets[order[at + 1] ?? -1];
    // Wait for the picture rather than flicker past pictures that were not decoded in time.
    if (next !== undefined) await model.pictures.load(next.n);
    if (!viewer.state.playing) return;
    if (next === undefined) viewer.change({ playing: false });
    else {
      if (viewer.state.at === at) viewer.step(1);
      timer = window.setTimeout(() => void advance(), pause());
    }
  }

  button.addEventListener('click', () => viewer.change({ playing: !viewer.state.playing }));
  viewer.listen((state, before) => {
    if (state.playing === before.playing) return;
    window.clearTimeout(timer);
    button.textContent = state.playing ? '❚❚ Pause' : '▶ Play';
    if (!state.playing) return;
    if (state.at >= state.order.length - 1) viewer.goTo(0);
    timer = window.setTimeout(() => void advance(), pause());
  });
}

function mountOpacity(viewer: Viewer): void {
  const slider = byId('opacity', HTMLInputElement);
  const value = byId('opacity-value', HTMLOutputElement);
  const boxes = byId('show-boxes', HTMLInputElement);
  byId('heat-legend', HTMLElement).style.background = infernoGradient();
  slider.addEventListener('input', () => viewer.setOpacity(Number(slider.value) / 100));
  boxes.addEventListener('change', () => viewer.change({ boxes: boxes.checked }));
  const update = (): void => {
    slider.value = String(Math.round(viewer.state.opacity * 100));
    value.textContent = percent(viewer.state.opacity);
    boxes.checked = viewer.state.boxes;
  };
  viewer.listen(update);
  update();
}

function mountSwitches(model: ReportModel, viewer: Viewer): void {
  const holder = byId('spectra', HTMLElement);
  const switches = model.spectra.map((spectrum) => {
    const name = model.header.spectra[spectrum] ?? '';
    const button = el(
      'button',
      { type: 'button', class: 'chip' },
      el('kbd', {}, String(spectrum + 1)),
      name.toUpperCase(),
    );
    button.addEventListener('click', () => viewer.toggleSpectrum(spectrum));
    return { spectrum, button };
  });
  holder.replaceChildren(...switches.map(({ button }) => button));
  const update = (): void => {
    for (const { spectrum, button } of switches) {
      button.setAttribute('aria-pressed', String(!viewer.state.hidden.has(spectrum)));
    }
  };
  viewer.listen(update);
  update();
}
