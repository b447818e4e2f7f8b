import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import sqlite from 'node-sqlite3-wasm';
import path from 'node:path';
import { BagWriter } from '../../src/bag/bagWriter.js';
import { COMPRESSED_IMAGE, decodeFrame, IMAGE } from '../../src/bag/frames.js';
import { openBag } from '../../src/bag/openBag.js';
import { ExpectedError } from '../../src/errors.js';
import { decodeImage } from '../../src/images/decode.js';
import { encodingNames } from '../../src/images/encodings.js';
import { standardDefinition } from '../../src/messages/definitions.js';
import { messageSerializer } from '../../src/messages/messageSerializer.js';
import { packageRoot } from '../../src/packageRoot.js';
import { encodedFixtures } from '../images/helpers.js';

export const CASE_KINDS = ['sqlite', 'mcap', 'mcap-zstd', 'image', 'compressed-image'] as const;
export type CaseKind = (typeof CASE_KINDS)[number];

/** What one damaged copy gave. */
export interface CaseOutcome {
  readonly seed: number;
  /** Messages, or decoded images. */
  readonly messages: number;
  /** Of the sound original. */
  readonly rows: number;
  readonly cpuMs: number;
}

/** Numbers that depend on the seed alone (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A copy with damage of the kinds that disks, transfers and attackers make. */
function damaged(sound: Uint8Array, random: (below: number) => number): Uint8Array {
  const bytes = Uint8Array.from(sound);
  const view = new DataView(bytes.buffer);
  const page = Math.min(4096, Math.max(1, bytes.length >> 3));
  const pages = Math.max(1, Math.floor(bytes.length / page));
  for (let holes = 1 + random(6); holes > 0; holes -= 1) {
    // A third of it where tables, lists and lengths stand: at the start of a page.
    const at = random(3) === 0 ? Math.min(bytes.length - 1, random(pages) * page + random(120)) : random(bytes.length);
    switch (random(7)) {
      case 0:
        bytes[at] ^= 1 << random(8);
        break;
      case 1: // a number that points somewhere
        if (at + 4 <= bytes.length) view.setUint32(at, random(2 * pages), random(2) === 0);
        break;
      case 2: // a huge number
        bytes.fill(0xff, at, at + 1 + random(8));
        break;
      case 3:
        bytes.fill(0, at, at + 1 + random(200));
        break;
      case 4: // a part of it in another place
        bytes.copyWithin(random(pages) * page, random(pages) * page, (random(pages) + 1) * page);
        break;
      default:
        for (let i = at + random(60); i >= at; i -= 1) if (i < bytes.length) bytes[i] = random(256);
    }
  }
  return random(5) === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes;
}

interface Sound {
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/** Damages the sound originals of one kind and reads the copies. */
export class DamageCases {
  readonly kind: CaseKind;
  readonly folder: string;
  readonly sound: readonly Sound[];

  private constructor(kind: CaseKind, folder: string, sound: readonly Sound[]) {
    this.kind = kind;
    this.folder = folder;
    this.sound = sound;
  }

  static async make(kind: CaseKind, folder: string): Promise<DamageCases> {
    return new DamageCases(kind, folder, await soundOriginals(kind, folder));
  }

  /**
   * @throws Error that names the seed where anything but an expected error comes, or more messages than were written
   */
  async run(seed: number): Promise<CaseOutcome> {
    const random = randomNumbers(seed);
    const { bytes, rows } = this.sound[random(this.sound.length)];
    const copy = damaged(bytes, random);
    const before = process.cpuUsage();
    let messages = 0;
    try {
      messages = this.kind.endsWith('image') ? this.#decode(copy) : await this.#read(copy);
      assert.ok(messages <= rows, `${String(messages)} messages of ${String(rows)}`);
    } catch (error) {
      if (!(error instanceof ExpectedError) || error.kind !== 'input')
        throw new Error(`${this.kind}, seed ${String(seed)}: ${(error as Error).message}`, { cause: error });
    }
    const { user, system } = process.cpuUsage(before);
    return { seed, messages, rows, cpuMs: (user + system) / 1000 };
  }

  async #read(bytes: Uint8Array): Promise<number> {
    const file = path.join(this.folder, this.kind === 'sqlite' ? 'damaged.db3' : 'damaged.mcap');
    await writeFile(file, bytes);
    const bag = await openBag(file, { temporaryFolder: this.folder });
    let messages = 0;
    try {
      for await (const message of bag.messages()) messages += message.data.byteLength >= 0 ? 1 : 0;
    } finally {
      await bag.close();
    }
    return messages;
  }

  #decode(data: Uint8Array): number {
    const type = this.kind === 'image' ? IMAGE : COMPRESSED_IMAGE;
    const message = { topic: '/camera', type, logTimeNs: 0n, publishTimeNs: 0n, data };
    const pixels = decodeImage(decodeFrame(message, 'rgb', '').image);
    assert.equal(pixels.data.length, pixels.width * pixels.height * pixels.channels);
    return 1;
  }
}

async function soundOriginals(kind: CaseKind, folder: string): Promise<Sound[]> {
  switch (kind) {
    case 'sqlite': {
      const fixture = readFileSync(path.join(packageRoot, 'test/bag/fixtures/sound.db3'));
      return [{ bytes: fixture, rows: 400 }, await longRows(folder)];
    }
    case 'mcap':
    case 'mcap-zstd':
      return [await mcap(folder, kind === 'mcap' ? 'none' : 'zstd')];
    case 'image':
      return encodingNames().map((encoding) => {
        const data = Uint8Array.from({ length: 16 * 12 * 16 }, (_, i) => i);
        return { bytes: image(IMAGE, { height: 12, width: 16, encoding, is_bigendian: 0, step: 256, data }), rows: 1 };
      });
    case 'compressed-image':
      return Object.entries(encodedFixtures).map(([name, { file }]) => {
        return { bytes: image(COMPRESSED_IMAGE, { format: path.extname(name).slice(1), data: file }), rows: 1 };
      });
  }
}

function image(type: string, fields: object): Uint8Array {
  const header = { stamp: { sec: 1, nanosec: 2 }, frame_id: 'camera' };
  const serialize = messageSerializer(standardDefinition(type) ?? '');
  return Uint8Array.from(serialize({ header, ...fields }));
}

/** A recording whose messages take several pages each. */
async function longRows(folder: string): Promise<Sound> {
  const file = path.join(folder, 'long.db3');
  const rows = 60;
  const db = new sqlite.Database(file);
  db.exec(`CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, serialization_format TEXT NOT NULL);
    CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE INDEX timestamp_idx ON messages (timestamp ASC);
    INSERT INTO topics VALUES (1, '/n', 'std_msgs/msg/Int32', 'cdr'); BEGIN`);
  for (let i = 0; i < rows; i += 1) {
    const values = [BigInt(1_700_000_000_000_000_000n) + BigInt(i), new Uint8Array(50 + ((i * 977) % 20_000)).fill(i)];
    db.run('INSERT INTO messages(topic_id, timestamp, data) VALUES (1, ?, ?)', values);
  }
  db.exec('COMMIT');
  db.close();
  return { bytes: await readFile(file), rows };
}

async function mcap(folder: string, compression: 'none' | 'zstd'): Promise<Sound> {
  const file = path.join(folder, `sound-${compression}.mcap`);
  const rows = 300;
  const writer = await BagWriter.create(file, { chunkBytes: 4000, overwrite: true, compression });
  await writer.addTopic({ name: '/n', type: 'std_msgs/msg/Int32' });
  await writer.addTopic({ name: '/m', type: 'std_msgs/msg/Int32' });
  for (let i = 0; i < rows; i += 1) {
    const data = new Uint8Array(40 + (i % 7) * 30);
    new DataView(data.buffer).setInt32(4, i, true);
    await writer.write(i % 2 === 0 ? '/n' : '/m', BigInt(1000 + i), BigInt(1000 + i), data);
  }
  await writer.close();
  return { bytes: await readFile(file), rows };
}
