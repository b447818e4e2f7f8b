import type { Frame } from '../images/frame.js';
import type { Spectrum } from '../spectrum.js';
import type { OutOfStep } from '../perception/stepWatch.js';
import { type CameraRate, cameraRate } from './cameraRate.js';
import type { BandDrops } from './liveStages.js';

/** What is known about one camera at one moment; times in seconds, rates in Hz. */
export interface BandSnapshot {
  readonly spectrum: Spectrum;
  readonly topic: string;
  readonly publishers: number;
  /** Publishers that cannot be heard, and why, in plain words. */
  readonly mismatches: readonly string[];
  readonly received: number;
  /** Images that left as published detections. */
  readonly published: number;
  /** Newest image that arrived; `undefined` before the first. */
  readonly ageSeconds: number | undefined;
  readonly rateHz: number;
  /** Node clock minus stamp of the newest image: positive for stamps in the past. */
  readonly stampAgeSeconds: number | undefined;
  /** Stamp distance to the earliest frame of its set; out of step, to the nearest other band. */
  readonly skewSeconds: number | undefined;
  /** Where its images share no moment with those of the other bands. */
  readonly outOfStep: OutOfStep | undefined;
  /** What the stamps say of the camera. */
  readonly camera: CameraRate | undefined;
  /** Replaced by newer images because the detector was busy, since the last snapshot and in all. */
  readonly recentDrops: number;
  readonly recentReceived: number;
  readonly recentPublished: number;
  /** Left out since the last snapshot for a stamp that does not fit. */
  readonly recentImplausible: number;
  readonly drops: BandDrops;
  /** For the other bands, or for what bears their stamps out. */
  readonly waiting: number;
  /** Came while the node was not active or switched off. */
  readonly ignored: number;
  /** `640×480 mono8`, or the format text of a compressed image. */
  readonly format: string | undefined;
  readonly formatChanges: number;
  /** The latest change, in words, while it is recent. */
  readonly formatChange: string | undefined;
  readonly clockJumps: number;
  /** Images that could not be decoded or processed, since the last snapshot and in all, with what the last one had. */
  readonly recentFailures: number;
  readonly failures: number;
  readonly lastFailure: string | undefined;
}

/** How many arrivals the rate is taken over. */
const RATE_ARRIVALS = 60;
/** A rate over arrivals that lie further back would describe the past. */
const RATE_SECONDS = 5;

/** A change of format is told for so long. */
const TELL_CHANGE_NS = 10_000_000_000n;

const NO_DROPS: BandDrops = { replaced: 0, late: 0, duplicates: 0, overflowed: 0, implausible: 0 };

/** Counts what comes in on one band. Monotonic times in nanoseconds come from the caller. */
export class BandMonitor {
  clockJumps = 0;
  drops = NO_DROPS;
  outOfStep: OutOfStep | undefined;
  waiting = 0;
  ignored = 0;
  skewSeconds: number | undefined;
  #received = 0;
  #published = 0;
  #failures = 0;
  #lastFailure: string | undefined;
  #format: string | undefined;
  #formatChanges = 0;
  #formatChange: { readonly text: string; readonly atNs: bigint } | undefined;
  #stampAgeSeconds: number | undefined;
  readonly #arrivals: { readonly atNs: bigint; readonly stampNs: bigint }[] = [];
  #reported = { received: 0, published: 0, drops: NO_DROPS, failures: 0 };
  readonly spectrum: Spectrum;
  readonly topic: string;

  constructor(spectrum: Spectrum, topic: string) {
    this.spectrum = spectrum;
    this.topic = topic;
  }

  /** An image has arrived. @param clockNs the node's (ROS) clock. @returns how its format or size differs from the image before, if so */
  arrived(frame: Frame, nowNs: bigint, clockNs: bigint): string | undefined {
    this.#received++;
    this.#arrivals.push({ atNs: nowNs, stampNs: frame.stampNs });
    if (this.#arrivals.length > RATE_ARRIVALS) this.#arrivals.shift();
    this.#stampAgeSeconds = Number(clockNs - frame.stampNs) / 1e9;
    const { image } = frame;
    const format = image.kind === 'raw' ? `${image.width}×${image.height} ${image.encoding}` : image.format;
    const before = this.#format;
    this.#format = format;
    if (before === undefined || before === format) return undefined;
    this.#formatChanges++;
    const text = `from ${before} to ${format}`;
    this.#formatChange = { text, atNs: nowNs };
    return text;
  }

  published(): void {
    this.#published++;
  }

  failed(message: string): void {
    this.#failures++;
    this.#lastFailure = message;
  }

  /** Figures now; "recent" counts start again. */
  snapshot(nowNs: bigint, { publishers, mismatches }: Pick<BandSnapshot, 'publishers' | 'mismatches'>): BandSnapshot {
    const newest = this.#arrivals.at(-1)?.atNs;
    const before = this.#reported;
    this.#reported = {
      received: this.#received,
      published: this.#published,
      drops: this.drops,
      failures: this.#failures,
    };
    const recent = this.#arrivals.filter(({ atNs }) => nowNs - atNs <= BigInt(RATE_SECONDS * 1e9));
    const change = this.#formatChange;
    return {
      spectrum: this.spectrum,
      topic: this.topic,
      publishers,
      mismatches,
      received: this.#received,
      published: this.#published,
      ageSeconds: newest === undefined ? undefined : Number(nowNs - newest) / 1e9,
      rateHz: rateOf(
        recent.map(({ atNs }) => atNs),
        nowNs,
      ),
      stampAgeSeconds: this.#stampAgeSeconds,
      skewSeconds: this.outOfStep === undefined ? this.skewSeconds : Number(this.outOfStep.offsetNs) / 1e9,
      outOfStep: this.outOfStep,
      camera: cameraRate(recent.map(({ stampNs }) => stampNs)),
      recentDrops: this.drops.replaced - before.drops.replaced,
      recentReceived: this.#received - before.received,
      recentPublished: this.#published - before.published,
      recentImplausible: this.drops.implausible - before.drops.implausible,
      drops: this.drops,
      waiting: this.waiting,
      ignored: this.ignored,
      format: this.#format,
      formatChanges: this.#formatChanges,
      formatChange: change !== undefined && nowNs - change.atNs <= TELL_CHANGE_NS ? change.text : undefined,
      clockJumps: this.clockJumps,
      recentFailures: this.#failures - before.failures,
      failures: this.#failures,
      lastFailure: this.#lastFailure,
    };
  }
}

/** Arrivals of the last seconds over the time that they span, up to now: a silent camera's rate falls. */
function rateOf(recent: readonly bigint[], nowNs: bigint): number {
  const [first] = recent;
  const last = recent.at(-1);
  if (first === undefined || last === undefined || recent.length < 2) return 0;
  const meanNs = Number(last - first) / (recent.length - 1);
  const spanNs = Math.max(Number(last - first), Number(nowNs - first) - meanNs);
  return spanNs > 0 ? ((recent.length - 1) * 1e9) / spanNs : 0;
}
