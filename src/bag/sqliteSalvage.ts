import type { RowPlace, SqliteRows, Value } from './sqliteRows.js';
import { toBigint, type MessageRow, type MessageSource, type Place, type Totals, type Wanted } from './sqliteSource.js';

/** Rows that are held to bring them into the order of log time. Recorders write nearly in that order. */
const WINDOW = 65_536;
/** Longest row that is put together to find out its topic and time; rosbag2 has both before the data. */
const HEAD_BYTES = 1024 * 1024;

interface SalvagedPlace extends Place {
  readonly row: RowPlace;
}

/**
 * Messages of a file whose pages or index are damaged, by the pages of the table themselves. Rows further out of order than
 * the window come late.
 */
export class SalvagedMessages implements MessageSource<SalvagedPlace> {
  readonly #topicAt: number;
  readonly #timeAt: number;
  readonly #dataAt: number;
  /** Whether a row can be judged without its data. */
  readonly #short: boolean;
  readonly rows: SqliteRows;
  readonly trouble: (why: string, id?: bigint) => void;

  /**
   * @param columns of the table, in its order
   * @param trouble told of what cannot be read
   */
  constructor(rows: SqliteRows, columns: readonly string[], trouble: (why: string, id?: bigint) => void) {
    this.rows = rows;
    this.trouble = trouble;
    this.#topicAt = columns.indexOf('topic_id');
    this.#timeAt = columns.indexOf('timestamp');
    this.#dataAt = columns.indexOf('data');
    this.#short = this.#dataAt === columns.length - 1;
  }

  totals(): Totals {
    const counts = new Map<number, number>();
    let [start, end]: (bigint | undefined)[] = [];
    for (const { topicId, time } of this.#heads()) {
      // A damaged row can name any topic.
      if (counts.has(topicId) || counts.size < 100_000) counts.set(topicId, (counts.get(topicId) ?? 0) + 1);
      if (start === undefined || time < start) start = time;
      if (end === undefined || time > end) end = time;
    }
    return { counts, start, end };
  }

  *places(wanted: Wanted): IterableIterator<SalvagedPlace> {
    let held: SalvagedPlace[] = [];
    for (const { topicId, time, row } of this.#heads()) {
      if (time < wanted.start || time > wanted.end || wanted.without.has(topicId)) continue;
      held.push({ time, id: row.id, row });
      if (held.length < 2 * WINDOW) continue;
      held.sort(byTime);
      yield* held.slice(0, WINDOW);
      held = held.slice(WINDOW);
    }
    yield* held.sort(byTime);
  }

  read(place: SalvagedPlace, _wanted: Wanted, limit: number): MessageRow {
    const values = this.rows.values(place.row, limit);
    return { topicId: Number(values[this.#topicAt]), time: place.time, data: values[this.#dataAt] ?? null };
  }

  *#heads(): Generator<{ readonly topicId: number; readonly time: bigint; readonly row: RowPlace }> {
    for (const row of this.rows.places(this.trouble)) {
      let values: Value[];
      try {
        values = this.rows.values(row, HEAD_BYTES, this.#short);
      } catch (error) {
        this.trouble((error as Error).message, row.id);
        continue;
      }
      const time = toBigint(values[this.#timeAt]);
      if (time === undefined) this.trouble('its log time is no number', row.id);
      else yield { topicId: Number(values[this.#topicAt]), time, row };
    }
  }
}

function byTime(a: Place, b: Place): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : a.id < b.id ? -1 : 1;
}
