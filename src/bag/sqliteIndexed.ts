import type { SqliteDatabase } from './sqliteDatabase.js';
import { toBigint, type MessageRow, type MessageSource, type Place, type Totals, type Wanted } from './sqliteSource.js';

/**
 * Messages by the index of log times. Only for a file whose pages were found to make trees: SQLite follows a page that points
 * back for as long as it leads anywhere.
 */
export class IndexedMessages implements MessageSource {
  readonly database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.database = database;
  }

  totals(): Totals {
    const [range] = this.database.all('SELECT min(timestamp) AS first, max(timestamp) AS last FROM messages');
    const rows = this.database.all('SELECT topic_id, count(*) AS n FROM messages NOT INDEXED GROUP BY topic_id');
    return {
      counts: new Map(rows.map((row) => [Number(row['topic_id']), Number(row['n'])])),
      start: toBigint(range['first']),
      end: toBigint(range['last']),
    };
  }

  *places({ start, end }: Wanted): IterableIterator<Place> {
    const sql = 'SELECT timestamp, id FROM messages WHERE timestamp BETWEEN ? AND ? ORDER BY timestamp, id';
    let last: Place | undefined;
    for (const row of this.database.iterate(sql, [start, end])) {
      const [time, id] = [toBigint(row['timestamp']), toBigint(row['id'])];
      if (time === undefined || id === undefined) continue;
      // An index that does not rise is damaged. One that rises and agrees with the rows names no row twice.
      if (last && (time < last.time || (time === last.time && id <= last.id))) throw new Error('it is not in order');
      last = { time, id };
      yield last;
    }
  }

  read({ time, id }: Place, { without }: Wanted, limit: number): MessageRow {
    const row = this.database.get('SELECT topic_id, timestamp FROM messages WHERE id = ?', [id]);
    if (!row) throw new Error('the index names it but it is not there');
    if (toBigint(row['timestamp']) !== time) throw new Error('the index names another log time');
    const topicId = Number(row['topic_id']);
    if (without.has(topicId)) return { topicId, time, data: null };
    const sql = 'SELECT length(data) AS size, iif(length(data) <= ?, data, NULL) AS data FROM messages WHERE id = ?';
    const cell = this.database.get(sql, [limit, id]);
    if (Number(cell?.['size']) > limit)
      throw new Error(`${String(cell?.['size'])} bytes are over the limit of ${String(limit)}`);
    return { topicId, time, data: cell?.['data'] ?? null };
  }
}
