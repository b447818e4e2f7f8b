import type { SortKey } from './ordering.js';
import type { MapKind } from './pictureStore.js';

/** A detection of the set that is shown: positions within `SetRow.f` and the frame's detections. */
export interface Selection {
  readonly frame: number;
  readonly detection: number;
}

/** Everything that the reader can change. */
export interface ViewerState {
  /** Positions into the list of sets, in the order of stepping. */
  readonly order: readonly number[];
  /** Position within `order`. */
  readonly at: number;
  readonly selection: Selection | null;
  /** Spectra (indices) that are switched off. */
  readonly hidden: ReadonlySet<number>;
  /** Of the heat map, 0 to 1. */
  readonly opacity: number;
  readonly boxes: boolean;
  /** Which maps the heat map shows. */
  readonly mapKind: MapKind;
  readonly playing: boolean;
  readonly sortKey: SortKey;
  readonly descending: boolean;
  /** Only sets with a detection of this class; null for all. */
  readonly onlyClass: number | null;
  /** Only sets whose pictures are in the file. */
  readonly onlyPictures: boolean;
  /** Only sets that the second method has explained. */
  readonly onlyExplained: boolean;
}

type Listener = (state: ViewerState, before: ViewerState) => void;

/** Holds the state and tells its listeners about every change. */
export class Viewer {
  readonly #listeners: Listener[] = [];
  #current: ViewerState;

  constructor(current: ViewerState) {
    this.#current = current;
  }

  get state(): ViewerState {
    return this.#current;
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  change(part: Partial<ViewerState>): void {
    const before = this.#current;
    this.#current = { ...before, ...part };
    for (const listener of this.#listeners) listener(this.#current, before);
  }

  /** Shows the set at position `at` of the order (kept within it) and lets go of the selection. */
  goTo(at: number): void {
    const last = this.#current.order.length - 1;
    const bounded = Math.max(0, Math.min(at, last));
    if (bounded !== this.#current.at) this.change({ at: bounded, selection: null });
  }

  step(by: number): void {
    this.goTo(this.#current.at + by);
  }

  /** Opacity in steps that never drift: 0, 0.05 … 1. */
  setOpacity(opacity: number): void {
    this.change({ opacity: Math.max(0, Math.min(1, Math.round(opacity * 20) / 20)) });
  }

  /** Shows or hides a spectrum and lets go of the selection, which may have been in it. */
  toggleSpectrum(spectrum: number): void {
    const hidden = new Set(this.#current.hidden);
    if (!hidden.delete(spectrum)) hidden.add(spectrum);
    this.change({ hidden, selection: null });
  }
}
