import type { Spectrum } from '../spectrum.js';
import type { FrameSet } from './frameSet.js';

/**
 * The sets that wait for a detector that is busy. Of each band the newest image waits and no other: a set goes when newer sets hold all of its
 * bands, so that there are never more of them than bands, however slow the detector is. The bands take turns: whose answer lies furthest back
 * comes first. A band's images keep their order.
 */
export class SetTurns<F extends FrameSet = FrameSet> {
  /** In the order of arrival. */
  #waiting: F[] = [];
  #turn = 0;
  readonly #served = new Map<Spectrum, number>();

  /** @returns the sets that go for it */
  offer(set: F): readonly F[] {
    this.#waiting.push(set);
    const held = new Set<Spectrum>();
    const gone: F[] = [];
    for (const one of [...this.#waiting].reverse()) {
      const bands = [...one.frames.keys()];
      if (bands.every((spectrum) => held.has(spectrum))) gone.push(one);
      for (const spectrum of bands) held.add(spectrum);
    }
    this.#waiting = this.#waiting.filter((one) => !gone.includes(one));
    return gone;
  }

  /** The next one, which no longer waits; `undefined` where none does. */
  take(): F | undefined {
    const before = new Set<Spectrum>();
    let next: { readonly set: F; readonly lastTurn: number } | undefined;
    for (const set of this.#waiting) {
      const bands = [...set.frames.keys()];
      const lastTurn = Math.min(...bands.map((spectrum) => this.#served.get(spectrum) ?? 0));
      const inOrder = !bands.some((spectrum) => before.has(spectrum));
      if (inOrder && (next === undefined || lastTurn < next.lastTurn)) next = { set, lastTurn };
      for (const spectrum of bands) before.add(spectrum);
    }
    if (next === undefined) return undefined;
    const { set } = next;
    this.#waiting.splice(this.#waiting.indexOf(set), 1);
    this.#turn++;
    for (const spectrum of set.frames.keys()) this.#served.set(spectrum, this.#turn);
    return set;
  }
}
