import sqlite, { type Database as SqliteHandle, type Statement } from 'node-sqlite3-wasm';
import { existsSync, lstatSync, statSync } from 'node:fs';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A value that SQLite hands out. */
type Value = number | bigint | string | Uint8Array | null;
export type Row = Readonly<Record<string, Value>>;

/**
 * An SQLite file that is only read. It is opened through a link in a folder of our own, because SQLite would leave lock
 * files beside the bag, needs to write there to look into a write-ahead log, and refuses a file whose lock was left
 * behind by a killed program. The log itself, if there is one, is copied; the bag's files are never written.
 */
export class SqliteDatabase {
  readonly #statements = new Map<string, Statement>();
  readonly path: string;
  readonly folder: string;
  readonly handle: SqliteHandle;
  /** True where an interrupted transaction could not be rolled back, because that needs writing. */
  readonly hasHotJournal: boolean;

  private constructor(path: string, folder: string, handle: SqliteHandle, hasHotJournal: boolean) {
    this.path = path;
    this.folder = folder;
    this.handle = handle;
    this.hasHotJournal = hasHotJournal;
  }

  /** @throws Error with SQLite's reason where the file is no database */
  static async open(file: string, temporaryFolder = tmpdir()): Promise<SqliteDatabase> {
    const folder = await mkdtemp(path.join(temporaryFolder, 'msal-sqlite-'));
    try {
      const link = path.join(folder, 'bag.db3');
      await symlink(path.resolve(file), link);
      const log = logBeside(file);
      if (log !== undefined) await copyFile(log, `${link}-wal`);
      const handle = new sqlite.Database(link, { readOnly: true });
      try {
        // The log's index is then kept in memory instead of in a shared file.
        handle.all('PRAGMA locking_mode = EXCLUSIVE');
        handle.exec('PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON');
        // Lets a file be read that is shorter than its header says: what is missing then shows page by page.
        handle.exec('PRAGMA writable_schema = ON');
        handle.all('SELECT count(*) FROM sqlite_schema');
      } catch (error) {
        handle.close();
        throw error;
      }
      return new SqliteDatabase(file, folder, handle, hasBytes(`${file}-journal`));
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** All rows of a small result. */
  all(sql: string, values: (number | bigint | string)[] = []): Row[] {
    return this.handle.all(sql, values) as Row[];
  }

  /** The rows of a large result, one at a time. Throws SQLite's error where it meets a damaged page. */
  *iterate(sql: string, values: (number | bigint | string)[] = []): IterableIterator<Row> {
    const statement = this.handle.prepare(sql);
    try {
      yield* statement.iterate(values) as IterableIterator<Row>;
    } finally {
      finalize(statement);
    }
  }

  /** The only row of a query that is asked often: it is compiled once. */
  get(sql: string, values: (number | bigint | string)[]): Row | undefined {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.handle.prepare(sql);
      this.#statements.set(sql, statement);
    }
    try {
      return (statement.get(values) as Row | null) ?? undefined;
    } catch (error) {
      // A statement that failed cannot be used again.
      this.#statements.delete(sql);
      finalize(statement);
      throw error;
    }
  }

  /** Names of a table's columns, in its order; none where there is no such table (a view or virtual table does not count). */
  columns(table: string): string[] {
    const sql = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?";
    const definition = this.all(sql, [table])[0]?.['sql'];
    if (typeof definition !== 'string' || /^\s*create\s+virtual/i.test(definition)) return [];
    return this.all(`SELECT name FROM pragma_table_info('${table}')`).map((row) => String(row['name']));
  }

  async close(): Promise<void> {
    for (const statement of this.#statements.values()) finalize(statement);
    this.#statements.clear();
    if (this.handle.isOpen) this.handle.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Frees a statement. One that failed reports its error once more here, which is known already. */
function finalize(statement: Statement): void {
  try {
    statement.finalize();
  } catch {
    // freed all the same
  }
}

/**
 * The write-ahead log of a database. A link is none: SQLite makes a file, and who sends a bag must not choose what is read on this
 * machine, or how much is copied.
 */
export function logBeside(file: string): string | undefined {
  const log = `${file}-wal`;
  const status = lstatSync(log, { throwIfNoEntry: false });
  return status?.isFile() && status.size > 0 ? log : undefined;
}

function hasBytes(file: string): boolean {
  return existsSync(file) && statSync(file).size > 0;
}
