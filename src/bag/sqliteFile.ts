import { setImmediate } from 'node:timers/promises';
import { ExpectedError } from '../errors.js';
import type { BagFile, BagLimits, MessageFilter, MetadataRecord, TopicInfo } from './bag.js';
import type { RawMessage } from '../messages/rawMessage.js';
import { compressorsReady, decompressMessage, isZstd } from './compression.js';
import type { LossLog } from './losses.js';
import { SqliteDatabase, type Row } from './sqliteDatabase.js';

/** After so many bytes of messages other work of the process gets its turn: SQLite reads synchronously. */
const BYTES_PER_TURN = 4 * 1024 * 1024;
/** More small messages than fit on one page of 4 KiB. */
const ROWS_PER_PAGE = 128;
/** After so many damaged rows the rest of a file is given up. */
const MOST_FAILURES = 100_000;
const BIGGEST_TIME = 0x7fff_ffff_ffff_ffffn;

/** Where a message stands: its log time, then its row. */
interface Place {
  readonly time: bigint;
  readonly id: bigint;
}

/** One SQLite3 file of rosbag2. */
export class SqliteFile implements BagFile {
  readonly compressions = new Set<string>();
  readonly metadata: readonly MetadataRecord[] = [];
  readonly topics: readonly TopicInfo[];
  readonly startTimeNs: bigint;
  readonly endTimeNs: bigint;
  readonly #topicsById = new Map<number, { readonly name: string; readonly type: string }>();

  private constructor(
    readonly database: SqliteDatabase,
    readonly file: string,
    readonly limits: BagLimits,
    readonly losses: LossLog,
  ) {
    if (database.hasHotJournal) {
      const why = 'recording was interrupted inside a transaction; its leftover -journal file is ignored';
      losses.add({ file, what: 'index', why });
    }
    this.topics = this.#readTopics();
    this.startTimeNs = this.#extreme('min') ?? 0n;
    this.endTimeNs = this.#extreme('max') ?? 0n;
  }

  static async open(
    file: string,
    limits: BagLimits,
    losses: LossLog,
    temporaryFolder?: string,
    shownAs = file,
  ): Promise<SqliteFile> {
    await compressorsReady();
    const remedy = `check it with \`sqlite3 ${shownAs} "PRAGMA integrity_check"\`, or rescue it with \`sqlite3 ${shownAs} .recover\``;
    let database: SqliteDatabase;
    try {
      database = await SqliteDatabase.open(file, temporaryFolder);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ExpectedError('input', `${shownAs} cannot be opened as an SQLite3 bag: ${why}`, remedy, {
        cause: error,
      });
    }
    try {
      const columns = database.columns('messages');
      if (
        !['id', 'topic_id', 'timestamp', 'data'].every((c) => columns.has(c)) ||
        !database.columns('topics').has('name')
      ) {
        throw new ExpectedError(
          'input',
          `${shownAs} is an SQLite3 database but no rosbag2 bag: it has no tables "messages" and "topics" with their columns`,
          'give the folder or .db3 file that `ros2 bag record` wrote',
        );
      }
      return new SqliteFile(database, shownAs, limits, losses);
    } catch (error) {
      await database.close();
      if (error instanceof ExpectedError) throw error;
      throw new ExpectedError('input', `${shownAs} is too damaged: ${(error as Error).message}`, remedy, {
        cause: error,
      });
    }
  }

  async *messages(filter: MessageFilter): AsyncIterableIterator<RawMessage> {
    const { start = -BIGGEST_TIME, end = BIGGEST_TIME } = filter;
    const topics = filter.topics && new Set(filter.topics);
    const ids = [...this.#topicsById].filter(([, topic]) => !topics || topics.has(topic.name)).map(([id]) => id);
    const wanted = new Set(ids);
    let turn = 0;
    for (const place of this.#places(clampTime(start), clampTime(end))) {
      const message = this.#message(place, wanted);
      if (!message) continue;
      yield message;
      turn += message.data.byteLength + 256;
      if (turn >= BYTES_PER_TURN) {
        turn = 0;
        await setImmediate();
      }
    }
  }

  async close(): Promise<void> {
    await this.database.close();
  }

  /** Where the messages stand, in the order of log time: by the index, or where that is damaged by the table itself. */
  *#places(start: bigint, end: bigint): IterableIterator<Place> {
    let last: Place = { time: start, id: -BIGGEST_TIME };
    let visited = 0;
    try {
      const sql = 'SELECT timestamp, id FROM messages WHERE timestamp BETWEEN ? AND ? ORDER BY timestamp, id';
      for (const row of this.database.iterate(sql, [start, end])) {
        const place = toPlace(row);
        if (!place) continue;
        last = place;
        visited += 1;
        yield place;
      }
      const total = this.topics.reduce((sum, topic) => sum + topic.count, 0);
      if (start <= this.startTimeNs && end >= this.endTimeNs && visited < total) {
        const why = `index of log times names only ${String(visited)} of ${String(total)} messages`;
        this.losses.add({ file: this.file, what: 'index', why, messages: total - visited });
      }
    } catch (error) {
      const why = `index of log times is damaged, went through all messages instead (${(error as Error).message})`;
      this.losses.add({ file: this.file, what: 'index', why, timeNs: { start: last.time, end } });
      yield* this.#placesByTable(last, end, visited === 0);
    }
  }

  /** The messages after `after`, found row by row and sorted. Rows on damaged pages are stepped over. */
  #placesByTable(after: Place, end: bigint, inclusive: boolean): Place[] {
    const places: Place[] = [];
    const sql = 'SELECT id, timestamp FROM messages NOT INDEXED WHERE id > ? ORDER BY id LIMIT 1000';
    let id = -BIGGEST_TIME;
    let hole: { readonly behind: bigint; tries: number; readonly why: string } | undefined;
    for (let failures = 0; failures < MOST_FAILURES;) {
      let rows = 0;
      try {
        for (const row of this.database.iterate(sql, [id])) {
          const place = toPlace(row);
          if (!place) continue;
          if (hole) this.#noteHole(hole, place.id);
          hole = undefined;
          rows += 1;
          id = place.id;
          const later = place.time > after.time || (place.time === after.time && (inclusive || place.id > after.id));
          if (later && place.time <= end) places.push(place);
        }
        if (rows === 0) break;
      } catch (error) {
        if (rows > 0) continue; // the damage lies behind the last good row: begin again there
        failures += 1;
        hole ??= { behind: id, tries: 0, why: (error as Error).message };
        // Row by row over what one damaged page may hold, then in leaps that grow: a hole may be most of the file.
        if (id < 0n) id = 0n;
        else id += hole.tries < ROWS_PER_PAGE ? 1n : 1n << BigInt(Math.min(40, hole.tries - ROWS_PER_PAGE));
        hole.tries += 1;
        if (hole.tries > ROWS_PER_PAGE + 60) break;
      }
    }
    if (hole) this.#noteHole(hole, undefined);
    return places.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.id < b.id ? -1 : 1));
  }

  #noteHole(hole: { readonly behind: bigint; readonly why: string }, next: bigint | undefined): void {
    const from = hole.behind < 0n ? 'the first rows' : `rows behind ${String(hole.behind)}`;
    const to = next === undefined ? 'to the end' : `before ${String(next)}`;
    this.losses.add({ file: this.file, what: 'message', why: `${from} ${to} lie on damaged pages (${hole.why})` });
  }

  #message(place: Place, wanted: ReadonlySet<number>): RawMessage | undefined {
    const lost = (why: string): undefined => {
      const timeNs = { start: place.time, end: place.time };
      this.losses.add({
        file: this.file,
        what: 'message',
        why: `row ${String(place.id)}: ${why}`,
        timeNs,
        messages: 1,
      });
    };
    try {
      const topicSql = 'SELECT topic_id, timestamp FROM messages WHERE id = ?';
      const row = this.database.get(topicSql, [place.id]);
      if (!row) return lost('the index names it but it is not there');
      const topicId = Number(row['topic_id']);
      const topic = this.#topicsById.get(topicId);
      if (!topic) return lost(`no topic with id ${String(topicId)}`);
      if (!wanted.has(topicId)) return undefined;
      const limit = this.limits.recordBytes;
      const dataSql =
        'SELECT length(data) AS size, iif(length(data) <= ?, data, NULL) AS data FROM messages WHERE id = ?';
      const cell = this.database.get(dataSql, [limit, place.id]);
      let data = cell?.['data'];
      if (Number(cell?.['size']) > limit)
        return lost(`${String(cell?.['size'])} bytes are over the limit of ${String(limit)}`);
      if (!(data instanceof Uint8Array)) return lost('its data are no bytes');
      if (isZstd(data)) {
        data = decompressMessage(data, this.limits.decompressedBytes);
        this.compressions.add('zstd (messages)');
      }
      return {
        topic: topic.name,
        type: topic.type,
        logTimeNs: place.time,
        publishTimeNs: place.time,
        data: data.byteLength === data.buffer.byteLength ? data : new Uint8Array(data),
      };
    } catch (error) {
      return lost((error as Error).message);
    }
  }

  #readTopics(): TopicInfo[] {
    const columns = this.database.columns('topics');
    const optional = (name: string): string => (columns.has(name) ? name : `'' AS ${name}`);
    const rows = this.database.all(
      `SELECT id, name, type, ${optional('serialization_format')}, ${optional('offered_qos_profiles')},
       ${optional('type_description_hash')} FROM topics LIMIT 100000`,
    );
    const definitions = this.#readDefinitions();
    const counts = this.#counts();
    return rows.map((row) => {
      const id = Number(row['id']);
      const [name, type] = [text(row['name']), text(row['type'])];
      this.#topicsById.set(id, { name, type });
      return {
        name,
        type,
        serialization: text(row['serialization_format']) || 'cdr',
        schemaEncoding: definitions.get(type)?.encoding ?? '',
        definition: definitions.get(type)?.definition ?? '',
        count: counts.get(id) ?? 0,
        offeredQosProfiles: text(row['offered_qos_profiles']),
        typeHash: text(row['type_description_hash']),
      };
    });
  }

  /** Message definitions by type; recorders since ROS 2 Iron store them. */
  #readDefinitions(): Map<string, { encoding: string; definition: string }> {
    const columns = this.database.columns('message_definitions');
    if (!['topic_type', 'encoding', 'encoded_message_definition'].every((c) => columns.has(c))) return new Map();
    const rows = this.database.all(
      'SELECT topic_type, encoding, encoded_message_definition AS text FROM message_definitions LIMIT 100000',
    );
    return new Map(
      rows.map((r) => [text(r['topic_type']), { encoding: text(r['encoding']), definition: text(r['text']) }]),
    );
  }

  #counts(): Map<number, number> {
    try {
      const rows = this.database.all('SELECT topic_id, count(*) AS n FROM messages NOT INDEXED GROUP BY topic_id');
      return new Map(rows.map((row) => [Number(row['topic_id']), Number(row['n'])]));
    } catch (error) {
      const why = `messages cannot be counted (${(error as Error).message})`;
      this.losses.add({ file: this.file, what: 'index', why });
      return new Map();
    }
  }

  #extreme(which: 'min' | 'max'): bigint | undefined {
    try {
      return toBigint(this.database.all(`SELECT ${which}(timestamp) AS t FROM messages`)[0]?.['t']);
    } catch (error) {
      const why = `${which === 'min' ? 'first' : 'last'} log time cannot be read (${(error as Error).message})`;
      this.losses.add({ file: this.file, what: 'index', why });
      return undefined;
    }
  }
}

function toPlace(row: Row): Place | undefined {
  const [time, id] = [toBigint(row['timestamp']), toBigint(row['id'])];
  return time === undefined || id === undefined ? undefined : { time, id };
}

function toBigint(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function clampTime(time: bigint): bigint {
  return time > BIGGEST_TIME ? BIGGEST_TIME : time < -BIGGEST_TIME ? -BIGGEST_TIME : time;
}
