import type { BagFile, BagLimits, MessageFilter, MetadataRecord, TopicInfo } from './bag.js';
import { ExpectedError } from '../errors.js';
import type { RawMessage } from '../messages/rawMessage.js';
import { compressorsReady, decompressMessage } from './compression.js';
import { FileWindow } from './fileWindow.js';
import type { LossLog } from './losses.js';
import type { McapContents, Segment } from './mcapContents.js';
import { noteSegment, readContents } from './mcapOpen.js';
import { channelAt, loadSegment, messageAt, type LoadedSegment, type MessageRecord } from './mcapSegment.js';
import { isZstd } from './zstdFrames.js';

/** A segment that is being handed out: `next` counts how many of its messages are through. */
interface Cursor {
  readonly segment: Segment;
  readonly loaded: LoadedSegment;
  next: number;
}

/** A segment still to be loaded (again), with the earliest log time that it may hold and how much of it is through. */
interface Pending {
  readonly segment: Segment;
  readonly fromNs: bigint;
  readonly next: number;
}

/** One MCAP file. */
export class McapFile implements BagFile {
  readonly startTimeNs: bigint;
  readonly endTimeNs: bigint;
  readonly topics: readonly TopicInfo[];
  readonly compressions = new Set<string>();
  readonly metadata: readonly MetadataRecord[];
  readonly file: FileWindow;
  readonly contents: McapContents;
  readonly limits: BagLimits;
  readonly losses: LossLog;

  private constructor(file: FileWindow, contents: McapContents, limits: BagLimits, losses: LossLog) {
    this.file = file;
    this.contents = contents;
    this.limits = limits;
    this.losses = losses;
    let start: bigint | undefined;
    let end = 0n;
    for (const segment of contents.segments) {
      if (segment.compression !== '') this.compressions.add(`${segment.compression} (chunks)`);
      if (segment.channelIds?.length === 0) continue;
      if (start === undefined || segment.startNs < start) start = segment.startNs;
      if (segment.endNs > end) end = segment.endNs;
    }
    this.startTimeNs = start ?? 0n;
    this.endTimeNs = end;
    this.topics = contents.topics();
    this.metadata = contents.metadata;
  }

  static async open(path: string, limits: BagLimits, losses: LossLog, shownAs = path): Promise<McapFile> {
    return McapFile.over(await FileWindow.open(path, shownAs), limits, losses);
  }

  /** Takes the file over, and closes it where it cannot be opened. */
  static async over(file: FileWindow, limits: BagLimits, losses: LossLog): Promise<McapFile> {
    await compressorsReady();
    try {
      return new McapFile(file, await readContents(file, limits, losses), limits, losses);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async *messages(filter: MessageFilter): AsyncIterableIterator<RawMessage> {
    const topics = filter.topics && new Set(filter.topics);
    const wanted = (channelId: number): boolean => {
      const channel = this.contents.channels.get(channelId);
      return !topics || (channel !== undefined && topics.has(channel.topic));
    };
    const { start = 0n, end = 0xffff_ffff_ffff_ffffn } = filter;
    const pending: Pending[] = this.contents.segments
      .filter((s) => s.endNs >= start && s.startNs <= end && (s.channelIds?.some(wanted) ?? true))
      .map((segment) => ({ segment, fromNs: segment.startNs, next: 0 }))
      .sort((a, b) => compare(a.fromNs, b.fromNs, a.segment, b.segment))
      .reverse(); // taken from the end
    const active: Cursor[] = []; // sorted by next message, latest first: taken from the end
    let buffered = 0;

    for (;;) {
      const upcoming = pending.at(-1);
      const current = active.at(-1);
      if (upcoming && (!current || upcoming.fromNs <= nextTime(current))) {
        pending.pop();
        while (active.length > 0 && buffered + upcoming.segment.size > this.limits.bufferedBytes) {
          const latest = active.shift()!; // loaded again when its turn comes
          buffered -= latest.loaded.records.byteLength;
          insert(pending, { segment: latest.segment, fromNs: nextTime(latest), next: latest.next }, comparePending);
        }
        const cursor = await this.#load(upcoming);
        if (cursor) {
          buffered += cursor.loaded.records.byteLength;
          insert(active, cursor, compareCursors);
        }
        continue;
      }
      if (!current) return;
      active.pop();
      const { loaded } = current;
      const offset = loaded.offsets[current.next];
      const time = loaded.times[current.next];
      current.next += 1;
      if (current.next < loaded.offsets.length) insert(active, current, compareCursors);
      else buffered -= loaded.records.byteLength;
      if (time < start || time > end || !wanted(channelAt(loaded, offset))) continue;
      const message = this.#toMessage(messageAt(loaded, offset), current.segment);
      if (message) yield message;
    }
  }

  async #load({ segment, next }: Pending): Promise<Cursor | undefined> {
    try {
      const loaded = await loadSegment(this.file, segment, this.contents, this.limits.decompressedBytes);
      if (loaded.damage !== undefined) noteSegment(this.losses, this.file, segment, loaded.damage);
      return next < loaded.offsets.length ? { segment, loaded, next } : undefined;
    } catch (error) {
      // No damage of the file: it has changed, or cannot be reached any more.
      if (error instanceof ExpectedError) throw error;
      noteSegment(this.losses, this.file, segment, (error as Error).message);
      return undefined;
    }
  }

  #toMessage(message: MessageRecord, segment: Segment): RawMessage | undefined {
    const { logTimeNs, publishTimeNs } = message;
    const timeNs = { start: logTimeNs, end: logTimeNs };
    const channel = this.contents.channels.get(message.channelId);
    if (!channel) {
      const why = `no definition of channel ${String(message.channelId)} (in the chunk at byte ${String(segment.offset)})`;
      this.losses.add({ file: this.file.path, what: 'message', why, timeNs, messages: 1 });
      return undefined;
    }
    let { data } = message;
    if (isZstd(data) && channel.messageEncoding === 'cdr') {
      try {
        data = new Uint8Array(decompressMessage(data, this.limits.decompressedBytes));
        this.compressions.add('zstd (messages)');
      } catch (error) {
        const why = `compressed message on ${channel.topic}: ${(error as Error).message}`;
        this.losses.add({ file: this.file.path, what: 'message', why, timeNs, messages: 1 });
        return undefined;
      }
    }
    return { topic: channel.topic, type: this.contents.typeOf(channel), logTimeNs, publishTimeNs, data };
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

function nextTime(cursor: Cursor): bigint {
  return cursor.loaded.times[cursor.next];
}

function compare(a: bigint, b: bigint, first: Segment, second: Segment): number {
  return a < b ? -1 : a > b ? 1 : first.offset - second.offset;
}

/** Latest first. */
function compareCursors(a: Cursor, b: Cursor): number {
  return compare(nextTime(b), nextTime(a), b.segment, a.segment);
}

/** Latest first. */
function comparePending(a: Pending, b: Pending): number {
  return compare(b.fromNs, a.fromNs, b.segment, a.segment);
}

/** Inserts into a sorted array. */
function insert<T>(array: T[], item: T, order: (a: T, b: T) => number): void {
  let low = 0;
  let high = array.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order(array[middle], item) <= 0) low = middle + 1;
    else high = middle;
  }
  array.splice(low, 0, item);
}
