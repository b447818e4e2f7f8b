import { byId, el, fitCanvas } from './dom.js';
import type { DetectionRow, SetRow } from './format.js';
import { heatPicture } from './heatMap.js';
import { classColour } from './palette.js';
import type { DecodedFrame, MapKind } from './pictureStore.js';
import { shownSet, type ReportModel } from './reportModel.js';
import type { Selection, Viewer } from './viewerState.js';
import { attentionInWords, decimal, percent } from './words.js';

const MOST_ROWS = 120;

/** A set's detections in the spectra that are not `hidden`, strongest first. */
export function rankedDetections(
  set: SetRow | undefined,
  hidden: ReadonlySet<number>,
): { selection: Selection; detection: DetectionRow }[] {
  return (set?.f ?? [])
    .flatMap((frame, f) =>
      (hidden.has(frame[0]) ? [] : frame[4]).map((detection, d) => ({
        selection: { frame: f, detection: d },
        detection,
      })),
    )
    .sort((a, b) => (b.detection[1] ?? 0) - (a.detection[1] ?? 0));
}

/** The list of the shown set's detections, and the figures of the selected one. */
export function mountDetections(model: ReportModel, viewer: Viewer): void {
  const body = byId('detections', HTMLTableSectionElement);
  const more = byId('detections-more', HTMLElement);
  const details = byId('selected', HTMLElement);
  let shown: SetRow | undefined;
  let hidden = viewer.state.hidden;

  function list(): void {
    const set = shownSet(model, viewer.state);
    const ranked = rankedDetections(set, viewer.state.hidden);
    body.replaceChildren(
      ...ranked.slice(0, MOST_ROWS).map(({ selection, detection }) => row(model, viewer, set, selection, detection)),
    );
    const left = ranked.length - MOST_ROWS;
    more.textContent =
      ranked.length === 0
        ? 'Nothing was detected in the spectra that are shown.'
        : left > 0
          ? `and ${left} weaker ones`
          : '';
  }

  function mark(): void {
    const { selection } = viewer.state;
    const key = selection === null ? '' : keyOf(selection);
    for (const button of body.querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button.dataset['key'] === key));
    }
    const { mapKind } = viewer.state;
    const isCurrent = (): boolean => viewer.state.selection === selection && viewer.state.mapKind === mapKind;
    void describe(model, details, shownSet(model, viewer.state), selection, mapKind, isCurrent);
  }

  const update = (): void => {
    const set = shownSet(model, viewer.state);
    if (set !== shown || set === undefined || viewer.state.hidden !== hidden) {
      shown = set;
      hidden = viewer.state.hidden;
      list();
    }
    mark();
  };
  viewer.listen((state, before) => {
    const isSame = state.selection === before.selection && state.mapKind === before.mapKind && state.hidden === hidden;
    if (!isSame || shownSet(model, state) !== shown) update();
  });
  update();
}

function keyOf({ frame, detection }: Selection): string {
  return `${frame}.${detection}`;
}

function row(
  model: ReportModel,
  viewer: Viewer,
  set: SetRow | undefined,
  selection: Selection,
  detection: DetectionRow,
): HTMLElement {
  const [classIndex, score, , , , , , energyInBox, energyGain, peakInBox] = detection;
  const swatch = el('span', { class: 'swatch', 'aria-hidden': 'true' });
  swatch.style.background = classColour(classIndex);
  const button = el(
    'button',
    { type: 'button', class: 'detection', 'data-key': keyOf(selection), 'aria-pressed': 'false' },
    swatch,
    el('span', { class: 'clip' }, model.header.classes[classIndex] ?? ''),
  );
  const choose = (): void => {
    const { selection: current } = viewer.state;
    const isSame = current !== null && keyOf(current) === keyOf(selection);
    viewer.change({ selection: isSame ? null : selection });
  };
  button.addEventListener('click', choose);
  const spectrum = model.header.spectra[set?.f[selection.frame]?.[0] ?? -1] ?? '';
  const peak = peakInBox === null ? '–' : peakInBox === 1 ? 'inside' : 'outside';
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, button),
    el('td', {}, spectrum),
    ...[decimal(score), percent(energyInBox), decimal(energyGain, 1), peak].map((text) =>
      el('td', { class: 'number' }, text),
    ),
  );
}

async function describe(
  model: ReportModel,
  holder: HTMLElement,
  set: SetRow | undefined,
  selection: Selection | null,
  mapKind: MapKind,
  isCurrent: () => boolean,
): Promise<void> {
  const frame = set?.f[selection?.frame ?? -1];
  const detection = frame?.[4][selection?.detection ?? -1];
  if (set === undefined || selection === null || frame === undefined || detection === undefined) {
    const hint = 'Select a detection, in the list or in a picture, to see its own map and figures.';
    holder.replaceChildren(el('p', { class: 'quiet' }, hint));
    return;
  }
  const [classIndex, score, x1, y1, x2, y2, level, energyInBox, energyGain, peakInBox] = detection;
  const facts: [string, string][] = [
    ['Spectrum', `${model.header.spectra[frame[0]] ?? ''}, ${model.header.topics[frame[1]] ?? ''}`],
    ['Score', decimal(score, 3)],
    ['Box', `${[x1, y1, x2, y2].map((value) => decimal(value, 0)).join(', ')} px of ${frame[2]} × ${frame[3]}`],
    ['Pyramid level', level === null || level === 0 ? '–' : `${level} (one cell is ${2 ** level} input pixels)`],
    ['Energy in box', percent(energyInBox)],
    ['Energy gain', energyGain === null ? '–' : `${energyGain.toFixed(2)} × an even map`],
  ];
  const canvas = el('canvas', { class: 'own-map', role: 'img', 'aria-label': 'map of the selected detection' });
  canvas.style.aspectRatio = `${frame[2]} / ${frame[3]}`;
  holder.replaceChildren(
    el('h4', {}, model.header.classes[classIndex] ?? ''),
    el('p', { id: 'attention-words' }, attentionInWords(energyInBox, energyGain, peakInBox)),
    el('dl', {}, ...facts.flatMap(([label, value]) => [el('dt', {}, label), el('dd', {}, value)])),
    canvas,
  );
  const decoded = (await model.pictures.load(set.n))?.[selection.frame];
  const map = decoded?.[mapKind][selection.detection] ?? null;
  const figures = decoded?.figures[selection.detection] ?? null;
  if (!isCurrent()) return;
  if (figures !== null) canvas.before(secondOpinion(model.header.explainedBy ?? '', figures));
  const heat = map === null ? null : heatPicture([map], frame[2] / frame[3]);
  if (heat === null) canvas.replaceWith(el('p', { class: 'quiet' }, 'Its map is not in the report.'));
  else fitCanvas(canvas).drawImage(heat, 0, 0, canvas.width, canvas.height);
}

/** What the second method says of a detection. */
function secondOpinion(
  name: string,
  [lost, passes, energyInBox]: NonNullable<DecodedFrame['figures'][number]>,
): HTMLElement {
  const inside = energyInBox === null ? '' : `, ${percent(energyInBox)} of its map in the box`;
  return el('p', { id: 'second-opinion' }, `${name}: not found again in ${lost} of ${passes} passes${inside}.`);
}
