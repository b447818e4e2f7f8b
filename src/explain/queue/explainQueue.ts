import path from 'node:path';
import type { DurableFiles } from '../../frameLog/durableFiles.js';
import { ExplainJournal, type Outcome, type Totals } from './explainJournal.js';

export const QUEUE_ORDERS = ['newest-first', 'oldest-first'] as const;
export type QueueOrder = (typeof QUEUE_ORDERS)[number];

export interface QueueOptions {
  /** Frame log: a folder of `<stamp>.mcap` files, whose oldest may vanish at any time. */
  readonly folder: string;
  /** Where the journal is kept. */
  readonly journal: string;
  readonly order: QueueOrder;
  /** Sets that may wait; of more, those that would come last are skipped. */
  readonly maxWaiting: number;
}

/** A complete file of the frame log; see FrameLog. */
const FRAME_FILE = /^(\d{19,25})\.mcap$/;

/**
 * The frame sets of a frame log that are still to be explained. What has become of a set is in the journal before it counts, so a process
 * that is killed at any moment and started again gives every set exactly one outcome; only what was in work is taken up again, from the
 * results that it has already (see ExplanationStore).
 *
 * A set is known by its stamp: a file that is written again under the same name is the same set.
 */
export class ExplainQueue {
  /** In the order in which they come. */
  #waiting: bigint[] = [];
  #inWork: bigint | undefined;

  private constructor(
    readonly files: DurableFiles,
    readonly options: QueueOptions,
    readonly journal: ExplainJournal,
  ) {}

  static async open(files: DurableFiles, options: QueueOptions): Promise<ExplainQueue> {
    const journal = await ExplainJournal.open(files, options.journal);
    const queue = new ExplainQueue(files, options, journal);
    await journal.compact(new Set((await queue.#present()).map(String)), true);
    await queue.scan();
    return queue;
  }

  /** Sets that wait; the one in work is not among them. */
  get length(): number {
    return this.#waiting.length;
  }

  get totals(): Totals {
    return this.journal.totals;
  }

  /** Stamps of the sets of which nothing has become yet: their results must not be thrown away. */
  get unfinished(): ReadonlySet<bigint> {
    return new Set(this.journal.open().map(BigInt));
  }

  /** Looks at the frame log: takes in what is new, and gives up what was deleted or is too much. */
  async scan(): Promise<void> {
    const present = await this.#present();
    const { journal } = this;
    await journal.seen(present.map(String));
    const there = new Set(present);
    const open = this.journal.open().map(BigInt);
    const gone = open.filter((stamp) => !there.has(stamp) && stamp !== this.#inWork);
    await journal.finished(gone.map(String), 'gone');
    const waiting = open.filter((stamp) => there.has(stamp) && stamp !== this.#inWork).sort(this.#inOrder);
    // What was in work when the process ended has results already, perhaps all of them: it is not skipped.
    const begun = waiting.filter((stamp) => journal.isBegun(String(stamp)));
    const fresh = waiting.filter((stamp) => !journal.isBegun(String(stamp)));
    const skipped = fresh.splice(Math.max(0, this.options.maxWaiting - begun.length));
    await journal.finished(skipped.map(String), 'skipped');
    this.#waiting = [...begun, ...fresh];
    await journal.compact(new Set(present.map(String)));
  }

  /** The next set, which is in work until `finish` or `putBack`; `undefined` where none waits. One at a time. */
  async take(): Promise<bigint | undefined> {
    if (this.#inWork !== undefined) throw new Error(`the set ${String(this.#inWork)} is still in work`);
    const [next] = this.#waiting;
    if (next === undefined) return undefined;
    await this.journal.begun(String(next));
    this.#inWork = this.#waiting.shift();
    return this.#inWork;
  }

  /** @param why for people, where it was not explained */
  async finish(stamp: bigint, outcome: Outcome, why?: string): Promise<void> {
    await this.journal.finished([String(stamp)], outcome, why);
    if (this.#inWork === stamp) this.#inWork = undefined;
  }

  /** Nothing has become of the set in work; it comes again first from the next `scan` on. */
  putBack(): void {
    this.#inWork = undefined;
  }

  fileOf(stamp: bigint): string {
    return frameFile(this.options.folder, stamp);
  }

  readonly #inOrder = (a: bigint, b: bigint): number => {
    const oldestFirst = a < b ? -1 : a > b ? 1 : 0;
    return this.options.order === 'oldest-first' ? oldestFirst : -oldestFirst;
  };

  async #present(): Promise<bigint[]> {
    return stampsIn(await this.files.list(this.options.folder));
  }
}

/** Path of a set's file in a frame log. */
export function frameFile(folder: string, stamp: bigint): string {
  return path.join(folder, `${stamp.toString().padStart(19, '0')}.mcap`);
}

/** Stamps of the frame files among the names of a folder, nanoseconds. */
export function stampsIn(names: readonly string[]): bigint[] {
  return names.flatMap((name) => {
    const stamp = FRAME_FILE.exec(name)?.[1];
    return stamp === undefined ? [] : [BigInt(stamp)];
  });
}
