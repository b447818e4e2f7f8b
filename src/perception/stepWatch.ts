import type { Spectrum } from '../spectrum.js';

/** A band whose frames share no moment with those of other bands that are there too. */
export interface OutOfStep {
  /** The band that comes nearest. */
  readonly from: Spectrum;
  /** Distance to its nearest stamps, median, nanoseconds; positive: this band's are later. */
  readonly offsetNs: bigint;
}

interface Seen {
  /** `undefined` for a set with other bands in it. */
  readonly alone: OutOfStep | undefined;
}

/** A verdict is over so many of a band's sets, and asks for at least half as many. */
const SETS = 20;
/** A band that is in so many sets with others is in step. */
const MOST_JOINED = 0.1;
/** Least tolerance for how far the distances may differ, nanoseconds: cameras jitter. */
const JITTER_NS = 10_000_000n;

/**
 * Tells bands that are out of step (a constant distance in time to the others, more than the synchronizer may bring together) from those that are
 * merely slower or faster, whose distances change from frame to frame.
 */
export class StepWatch {
  readonly #seen = new Map<Spectrum, Seen[]>();
  readonly maxSkewNs: bigint;

  /** @param maxSkewNs what the synchronizer brings together */
  constructor(maxSkewNs: bigint) {
    this.maxSkewNs = maxSkewNs;
  }

  /** A frame has gone out. @param alone how far the nearest other band's stamp was, where its set has no other band */
  add(spectrum: Spectrum, alone: OutOfStep | undefined): void {
    let seen = this.#seen.get(spectrum);
    if (seen === undefined) this.#seen.set(spectrum, (seen = []));
    seen.push({ alone });
    if (seen.length > SETS) seen.shift();
  }

  verdict(spectrum: Spectrum): OutOfStep | undefined {
    const seen = this.#seen.get(spectrum) ?? [];
    const alone = seen.flatMap((one) => one.alone ?? []);
    if (seen.length < SETS / 2 || seen.length - alone.length > MOST_JOINED * seen.length) return undefined;
    alone.sort((a, b) => (abs(a.offsetNs) < abs(b.offsetNs) ? -1 : 1));
    const at = (share: number): OutOfStep | undefined => alone[Math.floor(share * (alone.length - 1))];
    const [low, middle, high] = [at(0.25), at(0.5), at(0.75)];
    if (low === undefined || middle === undefined || high === undefined) return undefined;
    const tolerance = this.maxSkewNs > JITTER_NS ? this.maxSkewNs : JITTER_NS;
    return abs(high.offsetNs) - abs(low.offsetNs) <= tolerance ? middle : undefined;
  }
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
