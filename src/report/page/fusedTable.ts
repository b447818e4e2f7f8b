import { byId, el } from './dom.js';
import type { Figure } from './figure.js';
import type { SetRow } from './format.js';
import { classColour } from './palette.js';
import { shownSet, type ReportModel } from './reportModel.js';
import type { Selection, Viewer } from './viewerState.js';
import type { FusedDetectionRow, FusedRow } from './wholeSetFormat.js';
import { decimal, signed } from './words.js';

const MOST_ROWS = 60;

/** The fused detections of the shown set, and what each spectrum did for their scores. */
export function mountFused(model: ReportModel, viewer: Viewer): void {
  const spectra = model.spectra.filter((spectrum) => model.sets.some(({ u }) => u?.s.includes(spectrum)));
  const isFused = model.sets.some(({ u }) => u !== undefined);
  byId('fused', HTMLElement).hidden = !isFused;
  if (!isFused) return;
  byId('fused-head', HTMLTableSectionElement).replaceChildren(
    el(
      'tr',
      {},
      el('th', { scope: 'col' }, 'Class'),
      el('th', { scope: 'col', class: 'number' }, 'Fused score'),
      ...spectra.map((spectrum) =>
        el('th', { scope: 'col', class: 'share-cell' }, model.header.spectra[spectrum] ?? ''),
      ),
    ),
  );
  const body = byId('fused-rows', HTMLTableSectionElement);
  const more = byId('fused-more', HTMLElement);

  function list(): void {
    const set = shownSet(model, viewer.state);
    const fused = set?.u;
    const detections = fused?.d ?? [];
    // One scale for the whole set, so that bars of different rows can be compared.
    const most = Math.max(
      0.01,
      ...detections.flatMap(([, , , shapley]) => shapley.map((value) => Math.abs(value ?? 0))),
    );
    body.replaceChildren(
      ...(set !== undefined && fused !== undefined
        ? detections
            .slice(0, MOST_ROWS)
            .map((detection) => row(model, viewer, { set, fused, spectra, most }, detection))
        : []),
    );
    const left = detections.length - MOST_ROWS;
    more.textContent =
      detections.length === 0 ? 'Nothing was fused in this frame set.' : left > 0 ? `and ${left} weaker ones` : '';
  }

  viewer.listen((state, before) => {
    if (shownSet(model, state) !== shownSet(model, before)) list();
  });
  list();
}

interface Shown {
  readonly set: SetRow;
  readonly fused: FusedRow;
  readonly spectra: readonly number[];
  /** The largest Shapley value of the set, whatever its sign. */
  readonly most: number;
}

function row(model: ReportModel, viewer: Viewer, shown: Shown, detection: FusedDetectionRow): HTMLElement {
  const [classIndex, score, members, shapley, leaveOneOut] = detection;
  const swatch = el('span', { class: 'swatch', 'aria-hidden': 'true' });
  swatch.style.background = classColour(classIndex);
  const button = el(
    'button',
    { type: 'button', class: 'detection', title: 'Select the strongest of its boxes' },
    swatch,
    el('span', { class: 'clip' }, model.header.classes[classIndex] ?? ''),
  );
  button.addEventListener('click', () => viewer.change({ selection: strongest(shown.set, detection) }));
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, button),
    el('td', { class: 'number' }, decimal(score)),
    ...shown.spectra.map((spectrum) => {
      const place = shown.fused.s.indexOf(spectrum);
      if (place < 0) return el('td', { class: 'share-cell quiet' }, 'took no part');
      const hasBox = members.some(([member]) => member === spectrum);
      return shareCell(spectrum, hasBox, shapley[place] ?? null, leaveOneOut[place] ?? null, shown.most);
    }),
  );
}

/** A Shapley value as a number and as a bar from the middle, rightwards where it is positive. */
function shareCell(spectrum: number, hasBox: boolean, shapley: Figure, leaveOneOut: Figure, most: number): HTMLElement {
  const bar = el('i', { class: (shapley ?? 0) < 0 ? 'share-bar against' : 'share-bar' });
  const half = 50 * Math.min(1, Math.abs(shapley ?? 0) / most);
  bar.style.width = `${half}%`;
  bar.style.left = (shapley ?? 0) < 0 ? `${50 - half}%` : '50%';
  bar.style.setProperty('--bar', `var(--line-${spectrum % 8})`);
  const without = leaveOneOut === null ? null : -leaveOneOut;
  return el(
    'td',
    { class: 'share-cell' },
    el('span', { class: 'share-value' }, signed(shapley)),
    el('span', { class: 'quiet' }, hasBox ? '' : ' no box in it'),
    el('div', { class: 'share-track', 'aria-hidden': 'true' }, bar),
    el('span', { class: 'quiet' }, `without it ${signed(without)}`),
  );
}

function strongest(set: SetRow, [, , members]: FusedDetectionRow): Selection | null {
  const [first] = members;
  const frame = set.f.findIndex(([spectrum]) => spectrum === first?.[0]);
  return first === undefined || frame < 0 ? null : { frame, detection: first[1] };
}
