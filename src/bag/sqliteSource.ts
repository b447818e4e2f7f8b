import type { Value } from './sqliteRows.js';

/** Where a message stands: its log time, then its row. */
export interface Place {
  /** Nanoseconds. */
  readonly time: bigint;
  readonly id: bigint;
}

/** A message as a row has it. */
export interface MessageRow {
  readonly topicId: number;
  /** Nanoseconds. */
  readonly time: bigint;
  readonly data: Value;
}

/** What of a file's messages is asked for. */
export interface Wanted {
  /** Log times, nanoseconds, inclusive. */
  readonly start: bigint;
  readonly end: bigint;
  /** Topics that are known and not asked for, by their numbers in the file. */
  readonly without: ReadonlySet<number>;
}

/** A way to the messages of an SQLite file. */
export interface MessageSource<P extends Place = Place> {
  /** Goes through all messages once. Throws Error where it cannot. */
  totals(): Totals;
  /** Where the messages stand, none twice, in the order of log time. Throws Error where it cannot go on. */
  places(wanted: Wanted): IterableIterator<P>;
  /**
   * The message there; its data are left out where its topic is not wanted.
   * @param limit longest data, bytes
   * @throws Error with the reason where it cannot be read
   */
  read(place: P, wanted: Wanted, limit: number): MessageRow;
}

/** Messages of one topic, by the topic's number in the file. */
export type Counts = ReadonlyMap<number, number>;

/** What is known of all messages of a file. */
export interface Totals {
  readonly counts: Counts;
  /** Log times of the first and last message, nanoseconds; undefined for an empty file. */
  readonly start: bigint | undefined;
  readonly end: bigint | undefined;
}

/** An integer of a row; undefined where it is none. */
export function toBigint(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
}
