import { byId, el } from './dom.js';
import { rankedDetections } from './detectionTable.js';
import { shownSet, type ReportModel } from './reportModel.js';
import type { Viewer } from './viewerState.js';

interface Shortcut {
  readonly keys: readonly string[];
  readonly shown: string;
  readonly does: string;
  readonly act: (event: KeyboardEvent) => void;
}

/** Keys that work anywhere on the page, and the dialog that lists them. */
export function mountKeyboard(model: ReportModel, viewer: Viewer): void {
  const dialog = byId('help', HTMLDialogElement);
  const shortcuts = shortcutsFor(model, viewer, () => dialog.showModal());
  byId('help-keys', HTMLElement).replaceChildren(
    ...shortcuts.flatMap(({ shown, does }) => [
      el('dt', {}, ...shown.split(' ').map((key) => el('kbd', {}, key))),
      el('dd', {}, does),
    ]),
  );
  byId('help-open', HTMLButtonElement).addEventListener('click', () => dialog.showModal());
  byId('help-close', HTMLButtonElement).addEventListener('click', () => dialog.close());
  document.addEventListener('keydown', (event) => {
    if (dialog.open || event.ctrlKey || event.metaKey || event.altKey || isMeantFor(event)) return;
    const shortcut = shortcuts.find(({ keys }) => keys.includes(event.key));
    if (shortcut === undefined) return;
    event.preventDefault();
    shortcut.act(event);
  });
}

/** Whether the focused control needs this key itself. */
function isMeantFor({ target, key }: KeyboardEvent): boolean {
  if (target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) return true;
  if (target instanceof HTMLInputElement) {
    return target.type === 'range' ? key.startsWith('Arrow') || key === 'Home' || key === 'End' : key === ' ';
  }
  return (
    key === ' ' &&
    (target instanceof HTMLButtonElement || (target instanceof HTMLElement && target.tagName === 'SUMMARY'))
  );
}

function shortcutsFor(model: ReportModel, viewer: Viewer, openHelp: () => void): Shortcut[] {
  const select = (by: number): void => {
    const ranked = rankedDetections(shownSet(model, viewer.state), viewer.state.hidden);
    if (ranked.length === 0) return;
    const { selection } = viewer.state;
    const now = ranked.findIndex(
      (item) => item.selection.frame === selection?.frame && item.selection.detection === selection.detection,
    );
    const next = now < 0 ? (by > 0 ? 0 : ranked.length - 1) : (now + by + ranked.length) % ranked.length;
    viewer.change({ selection: ranked[next]?.selection ?? null });
  };
  const digits = model.spectra.map((spectrum) => String(spectrum + 1));
  return [
    {
      keys: ['ArrowLeft'],
      shown: '←',
      does: 'Frame set before (with Shift: ten)',
      act: (event) => viewer.step(event.shiftKey ? -10 : -1),
    },
    {
      keys: ['ArrowRight'],
      shown: '→',
      does: 'Next frame set (with Shift: ten)',
      act: (event) => viewer.step(event.shiftKey ? 10 : 1),
    },
    { keys: ['Home'], shown: 'Home', does: 'First frame set', act: () => viewer.goTo(0) },
    { keys: ['End'], shown: 'End', does: 'Last frame set', act: () => viewer.goTo(Infinity) },
    {
      keys: [' '],
      shown: 'Space',
      does: 'Play or pause',
      act: () => viewer.change({ playing: !viewer.state.playing }),
    },
    {
      keys: digits,
      shown: digits.join(' '),
      does: 'Show or hide a spectrum',
      act: (event) => viewer.toggleSpectrum(Number(event.key) - 1),
    },
    {
      keys: ['+', '='],
      shown: '+',
      does: 'Heat map stronger',
      act: () => viewer.setOpacity(viewer.state.opacity + 0.05),
    },
    {
      keys: ['-', '_'],
      shown: '-',
      does: 'Heat map weaker',
      act: () => viewer.setOpacity(viewer.state.opacity - 0.05),
    },
    { keys: ['n', 'N'], shown: 'n', does: 'Select the next detection, strongest first', act: () => select(1) },
    { keys: ['p', 'P'], shown: 'p', does: 'Select the detection before', act: () => select(-1) },
    {
      keys: ['Escape'],
      shown: 'Esc',
      does: 'Let go of the selection: maps of all detections',
      act: () => viewer.change({ selection: null }),
    },
    {
      keys: ['b', 'B'],
      shown: 'b',
      does: 'Show or hide boxes',
      act: () => viewer.change({ boxes: !viewer.state.boxes }),
    },
    { keys: ['?'], shown: '?', does: 'This help', act: openHelp },
  ];
}
