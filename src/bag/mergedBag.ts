import type { Bag, BagFile, MessageFilter, MetadataRecord, TopicInfo } from './bag.js';
import type { RawMessage } from '../messages/rawMessage.js';
import type { Loss, LossLog } from './losses.js';

/** The files of a bag as one. */
export class MergedBag implements Bag {
  readonly topics: readonly TopicInfo[];
  readonly startTimeNs: bigint;
  readonly endTimeNs: bigint;
  readonly durationNs: bigint;
  readonly messageCount: number;
  readonly metadata: readonly MetadataRecord[];
  readonly #parts: readonly BagFile[];
  readonly path: string;
  readonly storage: 'mcap' | 'sqlite3';
  readonly files: readonly string[];
  readonly remoteBytes: ReadonlyMap<string, number>;
  readonly lossLog: LossLog;
  /** What metadata.yaml says about compression. */
  readonly statedCompressions: readonly string[];

  constructor(
    path: string,
    storage: 'mcap' | 'sqlite3',
    files: readonly string[],
    parts: readonly BagFile[],
    lossLog: LossLog,
    statedCompressions: readonly string[],
    remoteBytes: ReadonlyMap<string, number> = new Map(),
  ) {
    this.remoteBytes = remoteBytes;
    this.path = path;
    this.storage = storage;
    this.files = files;
    this.lossLog = lossLog;
    this.statedCompressions = statedCompressions;
    this.#parts = parts;
    this.topics = mergeTopics(parts);
    this.messageCount = this.topics.reduce((sum, topic) => sum + topic.count, 0);
    const filled = parts.filter((part) => part.topics.some((topic) => topic.count > 0));
    this.startTimeNs = filled.map((part) => part.startTimeNs).reduce(min, filled[0]?.startTimeNs ?? 0n);
    this.endTimeNs = filled.map((part) => part.endTimeNs).reduce(max, 0n);
    this.durationNs = this.endTimeNs > this.startTimeNs ? this.endTimeNs - this.startTimeNs : 0n;
    this.metadata = parts.flatMap((part) => part.metadata);
  }

  get losses(): readonly Loss[] {
    return this.lossLog.list;
  }

  get compressions(): readonly string[] {
    const met = this.#parts.flatMap((part) => [...part.compressions]);
    return [...new Set([...this.statedCompressions, ...met])].sort();
  }

  async *messages(filter: MessageFilter = {}): AsyncIterableIterator<RawMessage> {
    // An iterable may be one that can be gone through only once.
    const shared: MessageFilter = filter.topics ? { ...filter, topics: [...filter.topics] } : filter;
    const waiting = [...this.#parts].sort((a, b) =>
      a.startTimeNs < b.startTimeNs ? -1 : a.startTimeNs > b.startTimeNs ? 1 : 0,
    );
    const running: { next: RawMessage; source: AsyncIterableIterator<RawMessage> }[] = [];
    const start = async (source: AsyncIterableIterator<RawMessage>): Promise<void> => {
      const first = await source.next();
      if (!first.done) running.push({ next: first.value, source });
    };
    try {
      for (;;) {
        let earliest = earliestOf(running);
        // A file is opened for reading only when its time has come: usually one at a time.
        while (waiting[0] && (!earliest || waiting[0].startTimeNs <= earliest.next.logTimeNs)) {
          await start(waiting.shift()!.messages(shared));
          earliest = earliestOf(running);
        }
        if (!earliest) return;
        yield earliest.next;
        const following = await earliest.source.next();
        if (following.done) running.splice(running.indexOf(earliest), 1);
        else earliest.next = following.value;
      }
    } finally {
      for (const { source } of running) await source.return?.();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.close()));
  }
}

/** The one with the earliest message; the one that was started first where two are equal. */
function earliestOf<T extends { readonly next: RawMessage }>(running: readonly T[]): T | undefined {
  let best: T | undefined;
  for (const one of running) if (!best || one.next.logTimeNs < best.next.logTimeNs) best = one;
  return best;
}

/** The same topic in several files is one; what one file leaves out another may say. */
function mergeTopics(parts: readonly BagFile[]): TopicInfo[] {
  const byKey = new Map<string, TopicInfo>();
  for (const topic of parts.flatMap((part) => part.topics)) {
    const key = JSON.stringify([topic.name, topic.type]);
    const known = byKey.get(key);
    byKey.set(
      key,
      known
        ? {
            ...known,
            count: known.count + topic.count,
            schemaEncoding: known.schemaEncoding || topic.schemaEncoding,
            definition: known.definition || topic.definition,
            offeredQosProfiles: known.offeredQosProfiles || topic.offeredQosProfiles,
            typeHash: known.typeHash || topic.typeHash,
          }
        : topic,
    );
  }
  return [...byKey.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
