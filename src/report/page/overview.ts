import { byId, el } from './dom.js';
import type { ReportHeader } from './format.js';
import { clockTime, count, dateTime, duration, megabytes } from './words.js';

/** What, when, with which model: everything above and below the viewer that is said once. */
export function mountOverview(header: ReportHeader): void {
  byId('title', HTMLElement).textContent = header.title;
  byId('subtitle', HTMLElement).textContent =
    header.startNs === null
      ? header.source
      : `${header.source} · ${dateTime(header, 0)} · ${duration(header.durationS)}`;
  const models = header.models.map(({ name, sha256 }) => `${name} (sha256 ${sha256.slice(0, 12)}…)`);
  byId('models-line', HTMLElement).textContent = [...models, header.method].join(' · ');
  byId('interrupted', HTMLElement).hidden = header.completed;
  byId('cards', HTMLElement).replaceChildren(
    ...cards(header).map(({ label, value, note }) =>
      el(
        'div',
        { class: 'card' },
        el('dt', {}, label),
        el('dd', {}, value, ...(note === '' ? [] : [el('small', {}, note)])),
      ),
    ),
  );
  byId('notes', HTMLElement).replaceChildren(...notes(header).map((note) => el('li', {}, note)));
  byId('models', HTMLTableSectionElement).replaceChildren(
    ...header.models.map(({ name, sha256, spectra, detail }) =>
      el(
        'tr',
        {},
        el('th', { scope: 'row' }, name),
        el('td', {}, spectra.join(', ')),
        el('td', {}, detail),
        el('td', {}, el('code', {}, sha256)),
      ),
    ),
  );
  const facts = [
    { label: 'Maps', value: header.method },
    ...header.provenance,
    { label: 'Report made', value: header.createdAt },
  ];
  byId('provenance', HTMLElement).replaceChildren(
    ...facts.flatMap(({ label, value }) => [el('dt', {}, label), el('dd', {}, value)]),
  );
  mountLosses(header);
}

function cards({ totals, spectra, losses, summary }: ReportHeader): { label: string; value: string; note: string }[] {
  const detections = totals.detections.map((byClass) => byClass.reduce((sum, found) => sum + found, 0));
  const bySpectrum = (counts: readonly number[]): string =>
    spectra
      .flatMap((name, index) => ((totals.frames[index] ?? 0) > 0 ? `${name} ${count(counts[index] ?? 0)}` : []))
      .join(' · ');
  const sum = (counts: readonly number[]): number => counts.reduce((all, value) => all + value, 0);
  return [
    { label: 'Frame sets', value: count(totals.sets), note: `${count(totals.partialSets)} partial` },
    { label: 'Frames', value: count(sum(totals.frames)), note: bySpectrum(totals.frames) },
    { label: 'Detections', value: count(sum(detections)), note: bySpectrum(detections) },
    { label: 'Dropped frames', value: count(totals.dropped), note: '' },
    {
      label: 'Losses',
      value: count(totals.losses),
      note: losses.length > 0 ? 'listed at the end' : 'nothing was unreadable',
    },
    ...summary.map((card) => ({ ...card, note: '' })),
  ];
}

function notes({ notes, thinning }: ReportHeader): string[] {
  const { capBytes, setsWithPictures, picturesKept, numbersKept, sets } = thinning;
  const cap = megabytes(capBytes);
  return [
    ...(picturesKept < setsWithPictures
      ? [
          `To stay under ${cap}, this report holds the pictures and maps of ${count(picturesKept)} of ${count(setsWithPictures)} frame sets, spread evenly.` +
            (numbersKept === sets ? ' Boxes, scores and figures of every frame set are kept.' : ''),
        ]
      : []),
    ...(numbersKept < sets
      ? [
          `Even the numbers alone would have passed ${cap}: charts and lists show ${count(numbersKept)} of ${count(sets)} frame sets, spread evenly. The counts at the top are exact.`,
        ]
      : []),
    ...notes,
  ];
}

function mountLosses(header: ReportHeader): void {
  const listed = header.losses.reduce((sum, loss) => sum + loss.count, 0);
  byId('losses', HTMLElement).hidden = header.losses.length === 0;
  byId('loss-rows', HTMLTableSectionElement).replaceChildren(
    ...header.losses.map(({ atMs, topic, what, count: times }) =>
      el(
        'tr',
        {},
        el('td', {}, what),
        el('td', {}, topic),
        el('td', {}, atMs === null ? '–' : clockTime(header, atMs)),
        el('td', { class: 'number' }, count(times)),
      ),
    ),
  );
  const left = header.totals.losses - listed;
  byId('losses-more', HTMLElement).textContent = left > 0 ? `and ${count(left)} more of other kinds` : '';
}
