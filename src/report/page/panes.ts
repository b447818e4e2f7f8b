import { byId } from './dom.js';
import { Pane } from './pane.js';
import type { DecodedFrame, MapKind } from './pictureStore.js';
import { shownSet, type ReportModel } from './reportModel.js';
import type { Viewer } from './viewerState.js';

/** The spectra side by side. Decoded pictures arrive later than the step that asked for them; only the latest count. */
export function mountPanes(model: ReportModel, viewer: Viewer): void {
  const { header, spectra } = model;
  const holder = byId('panes', HTMLElement);
  const panes = spectra.map((spectrum) => {
    const name = header.spectra[spectrum] ?? '';
    return new Pane(spectrum, name, header.classes, (detection) => pick(spectrum, detection));
  });
  holder.replaceChildren(...panes.map(({ element }) => element));
  let decoded: { n: number; frames: readonly DecodedFrame[] | null } | null = null;

  function pick(spectrum: number, detection: number | null): void {
    const frame = shownSet(model, viewer.state)?.f.findIndex((row) => row[0] === spectrum) ?? -1;
    viewer.change({ selection: detection === null || frame < 0 ? null : { frame, detection } });
  }

  function draw(): void {
    const { state } = viewer;
    const set = shownSet(model, state);
    const frames = decoded !== null && decoded.n === set?.n ? decoded.frames : null;
    const shown = panes.filter(({ spectrum }) => !state.hidden.has(spectrum)).length;
    holder.style.setProperty('--shown', String(Math.max(1, shown)));
    for (const pane of panes) {
      pane.element.hidden = state.hidden.has(pane.spectrum);
      const index = set?.f.findIndex((row) => row[0] === pane.spectrum) ?? -1;
      const row = set?.f[index];
      if (set === undefined || row === undefined) {
        pane.show(null, '', set === undefined ? 'No frame set to show' : 'No frame in this set');
        continue;
      }
      const frame = frames?.[index] ?? null;
      const selected = state.selection?.frame === index ? state.selection.detection : null;
      pane.show(
        {
          row,
          decoded: frame,
          selected,
          hasSelection: state.selection !== null,
          opacity: state.opacity,
          mapKind: state.mapKind,
          boxes: state.boxes,
        },
        header.topics[row[1]] ?? '',
        noteFor(model, set.n, frame, state.mapKind),
      );
    }
  }

  async function decode(): Promise<void> {
    const n = shownSet(model, viewer.state)?.n;
    if (n === undefined || decoded?.n === n) return;
    const frames = (await model.pictures.load(n)) ?? null;
    if (shownSet(model, viewer.state)?.n !== n) return;
    decoded = { n, frames };
    holder.dataset['decoded'] = String(n);
    draw();
    const next = model.sets[viewer.state.order[viewer.state.at + 1] ?? -1];
    if (next !== undefined) await model.pictures.load(next.n);
  }

  const update = (): void => {
    draw();
    void decode();
  };
  viewer.listen(update);
  update();
}

function noteFor(model: ReportModel, n: number, frame: DecodedFrame | null, kind: MapKind): string {
  if (!model.pictures.has(n)) return 'Picture left out to keep the report small';
  if (frame === null) return '';
  if (frame.pictureIsBroken) return 'This picture cannot be decoded';
  if (frame[kind].length === 0 && kind !== 'maps') return `Not explained by ${model.header.explainedBy ?? ''}`;
  return frame.picture === null ? 'No picture' : '';
}
