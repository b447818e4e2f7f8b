import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import sqlite from 'node-sqlite3-wasm';
import path from 'node:path';
import { openBag } from '../../src/bag/openBag.js';
import { SqlitePages } from '../../src/bag/sqlitePages.js';
import { SqliteRows } from '../../src/bag/sqliteRows.js';
import { ExpectedError } from '../../src/errors.js';
import { packageRoot } from '../../src/packageRoot.js';
import { allMessages, inFolder } from './bagTools.js';

const COUNT = 400;
const PAGE = 4096;

/** A recording of numbered messages over some dozen pages. */
async function sample(folder: string): Promise<Buffer> {
  const file = path.join(folder, 'sound.db3');
  const db = new sqlite.Database(file);
  db.exec(`CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, serialization_format TEXT NOT NULL);
    CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE INDEX timestamp_idx ON messages (timestamp ASC);
    INSERT INTO topics VALUES (1, '/n', 'std_msgs/msg/Int32', 'cdr'); BEGIN`);
  for (let i = 0; i < COUNT; i += 1) {
    const data = new Uint8Array(100);
    new DataView(data.buffer).setInt32(4, i, true);
    db.run('INSERT INTO messages(topic_id, timestamp, data) VALUES (1, ?, ?)', [
      BigInt(1_700_000_000_000_000_000n) + BigInt(i),
      data,
    ]);
  }
  db.exec('COMMIT');
  db.close();
  return readFile(file);
}

/** Numbers of the messages that a damaged copy gives; undefined where it is refused as it should be. */
async function read(folder: string, bytes: Uint8Array): Promise<{ numbers: number[]; losses: number } | undefined> {
  const file = path.join(folder, 'damaged.db3');
  await writeFile(file, bytes);
  let bag;
  try {
    bag = await openBag(file);
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    assert.equal(error.kind, 'input');
    return undefined;
  }
  const messages = await allMessages(bag);
  await bag.close();
  const numbers = messages.map(({ data }) =>
    data.byteLength === 100 ? new DataView(data.buffer).getInt32(4, true) : -1,
  );
  return { numbers, losses: bag.losses.length };
}

describe('damaged SQLite3 bags', function () {
  this.timeout(120_000);

  it('cut off at any page give the messages of the pages that are left', () =>
    inFolder(async (folder) => {
      const sound = await sample(folder);
      const pages = sound.byteLength / PAGE;
      let most = 0;
      for (let length = 5; length <= pages; length += 1) {
        const result = await read(folder, sound.subarray(0, length * PAGE));
        if (!result) continue;
        assert.equal(new Set(result.numbers).size, result.numbers.length, 'none twice');
        assert.ok(
          result.numbers.every((n, i) => i === 0 || n > result.numbers[i - 1]),
          'in order',
        );
        if (length < pages) assert.ok(result.losses > 0);
        most = Math.max(most, result.numbers.length);
        if (length === pages - 1) assert.ok(result.numbers.length >= COUNT - 40, String(result.numbers.length));
      }
      assert.equal(most, COUNT);
    }));

  it('with one page of messages overwritten lose only that page', () =>
    inFolder(async (folder) => {
      const sound = await sample(folder);
      let checked = 0;
      for (let page = 1; page < sound.byteLength / PAGE; page += 1) {
        if (sound[page * PAGE] !== 0x0d) continue; // a leaf of a table
        const bytes = Uint8Array.from(sound);
        bytes.fill(0xaa, page * PAGE, (page + 1) * PAGE);
        const result = await read(folder, bytes);
        if (!result) continue; // the page with the topics
        checked += 1;
        assert.ok(result.numbers.length >= COUNT - 40 && result.numbers.length < COUNT, String(result.numbers.length));
        assert.ok(result.losses > 0);
      }
      assert.ok(checked >= 8, String(checked));
    }));

  it('with the index overwritten lose nothing', () =>
    inFolder(async (folder) => {
      const sound = await sample(folder);
      for (let page = 1; page < sound.byteLength / PAGE; page += 1) {
        if (![0x02, 0x0a].includes(sound[page * PAGE])) continue; // a page of an index
        const bytes = Uint8Array.from(sound);
        bytes.fill(0xaa, page * PAGE, (page + 1) * PAGE);
        const result = await read(folder, bytes);
        assert.deepEqual(
          result?.numbers,
          Array.from({ length: COUNT }, (_, i) => i),
          `page ${String(page)}`,
        );
        assert.ok(result.losses > 0);
      }
    }));

  for (const [name, why] of [
    ['noise-527', /index timestamp_idx is damaged/],
    ['noise-4967', /index timestamp_idx is damaged/],
    ['noise-5874', /table messages is damaged/],
  ] as const)
    it(`${name}.db3, which was read for minutes or gave rows twice, gives each row once`, async () => {
      const bag = await openBag(path.join(packageRoot, 'test/bag/fixtures', `${name}.db3`));
      const numbers = (await allMessages(bag)).map(({ data }) => new DataView(data.buffer).getInt32(4, true));
      await bag.close();
      assert.ok(numbers.length > 300 && numbers.length <= COUNT, String(numbers.length));
      assert.ok(
        numbers.every((n, i) => i === 0 || n > numbers[i - 1]),
        'each once and in order',
      );
      assert.match(bag.losses.map((loss) => loss.why).join('\n'), why);
    });

  it('whose pages point back end, and name the page', () =>
    inFolder(async (folder) => {
      const sound = await sample(folder);
      const root = 3;
      assert.equal(sound[(root - 1) * PAGE], 0x05, 'messages have a page above their leaves');
      const bytes = Uint8Array.from(sound);
      const view = new DataView(bytes.buffer);
      const children = view.getUint16((root - 1) * PAGE + 3);
      // Every child is the root itself: SQLite would go down 20 levels on each of them.
      for (let i = 0; i < children; i += 1) {
        const cell = view.getUint16((root - 1) * PAGE + 12 + 2 * i);
        view.setUint32((root - 1) * PAGE + cell, root);
      }
      const result = await read(folder, bytes);
      assert.ok(result && result.numbers.length < 40, 'what the last pointer leads to');
      assert.ok(result.losses > 0);
    }));

  it('by their pages alone give what SQLite gives, write-ahead log included', () =>
    inFolder(async (folder) => {
      const file = path.join(folder, 'log.db3');
      const db = new sqlite.Database(file);
      db.exec(`PRAGMA page_size = 512; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;
        CREATE TABLE t(id INTEGER PRIMARY KEY, a, b, c)`);
      for (let i = 0; i < 200; i += 1) {
        const values = [BigInt(i) ** 5n * (i % 2 === 0 ? 1n : -1n), i / 7, i % 3 === 0 ? 'ü'.repeat(i * 9) : null];
        db.run('INSERT INTO t VALUES (?, ?, ?, ?)', [i * i + 1, ...values]);
      }
      for (let i = 0; i < 50; i += 1) db.run('DELETE FROM t WHERE id = ?', [i * i + 1]);
      const rows = db.all('SELECT id, a, b, c FROM t ORDER BY id').map((row) => Object.values(row).map(plain));
      const [root] = db.all("SELECT rootpage AS n FROM sqlite_schema WHERE name = 't'");
      const copy = path.join(folder, 'copy.db3');
      await writeFile(copy, await readFile(file));
      await writeFile(`${copy}-wal`, await readFile(`${file}-wal`));
      db.close();
      const pages = SqlitePages.open(copy, `${copy}-wal`);
      assert.ok(pages.log && pages.log.offsets.size > 10, 'the log holds most of it');
      const reader = new SqliteRows(pages, Number(root['n']));
      const read = [...reader.places(assert.fail)].map((place) => {
        const [, ...others] = reader.values(place, 1e6);
        return [place.id, ...others].map(plain);
      });
      pages.close();
      assert.equal(rows.length, 150);
      assert.deepEqual(read, rows);
    }));
});

/** Numbers alike, whichever kind they come as. */
function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : Number.isInteger(value) ? String(value) : value;
}
