import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readFile, writeFile } from 'node:fs/promises';
import sqlite from 'node-sqlite3-wasm';
import path from 'node:path';
import { openBag } from '../../src/bag/openBag.js';
import { ExpectedError } from '../../src/errors.js';
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

  it('with noise anywhere neither hang nor throw anything unexpected', () =>
    inFolder(async (folder) => {
      const sound = await sample(folder);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(sound.byteLength - 1), fc.uint8Array({ minLength: 1, maxLength: 60 })), {
            maxLength: 6,
          }),
          fc.option(fc.nat(sound.byteLength)),
          async (holes, cut) => {
            const bytes = Uint8Array.from(sound);
            for (const [at, noise] of holes) bytes.set(noise.subarray(0, bytes.byteLength - at), at);
            await read(folder, cut === null ? bytes : bytes.subarray(0, cut));
          },
        ),
        { numRuns: 150 },
      );
    }));
});
