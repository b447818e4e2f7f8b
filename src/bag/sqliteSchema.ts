import { setImmediate } from 'node:timers/promises';
import type { SqlitePages } from './sqlitePages.js';
import { SqliteRows } from './sqliteRows.js';
import { leaves, PageSet } from './sqliteTree.js';

/** Tables and indexes that are looked at; a bag has some ten. */
const MOST_TREES = 1000;
/** Longest definition of a table or index, bytes. */
const DEFINITION_BYTES = 1024 * 1024;
/** Pages after which other work of the process gets its turn. */
const PAGES_PER_TURN = 1024;

/** A table or index of the file. */
export interface Tree {
  readonly kind: 'table' | 'index';
  readonly name: string;
  /** The table that it is of. */
  readonly table: string;
  readonly root: number;
  readonly sql: string;
  /** What is wrong with its pages, in one line; undefined where each is there, once, and of the right kind. */
  readonly trouble: string | undefined;
}

/**
 * Goes through the pages of all tables and indexes but for those with the rest of long rows, each once, before SQLite sees
 * them: SQLite itself notices no page that points back, and would give rows over and over, or search for minutes.
 * @throws Error where the list of tables itself is damaged
 */
export async function checkTrees(pages: SqlitePages): Promise<Tree[]> {
  const damaged = (why: string): never => {
    throw new Error(`its list of tables is damaged (${why})`);
  };
  const rows = new SqliteRows(pages, 1);
  const seen = new PageSet(pages.count);
  for (const { page } of leaves(pages, { page: 1, kind: 'table' }, seen, damaged)) void page;
  const trees: Tree[] = [];
  for (const place of rows.places(damaged)) {
    const [type, name, table, root, sql] = rows.values(place, DEFINITION_BYTES);
    if ((type !== 'table' && type !== 'index') || typeof name !== 'string' || typeof root !== 'number' || root === 0)
      continue;
    if (trees.length === MOST_TREES) return damaged(`more than ${String(MOST_TREES)} tables and indexes`);
    const trouble = await treeTrouble(pages, { page: root, kind: type }, seen);
    // SQLite reads these before anything is asked.
    if (trouble !== undefined && /^sqlite_stat/i.test(name)) return damaged(`${name}: ${trouble}`);
    trees.push({ kind: type, name, table: text(table), root, sql: text(sql), trouble });
  }
  return trees;
}

async function treeTrouble(
  pages: SqlitePages,
  root: { readonly page: number; readonly kind: 'table' | 'index' },
  seen: PageSet,
): Promise<string | undefined> {
  let first: string | undefined;
  let visited = 0;
  for (const { page } of leaves(pages, root, seen, (why) => (first ??= why))) {
    if (first !== undefined || page === 0) return first;
    visited += 1;
    if (visited % PAGES_PER_TURN === 0) await setImmediate();
  }
  return first;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
