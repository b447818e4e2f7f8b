import type { Spectrum } from '../spectrum.js';
import type { StampedFrame } from './frameSet.js';

/** On which side of the timeline a stamp lies that does not fit into it. */
export type Side = 'behind' | 'ahead';

/** A frame that waits. `arrivedNs`: reading of the caller's clock, if it has one. */
export interface Pending<F> {
  readonly frame: F;
  readonly arrivedNs: bigint | undefined;
}

interface Held<F> extends Pending<F> {
  readonly side: Side;
  /** Number of the frame in the order of arrival over all bands. */
  readonly turn: number;
}

/**
 * Frames whose stamps do not fit into the timeline: a corrupt stamp (zero, the far future), or the first frames of a clock that was set or a
 * recording that starts anew. One frame cannot tell which, so nobody follows it. The timeline follows when a second frame on the same side
 * bears the first out and more bands are there than have stayed with the old timeline since: one camera whose clock is wrong
 * is outvoted, a clock that moves for all is followed, and what was held for it is not lost. A band that comes back to the timeline has
 * taken its stamps back: those frames are given up.
 */
export class StampQuarantine<F extends StampedFrame> {
  #held: Held<F>[] = [];
  #turn = 0;
  /** Turn of each band's latest frame that fitted. */
  readonly #fitted = new Map<Spectrum, number>();
  readonly most: number;

  /** @param most frames of one band that are held; the oldest of more are given up */
  constructor(most: number) {
    this.most = most;
  }

  /** A frame fits into the timeline. @returns how many of its band's frames are given up for it */
  fits({ spectrum }: F): number {
    this.#fitted.set(spectrum, ++this.#turn);
    const before = this.#held.length;
    this.#held = this.#held.filter(({ frame }) => frame.spectrum !== spectrum);
    return before - this.#held.length;
  }

  /** A frame does not fit. @returns how many of its band's frames are given up for it */
  hold(pending: Pending<F>, side: Side): number {
    this.#held.push({ ...pending, side, turn: ++this.#turn });
    const { spectrum } = pending.frame;
    if (this.count(spectrum) <= this.most) return 0;
    this.#held.splice(
      this.#held.findIndex(({ frame }) => frame.spectrum === spectrum),
      1,
    );
    return 1;
  }

  /** The frames on that side in the order of their stamps, no longer held, where they are to be followed; none where they are not. */
  agreed(side: Side): readonly Pending<F>[] {
    const there = this.#held.filter((held) => held.side === side);
    const [first] = there;
    if (first === undefined || there.length < 2) return [];
    const moved = new Set(there.map(({ frame }) => frame.spectrum));
    const stayed = [...this.#fitted].filter(([spectrum, turn]) => turn > first.turn && !moved.has(spectrum));
    return moved.size > stayed.length ? this.release(side) : [];
  }

  /** The frames on that side in the order of their stamps, no longer held. */
  release(side: Side): readonly Pending<F>[] {
    const there = this.#held.filter((held) => held.side === side);
    this.#held = this.#held.filter((held) => held.side !== side);
    return there.sort((a, b) => (a.frame.stampNs < b.frame.stampNs ? -1 : a.frame.stampNs > b.frame.stampNs ? 1 : 0));
  }

  /** Frames of a band that are held. */
  count(spectrum: Spectrum): number {
    return this.#held.filter(({ frame }) => frame.spectrum === spectrum).length;
  }
}
