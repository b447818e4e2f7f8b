import type { Bag } from '../../bag/bag.js';
import type { RawMessage } from '../../messages/rawMessage.js';
import { ExpectedError } from '../../errors.js';
import { systemClock, type Clock } from '../../perception/clock.js';
import { readAhead } from './readAhead.js';

export interface PlayerOptions {
  /** Seconds of the recording in a second. */
  readonly rate: number;
  /** Starts again at its end. */
  readonly loop: boolean;
  /** Left out at the beginning, nanoseconds. */
  readonly startOffsetNs: bigint;
  /** Only these topics. */
  readonly topics: readonly string[];
}

export interface PlayerProgress {
  /** Messages handed on, over all passes. */
  readonly played: number;
  /** How often the recording has been played to its end. */
  readonly passes: number;
  /** The most that a message was late since the last report, nanoseconds. */
  readonly latestNs: bigint;
}

/** Longest time without a turn of the event loop while messages are late: the clock's and the middleware's timers have to run. */
const LONGEST_TURN_NS = 5_000_000n;

/** Hands on the messages of a recording at the pace at which they were recorded, times `rate`. */
export class BagPlayer {
  readonly #fromNs: bigint;
  #startedNs: bigint | undefined;
  #played = 0;
  #passes = 0;
  #latestNs = 0n;
  #yieldedNs = 0n;
  readonly bag: Pick<Bag, 'path' | 'startTimeNs' | 'endTimeNs' | 'durationNs' | 'messages'>;
  readonly options: PlayerOptions;
  readonly outlet: (message: RawMessage) => void;
  readonly clock: Clock;

  /** @throws ExpectedError `usage` where the offset lies behind the recording's end */
  constructor(
    bag: Pick<Bag, 'path' | 'startTimeNs' | 'endTimeNs' | 'durationNs' | 'messages'>,
    options: PlayerOptions,
    outlet: (message: RawMessage) => void,
    clock: Clock = systemClock,
  ) {
    this.bag = bag;
    this.options = options;
    this.outlet = outlet;
    this.clock = clock;
    if (options.startOffsetNs > bag.durationNs) {
      throw new ExpectedError(
        'usage',
        `the start offset of ${seconds(options.startOffsetNs)} s lies behind the end of ${bag.path}, which is ${seconds(bag.durationNs)} s long`,
        'give a smaller --start-offset',
      );
    }
    this.#fromNs = bag.startTimeNs + options.startOffsetNs;
  }

  /**
   * Plays until the end, or until `signal` is aborted.
   * @throws ExpectedError `input` where there is no message to play; whatever `outlet` or the reading throws
   */
  async play(signal: AbortSignal): Promise<void> {
    do {
      const before = this.#played;
      await this.#playOnce(signal);
      if (signal.aborted) return;
      if (this.#played === before) {
        throw new ExpectedError(
          'input',
          `${this.bag.path} has no message to play`,
          'check --topics and --start-offset; msal info lists what the bag holds',
        );
      }
      this.#passes++;
    } while (this.options.loop);
  }

  /** The moment of the recording that is being played, nanoseconds since the epoch. It stands still before and after. */
  positionNs(): bigint {
    if (this.#startedNs === undefined) return this.#fromNs;
    const played = BigInt(Math.round(Number(this.clock.nowNs() - this.#startedNs) * this.options.rate));
    const position = this.#fromNs + played;
    return position < this.bag.endTimeNs ? position : this.bag.endTimeNs;
  }

  /** What was done so far; the lateness starts again at zero. */
  progress(): PlayerProgress {
    const latestNs = this.#latestNs;
    this.#latestNs = 0n;
    return { played: this.#played, passes: this.#passes, latestNs };
  }

  async #playOnce(signal: AbortSignal): Promise<void> {
    const { topics } = this.options;
    const messages = readAhead(this.bag.messages({ topics, start: this.#fromNs }));
    this.#startedNs = undefined;
    for await (const message of messages) {
      // Counted from when the first message is at hand: finding it is not part of the drive.
      this.#startedNs ??= this.clock.nowNs();
      await this.#untilDue(message, this.#startedNs, signal);
      if (signal.aborted) return;
      this.outlet(message);
      this.#played++;
    }
  }

  async #untilDue({ logTimeNs }: RawMessage, startedNs: bigint, signal: AbortSignal): Promise<void> {
    const dueNs = startedNs + BigInt(Math.round(Number(logTimeNs - this.#fromNs) / this.options.rate));
    const remainingNs = dueNs - this.clock.nowNs();
    if (remainingNs > 0n) await this.#sleep(remainingNs, signal);
    const nowNs = this.clock.nowNs();
    if (nowNs - dueNs > this.#latestNs) this.#latestNs = nowNs - dueNs;
    if (remainingNs > 0n) this.#yieldedNs = nowNs;
    else if (nowNs - this.#yieldedNs > LONGEST_TURN_NS) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#yieldedNs = this.clock.nowNs();
    }
  }

  #sleep(ns: bigint, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = this.clock.setTimer(ns, wake);
      signal.addEventListener('abort', wake);
    });
  }
}

function seconds(ns: bigint): string {
  return (Number(ns) / 1e9).toFixed(1);
}
