import type { Frame } from '../images/frame.js';
import type { Spectrum } from '../spectrum.js';
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
  /** Stamp distance to the earliest frame of its set. */
  readonly skewSeconds: number | undefined;
  /** Replaced by newer images because the detector was busy, since the last snapshot and in all. */
  readonly recentDrops: number;
  readonly recentReceived: number;
  readonly drops: BandDrops;
  /** Came while the node was not active or switched off. */
  readonly ignored: number;
  /** `640×480 mono8`, or the format text of a compressed image. */
  readonly format: string | undefined;
  readonly formatChanges: number;
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

/** Counts what comes in on one band. Monotonic times in nanoseconds come from the caller. */
export class BandMonitor {
  clockJumps = 0;
  drops: BandDrops = { replaced: 0, late: 0, duplicates: 0, overflowed: 0 };
  ignored = 0;
  skewSeconds: number | undefined;
  #received = 0;
  #published = 0;
  #failures = 0;
  #lastFailure: string | undefined;
  #format: string | undefined;
  #formatChanges = 0;
  #stampAgeSeconds: number | undefined;
  readonly #arrivalsNs: bigint[] = [];
  #reported = { received: 0, drops: 0, failures: 0 };

  constructor(
    readonly spectrum: Spectrum,
    readonly topic: string,
  ) {}

  /** An image has arrived. @param clockNs the node's (ROS) clock. @returns whether format or size differ from the image before */
  arrived(frame: Frame, nowNs: bigint, clockNs: bigint): boolean {
    this.#received++;
    this.#arrivalsNs.push(nowNs);
    if (this.#arrivalsNs.length > RATE_ARRIVALS) this.#arrivalsNs.shift();
    this.#stampAgeSeconds = Number(clockNs - frame.stampNs) / 1e9;
    const { image } = frame;
    const format = image.kind === 'raw' ? `${image.width}×${image.height} ${image.encoding}` : image.format;
    const changed = this.#format !== undefined && this.#format !== format;
    if (changed) this.#formatChanges++;
    this.#format = format;
    return changed;
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
    const newest = this.#arrivalsNs.at(-1);
    const before = this.#reported;
    this.#reported = { received: this.#received, drops: this.drops.replaced, failures: this.#failures };
    return {
      spectrum: this.spectrum,
      topic: this.topic,
      publishers,
      mismatches,
      received: this.#received,
      published: this.#published,
      ageSeconds: newest === undefined ? undefined : Number(nowNs - newest) / 1e9,
      rateHz: this.#rate(nowNs),
      stampAgeSeconds: this.#stampAgeSeconds,
      skewSeconds: this.skewSeconds,
      recentDrops: this.drops.replaced - before.drops,
      recentReceived: this.#received - before.received,
      drops: this.drops,
      ignored: this.ignored,
      format: this.#format,
      formatChanges: this.#formatChanges,
      clockJumps: this.clockJumps,
      recentFailures: this.#failures - before.failures,
      failures: this.#failures,
      lastFailure: this.#lastFailure,
    };
  }

  /** Arrivals of the last seconds over the time that they span, up to now: a silent camera's rate falls. */
  #rate(nowNs: bigint): number {
    const recent = this.#arrivalsNs.filter((arrivalNs) => nowNs - arrivalNs <= BigInt(RATE_SECONDS * 1e9));
    const [first] = recent;
    const last = recent.at(-1);
    if (first === undefined || last === undefined || recent.length < 2) return 0;
    const meanNs = Number(last - first) / (recent.length - 1);
    const spanNs = Math.max(Number(last - first), Number(nowNs - first) - meanNs);
    return spanNs > 0 ? ((recent.length - 1) * 1e9) / spanNs : 0;
  }
}
