import { ExpectedError } from '../errors.js';
import type { Frame } from '../images/frame.js';
import { SPECTRA, type Spectrum } from '../spectrum.js';
import type { FrameSet, StampedFrame } from './frameSet.js';
import { ShortLoop } from './shortLoop.js';
import { type Pending, type Side, StampQuarantine } from './stampQuarantine.js';
import { type OutOfStep, StepWatch } from './stepWatch.js';
import { SyncCounts, type SyncCounters } from './syncCounters.js';

/** How frames are grouped. Durations in nanoseconds. */
export interface SyncOptions {
  /** The bands that make a set complete; frames of other bands are dropped and counted. */
  readonly expected: readonly Spectrum[];
  /** `exact`: equal stamps only. `approximate`: stamps at most `maxSkewNs` apart. */
  readonly policy: 'exact' | 'approximate';
  /**
   * Largest distance between the stamps of a set (approximate policy). Below half the shortest camera period the grouping is
   * the only possible one; above it, the fullest and then tightest of the sets that the frames at hand can form is taken.
   */
  readonly maxSkewNs: bigint;
  /** How long a frame waits for missing bands before its set goes out without them: in stream time, and by the clock. */
  readonly waitNs: bigint;
  /** A band that has been silent for so long (stream time) is not waited for until it speaks again: a dead camera. */
  readonly absentAfterNs: bigint;
  /** Frames of one band that may wait; the oldest of a full queue is dropped. */
  readonly queueSize: number;
  /**
   * A stamp further than this behind its band's newest (or behind what has gone out), or further ahead of every band's newest than this and
   * the time that has passed by the caller's clock, does not fit: it is followed when it is borne out (see StampQuarantine), as
   * a looped bag or a clock that was set, and left out otherwise.
   */
  readonly clockJumpNs: bigint;
}

interface Band<F> {
  /** Ascending stamps, no two equal. */
  readonly queue: Pending<F>[];
  newestNs: bigint | undefined;
  lastUsedNs: bigint | undefined;
  readonly loop: ShortLoop;
}

/**
 * Groups the frames of several cameras by stamp. Pure: no timers, no clock of its own.
 *
 * Invariants: no frame is in two sets; a set has at most one frame per band; sets come out with strictly ascending stamps, and
 * so do the frames of each band, until a clock jump; the stamps of a set lie within the maximum skew; between calls at most
 * `queueSize` frames per band wait, and as many whose stamps do not fit; every frame is accounted for in the counters.
 *
 * Every frame that is not dropped goes out, in a partial set if need be. The set of the oldest frame goes out as soon as each
 * band that it lacks can no longer add to it (the band has moved past it, or is absent), so a complete one at once; or when it
 * has waited long enough, by the newest stamp seen on any band (stream time) or by the clock whose readings are given to
 * `push` and `tick`. Without readings only stream time counts: a replay then gives the same sets at any speed. Unlike
 * message_filters' ApproximateTime it does not hold a complete set back until no tighter one can follow, because a live
 * detector wants the frame now.
 */
export class Synchronizer<F extends StampedFrame = Frame> {
  readonly #maxSkewNs: bigint;
  readonly #bands: ReadonlyMap<Spectrum, Band<F>>;
  readonly #counts: SyncCounts;
  #streamStartNs: bigint | undefined;
  #streamNs: bigint | undefined;
  /** The caller's clock when the stream came to `#streamNs`. */
  #streamSeenNs: bigint | undefined;
  #lastSetNs: bigint | undefined;
  readonly #quarantine: StampQuarantine<F>;
  readonly #steps: StepWatch;
  readonly options: SyncOptions;

  /** @throws ExpectedError (usage) for an option out of range; the message names it. */
  constructor(options: SyncOptions) {
    this.options = options;
    checkOptions(options);
    this.#maxSkewNs = options.policy === 'exact' ? 0n : options.maxSkewNs;
    const expected = SPECTRA.filter((spectrum) => options.expected.includes(spectrum));
    this.#bands = new Map(
      expected.map((spectrum) => [
        spectrum,
        { queue: [], newestNs: undefined, lastUsedNs: undefined, loop: new ShortLoop() },
      ]),
    );
    this.#counts = new SyncCounts(expected);
    this.#quarantine = new StampQuarantine(options.queueSize);
    this.#steps = new StepWatch(this.#maxSkewNs);
  }

  /** Takes a frame in; returns the sets that are ready now. `nowNs`: reading of the clock that `tick` uses, if any. */
  push(frame: F, nowNs?: bigint): FrameSet<F>[] {
    const { spectrum } = frame;
    this.#counts.add(spectrum, 'received');
    const band = this.#bands.get(spectrum);
    if (band === undefined) {
      this.#counts.add(spectrum, 'unexpected');
      return [];
    }
    const ready: FrameSet<F>[] = [];
    const side = this.#unfit(frame, band, nowNs);
    if (side === undefined) {
      this.#counts.add(spectrum, 'implausible', this.#quarantine.fits(frame));
      if (band.loop.beginsAgain(frame.stampNs)) {
        this.#counts.add(spectrum, 'clockJumps');
        this.#endTimeline(ready);
        band.loop.beginsAgain(frame.stampNs);
      }
      this.#takeAll([{ frame, arrivedNs: nowNs }], ready, nowNs);
      return ready;
    }
    this.#counts.add(spectrum, 'implausible', this.#quarantine.hold({ frame, arrivedNs: nowNs }, side));
    const followed = this.#quarantine.agreed(side);
    if (side === 'behind' && followed.length > 0) {
      this.#counts.add(spectrum, 'clockJumps');
      this.#endTimeline(ready);
    }
    this.#takeAll(followed, ready, nowNs);
    return ready;
  }

  /** Sets whose wait has ended by the clock. `nowNs` must come from the clock whose readings `push` was given. */
  tick(nowNs: bigint): FrameSet<F>[] {
    const ready: FrameSet<F>[] = [];
    this.#close(ready, nowNs);
    return ready;
  }

  /** Everything that waits goes out, and a new timeline starts: the end of a stream, or a pause. */
  flush(): FrameSet<F>[] {
    const ready: FrameSet<F>[] = [];
    // The last of a recording with gaps; nothing bears out what lies far behind everything else.
    this.#takeAll(this.#quarantine.release('ahead'), ready, undefined);
    for (const { frame } of this.#quarantine.release('behind')) this.#counts.add(frame.spectrum, 'implausible');
    this.#endTimeline(ready);
    return ready;
  }

  /** When `tick` is next worth calling; undefined while nothing waits by the clock. */
  deadlineNs(): bigint | undefined {
    let earliest: bigint | undefined;
    for (const { queue } of this.#bands.values()) {
      for (const { arrivedNs } of queue) {
        if (arrivedNs !== undefined && (earliest === undefined || arrivedNs < earliest)) earliest = arrivedNs;
      }
    }
    return earliest === undefined ? undefined : earliest + this.options.waitNs;
  }

  /** A snapshot of the counts. */
  counters(): SyncCounters {
    return this.#counts.snapshot((spectrum) => ({
      pending: this.#bands.get(spectrum)?.queue.length ?? 0,
      quarantined: this.#quarantine.count(spectrum),
      outOfStep: this.#steps.verdict(spectrum),
    }));
  }

  /** On which side of the timeline a stamp lies that does not fit into it; `undefined` for one that does. */
  #unfit({ stampNs }: F, band: Band<F>, nowNs: bigint | undefined): Side | undefined {
    const { clockJumpNs } = this.options;
    const behind = (limitNs: bigint | undefined): boolean => limitNs !== undefined && stampNs + clockJumpNs < limitNs;
    if (behind(band.newestNs) || behind(this.#lastSetNs)) return 'behind';
    if (this.#streamNs === undefined) return undefined;
    // Before anything has gone out: a camera may be late by as much as is waited for.
    if (band.newestNs === undefined && behind(this.#streamNs - this.options.waitNs)) return 'behind';
    const passedNs = nowNs === undefined || this.#streamSeenNs === undefined ? 0n : nowNs - this.#streamSeenNs;
    return stampNs > this.#streamNs + passedNs + clockJumpNs ? 'ahead' : undefined;
  }

  /** Takes frames in together, so that none of them goes out before another of its moment is there. */
  #takeAll(pending: readonly Pending<F>[], ready: FrameSet<F>[], nowNs: bigint | undefined): void {
    const taken = new Set<Band<F>>();
    for (const { frame, arrivedNs } of pending) {
      const band = this.#bands.get(frame.spectrum);
      if (band === undefined) continue;
      const trouble = this.#enqueue(frame, band, arrivedNs);
      if (trouble === undefined) taken.add(band);
      else this.#counts.add(frame.spectrum, trouble);
    }
    if (taken.size > 0) this.#close(ready, nowNs);
    for (const [spectrum, { queue }] of this.#bands) {
      while (queue.length > this.options.queueSize) {
        queue.shift();
        this.#counts.add(spectrum, 'overflowed');
        this.#close(ready, nowNs);
      }
    }
  }

  #endTimeline(ready: FrameSet<F>[]): void {
    for (let set = this.#takeOldestSet(); set !== undefined; set = this.#takeOldestSet()) ready.push(set);
    for (const band of this.#bands.values()) {
      band.newestNs = band.lastUsedNs = undefined;
      band.loop.reset();
    }
    this.#streamStartNs = this.#streamNs = this.#streamSeenNs = this.#lastSetNs = undefined;
  }

  /** Puts the frame into its place in the queue, or says why it is dropped. */
  #enqueue(frame: F, band: Band<F>, arrivedNs: bigint | undefined): 'duplicates' | 'late' | undefined {
    const { stampNs } = frame;
    const { queue } = band;
    let at = queue.length;
    for (let before = queue[at - 1]; before !== undefined && before.frame.stampNs > stampNs; before = queue[at - 1])
      at--;
    if (stampNs === band.lastUsedNs || queue[at - 1]?.frame.stampNs === stampNs) return 'duplicates';
    if (this.#lastSetNs !== undefined && stampNs <= this.#lastSetNs) return 'late';
    if (band.lastUsedNs !== undefined && stampNs < band.lastUsedNs) return 'late';
    queue.splice(at, 0, { frame, arrivedNs });
    if (band.newestNs === undefined || stampNs > band.newestNs) band.newestNs = stampNs;
    if (this.#streamNs === undefined || stampNs > this.#streamNs) {
      this.#streamNs = stampNs;
      this.#streamSeenNs = arrivedNs;
    }
    this.#streamStartNs ??= stampNs;
    return undefined;
  }

  #close(ready: FrameSet<F>[], nowNs: bigint | undefined): void {
    for (let oldestNs = this.#oldestNs(); oldestNs !== undefined; oldestNs = this.#oldestNs()) {
      if (!this.#settled(oldestNs) && !this.#waitedEnough(oldestNs, nowNs)) return;
      const set = this.#takeOldestSet();
      if (set !== undefined) ready.push(set);
    }
  }

  #oldestNs(): bigint | undefined {
    let oldest: bigint | undefined;
    for (const { queue } of this.#bands.values()) {
      const stampNs = queue[0]?.frame.stampNs;
      if (stampNs !== undefined && (oldest === undefined || stampNs < oldest)) oldest = stampNs;
    }
    return oldest;
  }

  /** Whether no band can still add a frame to the set that begins at `oldestNs`. */
  #settled(oldestNs: bigint): boolean {
    const endNs = oldestNs + this.#maxSkewNs;
    for (const { queue, newestNs } of this.#bands.values()) {
      const head = queue[0]?.frame.stampNs;
      const present = head !== undefined && head <= endNs;
      const movedPast = newestNs !== undefined && newestNs > endNs;
      if (!present && !movedPast && !this.#absent(newestNs)) return false;
    }
    return true;
  }

  #absent(newestNs: bigint | undefined): boolean {
    const since = newestNs ?? this.#streamStartNs;
    return since !== undefined && this.#streamNs !== undefined && this.#streamNs - since >= this.options.absentAfterNs;
  }

  #waitedEnough(oldestNs: bigint, nowNs: bigint | undefined): boolean {
    if (this.#streamNs !== undefined && this.#streamNs - oldestNs >= this.options.waitNs) return true;
    const deadlineNs = nowNs === undefined ? undefined : this.deadlineNs();
    return nowNs !== undefined && deadlineNs !== undefined && nowNs >= deadlineNs;
  }

  /** Removes and returns the set that the oldest waiting frame belongs to. */
  #takeOldestSet(): FrameSet<F> | undefined {
    const stampNs = this.#oldestNs();
    if (stampNs === undefined) return undefined;
    const members = this.#fullestTightest(stampNs);
    const frames = new Map<Spectrum, F>();
    const missing: Spectrum[] = [];
    for (const [spectrum, band] of this.#bands) {
      const member = members.get(spectrum);
      if (member === undefined) {
        missing.push(spectrum);
        this.#counts.add(spectrum, 'partialSets');
        continue;
      }
      band.queue.shift(); // every member is the head of its queue: nothing that waits is older than the oldest frame
      band.lastUsedNs = member.stampNs;
      frames.set(spectrum, member);
      this.#counts.add(spectrum, 'used');
      this.#steps.add(spectrum, members.size === 1 ? this.#nearestOther(member) : undefined);
    }
    this.#counts.addSet(missing.length > 0);
    this.#lastSetNs = stampNs;
    return { stampNs, skewNs: latestStamp(frames, stampNs) - stampNs, frames, missing };
  }

  /** The stamp of another band that comes nearest to a frame's; `undefined` where no other band is there. */
  #nearestOther({ spectrum: own, stampNs }: F): OutOfStep | undefined {
    let nearest: OutOfStep | undefined;
    let distanceNs: bigint | undefined;
    for (const [spectrum, { queue, newestNs, lastUsedNs }] of this.#bands) {
      if (spectrum === own || newestNs === undefined || this.#absent(newestNs)) continue;
      for (const other of [lastUsedNs, queue[0]?.frame.stampNs, newestNs]) {
        if (other === undefined) continue;
        const offsetNs = stampNs - other;
        const far = offsetNs < 0n ? -offsetNs : offsetNs;
        if (distanceNs === undefined || far < distanceNs) [nearest, distanceNs] = [{ from: spectrum, offsetNs }, far];
      }
    }
    return nearest;
  }

  /**
   * The set that begins at `fromNs`. Where it competes for a frame with a set that begins later and that is fuller, or as full
   * and tighter, that one keeps the frame and this set is made of what lies before it.
   */
  #fullestTightest(fromNs: bigint, beforeNs?: bigint): Map<Spectrum, F> {
    const own = this.#candidate(fromNs, beforeNs);
    const ownLatest = latestStamp(own, fromNs);
    let best = { fromNs, size: own.size, skewNs: ownLatest - fromNs };
    for (const { queue } of this.#bands.values()) {
      for (const { frame } of queue) {
        const startNs = frame.stampNs;
        if (startNs > ownLatest || (beforeNs !== undefined && startNs >= beforeNs)) break;
        if (startNs <= fromNs) continue;
        const rival = this.#candidate(startNs, beforeNs);
        const skewNs = latestStamp(rival, startNs) - startNs;
        if (rival.size > best.size || (rival.size === best.size && skewNs < best.skewNs)) {
          best = { fromNs: startNs, size: rival.size, skewNs };
        }
      }
    }
    return best.fromNs === fromNs ? own : this.#fullestTightest(fromNs, best.fromNs);
  }

  /** Per band the earliest frame in [fromNs, fromNs + maximum skew], before `beforeNs` if given. */
  #candidate(fromNs: bigint, beforeNs: bigint | undefined): Map<Spectrum, F> {
    const endNs = fromNs + this.#maxSkewNs;
    const members = new Map<Spectrum, F>();
    for (const [spectrum, { queue }] of this.#bands) {
      const frame = queue.find((pending) => pending.frame.stampNs >= fromNs)?.frame;
      if (frame === undefined || frame.stampNs > endNs) continue;
      if (beforeNs === undefined || frame.stampNs < beforeNs) members.set(spectrum, frame);
    }
    return members;
  }
}

function latestStamp<F extends StampedFrame>(members: ReadonlyMap<Spectrum, F>, earliestNs: bigint): bigint {
  let latest = earliestNs;
  for (const { stampNs } of members.values()) if (stampNs > latest) latest = stampNs;
  return latest;
}

function checkOptions(options: SyncOptions): void {
  const { expected, queueSize, maxSkewNs, waitNs, absentAfterNs, clockJumpNs } = options;
  const demand = (holds: boolean, field: string, value: unknown, rule: string): void => {
    if (!holds) throw new ExpectedError('usage', `sync.${field} is ${String(value)}`, `give ${rule}`);
  };
  demand(expected.length > 0, 'expected', '[]', `at least one of ${SPECTRA.join(', ')}`);
  demand(
    Number.isSafeInteger(queueSize) && queueSize >= 1,
    'queueSize',
    queueSize,
    'a whole number of frames, at least 1',
  );
  demand(maxSkewNs >= 0n, 'maxSkewNs', maxSkewNs, 'nanoseconds, 0 or more');
  demand(waitNs > 0n, 'waitNs', waitNs, 'nanoseconds, more than 0');
  demand(absentAfterNs > 0n, 'absentAfterNs', absentAfterNs, 'nanoseconds, more than 0');
  demand(clockJumpNs > 0n, 'clockJumpNs', clockJumpNs, 'nanoseconds, more than 0');
}
