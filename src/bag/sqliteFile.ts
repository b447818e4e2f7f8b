import { setImmediate } from 'node:timers/promises';
import { ExpectedError, reasonOf } from '../errors.js';
import type { BagFile, BagLimits, MessageFilter, MetadataRecord, TopicInfo } from './bag.js';
import type { RawMessage } from '../messages/rawMessage.js';
import { compressorsReady, decompressMessage } from './compression.js';
import type { LossLog } from './losses.js';
import { logBeside, SqliteDatabase } from './sqliteDatabase.js';
import { IndexedMessages } from './sqliteIndexed.js';
import { SqlitePages } from './sqlitePages.js';
import { SqliteRows } from './sqliteRows.js';
import { SalvagedMessages } from './sqliteSalvage.js';
import { checkTrees, type Tree } from './sqliteSchema.js';
import type { Counts, MessageSource, Place, Totals, Wanted } from './sqliteSource.js';
import { isZstd } from './zstdFrames.js';

/** After so many bytes of messages other work of the process gets its turn: SQLite reads synchronously. */
const BYTES_PER_TURN = 4 * 1024 * 1024;
/** Of the tables with topics and definitions: more is not read. */
const SMALL_TABLE_ROWS = 100_000;
const SMALL_TABLE_BYTES = 64 * 1024 * 1024;
const BIGGEST_TIME = 0x7fff_ffff_ffff_ffffn;

/** One SQLite3 file of rosbag2. */
export class SqliteFile implements BagFile {
  readonly compressions = new Set<string>();
  readonly metadata: readonly MetadataRecord[] = [];
  readonly topics: readonly TopicInfo[];
  readonly startTimeNs: bigint;
  readonly endTimeNs: bigint;
  readonly #topicsById = new Map<number, { readonly name: string; readonly type: string }>();

  /** Where the messages are read from. */
  readonly #source: MessageSource;
  /** What reads them where SQLite cannot. */
  readonly #salvage: SalvagedMessages;
  readonly database: SqliteDatabase;
  readonly pages: SqlitePages;
  readonly trees: readonly Tree[];
  readonly file: string;
  readonly limits: BagLimits;
  readonly losses: LossLog;

  private constructor(
    database: SqliteDatabase,
    pages: SqlitePages,
    trees: readonly Tree[],
    file: string,
    limits: BagLimits,
    losses: LossLog,
  ) {
    this.database = database;
    this.pages = pages;
    this.trees = trees;
    this.file = file;
    this.limits = limits;
    this.losses = losses;
    if (database.hasHotJournal) {
      const why = 'recording was interrupted inside a transaction; its leftover -journal file is ignored';
      losses.add({ file, what: 'index', why });
    }
    const ofMessages = trees.filter(({ table }) => table === 'messages');
    const root = ofMessages.find(({ kind }) => kind === 'table')?.root ?? 0;
    const noteLoss = (why: string, id?: bigint): void => {
      if (id !== undefined) this.#lose(why, id);
      else losses.add({ file, what: 'message', why: `messages: ${why}` });
    };
    this.#salvage = new SalvagedMessages(new SqliteRows(pages, root), database.columns('messages'), noteLoss);
    for (const { kind, name, trouble } of ofMessages)
      if (trouble !== undefined) losses.add({ file, what: 'index', why: `${kind} ${name} is damaged (${trouble})` });
    const inOrder = ofMessages.some(({ kind, sql }) => kind === 'index' && /\(\s*["`[]?timestamp\b/i.test(sql));
    const sound = ofMessages.every(({ trouble }) => trouble === undefined);
    this.#source = inOrder && sound ? new IndexedMessages(database) : this.#salvage;
    const { counts, start, end } = this.#totals();
    this.topics = this.#readTopics(counts);
    const topicTrouble = trees.find(({ kind, name }) => kind === 'table' && name === 'topics')?.trouble;
    if (this.topics.length === 0 && topicTrouble !== undefined)
      throw new Error(`its table of topics is damaged (${topicTrouble})`);
    this.startTimeNs = start ?? 0n;
    this.endTimeNs = end ?? 0n;
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
    let pages: SqlitePages | undefined;
    let database: SqliteDatabase | undefined;
    const refusal = (what: string, error: unknown): ExpectedError => {
      const why = reasonOf(error);
      return new ExpectedError('input', `${shownAs} ${what}: ${why}`, remedy, { cause: error });
    };
    try {
      pages = SqlitePages.open(file, logBeside(file));
      const trees = await checkTrees(pages);
      database = await SqliteDatabase.open(file, temporaryFolder);
      const columns = database.columns('messages');
      if (
        !['id', 'topic_id', 'timestamp', 'data'].every((c) => columns.includes(c)) ||
        !database.columns('topics').includes('name')
      ) {
        throw new ExpectedError(
          'input',
          `${shownAs} is an SQLite3 database but no rosbag2 bag: it has no tables "messages" and "topics" with their columns`,
          'give the folder or .db3 file that `ros2 bag record` wrote',
        );
      }
      return new SqliteFile(database, pages, trees, shownAs, limits, losses);
    } catch (error) {
      pages?.close();
      await database?.close();
      if (error instanceof ExpectedError) throw error;
      throw refusal(database ? 'is too damaged' : 'cannot be opened as an SQLite3 bag', error);
    }
  }

  async *messages(filter: MessageFilter): AsyncIterableIterator<RawMessage> {
    const { start = -BIGGEST_TIME, end = BIGGEST_TIME } = filter;
    const topics = filter.topics && new Set(filter.topics);
    const others = [...this.#topicsById].filter(([, topic]) => topics && !topics.has(topic.name)).map(([id]) => id);
    const wanted: Wanted = { start: clampTime(start), end: clampTime(end), without: new Set(others) };
    // Rows that claim the same pages can claim more than the file has, for ever.
    let left = this.pages.bytes;
    let turn = 0;
    for (const { source, place } of this.#places(wanted)) {
      const message = this.#message(source, place, wanted, left);
      if (!message) continue;
      left -= message.stored;
      yield message.raw;
      turn += message.raw.data.byteLength + 256;
      if (turn >= BYTES_PER_TURN) {
        turn = 0;
        await setImmediate();
      }
    }
  }

  async close(): Promise<void> {
    this.pages.close();
    await this.database.close();
  }

  /** Where the messages stand, in the order of log time: by the index, or where that is damaged by the table itself. */
  *#places(wanted: Wanted): IterableIterator<{ readonly source: MessageSource; readonly place: Place }> {
    let last: Place | undefined;
    let visited = 0;
    try {
      for (const place of this.#source.places(wanted)) {
        last = place;
        visited += 1;
        yield { source: this.#source, place };
      }
    } catch (error) {
      if (this.#source === this.#salvage) throw error;
      const why = `index of log times is damaged, went through all messages instead (${(error as Error).message})`;
      const from = last ?? { time: wanted.start, id: -BIGGEST_TIME };
      this.losses.add({ file: this.file, what: 'index', why, timeNs: { start: from.time, end: wanted.end } });
      for (const place of this.#salvage.places({ ...wanted, start: from.time }))
        if (place.time > from.time || place.id > from.id) yield { source: this.#salvage, place };
      return;
    }
    const total = this.topics.reduce((sum, topic) => sum + topic.count, 0);
    const isAll = wanted.start <= this.startTimeNs && wanted.end >= this.endTimeNs;
    if (this.#source !== this.#salvage && isAll && visited < total) {
      const why = `index of log times names only ${String(visited)} of ${String(total)} messages`;
      this.losses.add({ file: this.file, what: 'index', why, messages: total - visited });
    }
  }

  /** @param left bytes that the rest of the file's messages may have */
  #message(
    source: MessageSource,
    place: Place,
    wanted: Wanted,
    left: number,
  ): { readonly raw: RawMessage; readonly stored: number } | undefined {
    const lost = (why: string): undefined => {
      this.#lose(why, place.id, place.time);
    };
    try {
      const row = source.read(place, wanted, this.limits.recordBytes);
      const topic = this.#topicsById.get(row.topicId);
      if (!topic) return lost(`no topic with id ${String(row.topicId)}`);
      if (wanted.without.has(row.topicId)) return undefined;
      let { data } = row;
      if (!(data instanceof Uint8Array)) return lost('its data are no bytes');
      const stored = data.byteLength;
      if (stored > left) return lost('the rows before it took all bytes that the file has');
      if (isZstd(data)) {
        data = decompressMessage(data, this.limits.decompressedBytes);
        this.compressions.add('zstd (messages)');
      }
      const raw = {
        topic: topic.name,
        type: topic.type,
        logTimeNs: place.time,
        publishTimeNs: place.time,
        data: data.byteLength === data.buffer.byteLength ? data : new Uint8Array(data),
      };
      return { raw, stored };
    } catch (error) {
      return lost((error as Error).message);
    }
  }

  #lose(why: string, id: bigint, time?: bigint): void {
    const timeNs = time === undefined ? {} : { timeNs: { start: time, end: time } };
    this.losses.add({ file: this.file, what: 'message', why: `row ${String(id)}: ${why}`, ...timeNs, messages: 1 });
  }

  #readTopics(counts: Counts): TopicInfo[] {
    const definitions = this.#readDefinitions();
    return this.#rows('topics').map((row) => {
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
    if (!['topic_type', 'encoding', 'encoded_message_definition'].every((c) => columns.includes(c))) return new Map();
    return new Map(
      this.#rows('message_definitions').map((row) => [
        text(row['topic_type']),
        { encoding: text(row['encoding']), definition: text(row['encoded_message_definition']) },
      ]),
    );
  }

  /** The rows of a small table, read page by page so that nothing in it can be endless. */
  #rows(table: 'topics' | 'message_definitions'): Readonly<Record<string, unknown>>[] {
    const columns = this.database.columns(table);
    const rows: Record<string, unknown>[] = [];
    const root = this.trees.find((tree) => tree.kind === 'table' && tree.name === table)?.root;
    if (root === undefined) return [];
    const trouble = (why: string): void =>
      this.losses.add({ file: this.file, what: 'record', why: `${table}: ${why}` });
    const reader = new SqliteRows(this.pages, root);
    let left = SMALL_TABLE_BYTES;
    for (const place of reader.places(trouble)) {
      if (rows.length === SMALL_TABLE_ROWS || left <= 0) {
        trouble(`only its first ${String(rows.length)} rows are read`);
        break;
      }
      try {
        const values = reader.values(place, left);
        left -= values.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0);
        const row = Object.fromEntries(columns.map((column, i) => [column, values[i]]));
        rows.push({ ...row, id: row['id'] ?? place.id });
      } catch (error) {
        trouble(`row ${String(place.id)}: ${(error as Error).message}`);
      }
    }
    return rows;
  }

  #totals(): Totals {
    try {
      return this.#source.totals();
    } catch (error) {
      const why = `messages cannot be counted by SQLite (${(error as Error).message})`;
      this.losses.add({ file: this.file, what: 'index', why });
      return this.#salvage.totals();
    }
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function clampTime(time: bigint): bigint {
  return time > BIGGEST_TIME ? BIGGEST_TIME : time < -BIGGEST_TIME ? -BIGGEST_TIME : time;
}
