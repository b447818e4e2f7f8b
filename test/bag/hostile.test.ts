import { McapRecordBuilder } from '@mcap/core';
import zstd from '@foxglove/wasm-zstd';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import sqlite from 'node-sqlite3-wasm';
import path from 'node:path';
import { promisify } from 'node:util';
import type { OpenOptions } from '../../src/bag/bag.js';
import { BagWriter } from '../../src/bag/bagWriter.js';
import { decodeMessage } from '../../src/messages/decode.js';
import { decodeFrame } from '../../src/bag/frames.js';
import { openBag } from '../../src/bag/openBag.js';
import { ExpectedError } from '../../src/errors.js';
import { allMessages, inFolder } from './bagTools.js';

async function refusal(file: string, options?: OpenOptions): Promise<string> {
  try {
    const bag = await openBag(file, options);
    await bag.close();
  } catch (error) {
    if (error instanceof ExpectedError && error.kind === 'input' && error.remedy !== '') return error.message;
    throw error;
  }
  throw new Error(`${file} was opened`);
}

const metadata = (files: string[], storage = 'mcap'): string =>
  `rosbag2_bagfile_information:\n  version: 5\n  storage_identifier: ${storage}\n  relative_file_paths: ${JSON.stringify(files)}\n`;

async function smallBag(file: string): Promise<void> {
  const writer = await BagWriter.create(file);
  await writer.addTopic({ name: '/n', type: 'std_msgs/msg/Int32' });
  for (let i = 0; i < 3; i += 1) await writer.writeMessage('/n', BigInt(i), { data: i });
  await writer.close();
}

describe('bad bags', () => {
  it('that are not there, empty or something else are refused by name', () =>
    inFolder(async (folder) => {
      const cases: [string, string | Uint8Array, RegExp][] = [
        ['empty.mcap', '', /empty\.mcap is empty/],
        ['text.mcap', 'hello, this is a text and no bag at all', /text\.mcap is no MCAP file/],
        ['text.txt', 'hello, this is a text and no bag at all', /text\.txt is no bag: neither MCAP nor SQLite3/],
        ['text.db3', 'hello, this is a text and no bag at all', /text\.db3 cannot be opened as an SQLite3 bag/],
        ['ros1.bag', '#ROSBAG V2.0\n', /ros1\.bag is a ROS 1 bag/],
        ['broken.db3.zstd', 'not zstd', /broken\.db3\.zstd/],
      ];
      for (const [name, content, message] of cases) {
        await writeFile(path.join(folder, name), content);
        assert.match(await refusal(path.join(folder, name)), message);
      }
      assert.match(await refusal(path.join(folder, 'nope')), /there is no bag at .*nope/);
      await mkdir(path.join(folder, 'hollow'));
      assert.match(await refusal(path.join(folder, 'hollow')), /holds no metadata\.yaml and no \.mcap or \.db3 file/);
    }));

  it('that are pipes or devices are refused instead of waited for', () =>
    inFolder(async (folder) => {
      const pipe = path.join(folder, 'pipe');
      await promisify(execFile)('mkfifo', [pipe]);
      assert.match(await refusal(pipe), /pipe is neither a file nor a folder/);
      assert.match(await refusal('/dev/zero'), /\/dev\/zero is neither a file nor a folder/);
    }));

  it('that list one file many times are read once', () =>
    inFolder(async (folder) => {
      await smallBag(path.join(folder, 'part.mcap'));
      const names = ['part.mcap', './part.mcap', 'part.mcap', 'bag/part.mcap'];
      await writeFile(path.join(folder, 'metadata.yaml'), metadata(names));
      const bag = await openBag(folder);
      assert.equal((await allMessages(bag)).length, 3);
      assert.deepEqual(bag.files, [path.join(folder, 'part.mcap')]);
      await bag.close();
    }));

  it('whose metadata.yaml leads out of the folder or makes no sense are refused', () =>
    inFolder(async (folder) => {
      await smallBag(path.join(folder, 'outside.mcap'));
      const bag = path.join(folder, 'bag');
      await mkdir(bag);
      const cases: [string, RegExp][] = [
        [metadata(['../outside.mcap']), /names "\.\.\/outside\.mcap", which leads out of the bag's folder/],
        [metadata([path.join(folder, 'outside.mcap')]), /leads out of the bag's folder/],
        [metadata(['a/../../outside.mcap']), /leads out of the bag's folder/],
        [metadata(['gone.mcap']), /none of the files that .*metadata\.yaml lists is there/],
        [metadata(['x'], 'rosbag1'), /storage_identifier "rosbag1" is not supported/],
        ['rosbag2_bagfile_information: {version: 5}', /metadata\.yaml is no rosbag2 metadata/],
        ['{]', /metadata\.yaml is no valid YAML/],
        [
          `a: &a [x,x,x,x]\n${Array.from({ length: 30 }, (_, i) => `b${String(i)}: &b${String(i)} [${'*a,'.repeat(20)}]`).join('\n')}`,
          /YAML|rosbag2 metadata/,
        ],
      ];
      for (const [yaml, message] of cases) {
        await writeFile(path.join(bag, 'metadata.yaml'), yaml);
        assert.match(await refusal(bag), message);
      }
    }));

  it('of several files are read as far as there are sound ones', () =>
    inFolder(async (folder) => {
      await smallBag(path.join(folder, 'a_0.mcap'));
      await writeFile(path.join(folder, 'a_1.mcap'), '');
      for (const listed of [true, false]) {
        if (listed)
          await writeFile(path.join(folder, 'metadata.yaml'), metadata(['a/a_0.mcap', 'a_1.mcap', 'a_2.mcap']));
        else await writeFile(path.join(folder, 'metadata.yaml'), '').then(() => removeMetadata(folder));
        const bag = await openBag(folder);
        assert.equal((await allMessages(bag)).length, 3);
        assert.equal(
          bag.losses.length,
          2,
          JSON.stringify(bag.losses, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v)),
        );
        await bag.close();
      }
    }));

  it('with sizes out of bounds are skipped over, not obeyed', () =>
    inFolder(async (folder) => {
      await zstd.isLoaded;
      const builder = new McapRecordBuilder();
      const chunk = (records: Uint8Array, uncompressedSize: bigint, compression: string): void => {
        const times = { messageStartTime: 0n, messageEndTime: 1n };
        builder.writeChunk({ ...times, compression, uncompressedSize, uncompressedCrc: 0, records });
      };
      builder.writeMagic();
      builder.writeHeader({ profile: '', library: '' });
      const bomb = zstd.compress(new Uint8Array(5_000_000), 19);
      chunk(bomb, 5_000_000n, 'zstd'); // over the limit
      chunk(bomb, 1_000n, 'zstd'); // grows to more than it says
      chunk(bomb, 1n << 62n, 'zstd');
      chunk(new Uint8Array(10), 10n, 'lzma');
      builder.writeChannel({ id: 1, schemaId: 0, topic: '/n', messageEncoding: 'json', metadata: new Map() });
      const message = { channelId: 1, sequence: 0, logTime: 5n, publishTime: 5n };
      builder.writeMessage({ ...message, data: new Uint8Array(200_000) }); // over the limit
      builder.writeMessage({ ...message, data: new Uint8Array(3) });
      builder.writeMessage({ ...message, channelId: 9, data: new Uint8Array(3) }); // on no channel
      const file = path.join(folder, 'bomb.mcap');
      await writeFile(file, builder.buffer);
      const bag = await openBag(file, { limits: { decompressedBytes: 1_000_000, recordBytes: 100_000 } });
      assert.deepEqual(
        (await allMessages(bag)).map(({ data }) => data.byteLength),
        [3],
      );
      const why = bag.losses.map((loss) => loss.why).join('\n');
      assert.match(why, /chunk of 5000000 bytes is over the limit of 1000000/);
      assert.match(why, /Error during decompression/);
      assert.match(why, /chunk of 4611686018427388000 bytes/);
      assert.match(why, /unsupported compression "lzma"/);
      assert.match(why, /message of 200022 bytes is over the limit of 100000/);
      assert.match(why, /no definition of channel 9/);
      await bag.close();
    }));

  it('compressed as a whole may not fill the disk', () =>
    inFolder(async (folder) => {
      await zstd.isLoaded;
      await writeFile(path.join(folder, 'bomb.mcap.zstd'), zstd.compress(new Uint8Array(50_000_000), 19));
      const options = { limits: { temporaryFileBytes: 1_000_000 }, temporaryFolder: folder };
      assert.match(
        await refusal(path.join(folder, 'bomb.mcap.zstd'), options),
        /decompresses to more than 1000000 bytes/,
      );
      assert.deepEqual(await readdir(folder), ['bomb.mcap.zstd'], 'nothing is left behind');
    }));

  it('in SQLite3 may not run code of their own', () =>
    inFolder(async (folder) => {
      const file = path.join(folder, 'view.db3');
      const db = new sqlite.Database(file);
      db.exec(`CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT);
        CREATE VIEW messages AS WITH RECURSIVE t(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM t)
          SELECT id, 1 AS topic_id, id AS timestamp, x'00' AS data FROM t`);
      db.close();
      assert.match(await refusal(file), /no rosbag2 bag/);
    }));

  it('with rows of wrong kinds lose only those', () =>
    inFolder(async (folder) => {
      const file = path.join(folder, 'rows.db3');
      const db = new sqlite.Database(file);
      db.exec(`CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT);
        CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB);
        INSERT INTO topics VALUES (1, '/n', 'std_msgs/msg/Int32', 'cdr');
        INSERT INTO messages(topic_id, timestamp, data) VALUES (1, 10, x'0001000007000000'), (2, 11, x'00'), (1, 12, 'text'),
          (1, 13, NULL), (1, 14, zeroblob(2000)), (1, 15, x'28b52ffd'), (1, 16, x'0001000008000000')`);
      db.close();
      const bag = await openBag(file, { limits: { recordBytes: 1000 } });
      assert.deepEqual(
        (await allMessages(bag)).map(({ logTimeNs }) => logTimeNs),
        [10n, 16n],
      );
      assert.equal(bag.losses.length, 5);
      await bag.close();
    }));

  it('hold messages that cannot be decoded: that is an expected error', () => {
    const isInput = (error: unknown): boolean =>
      error instanceof ExpectedError && error.kind === 'input' && error.remedy !== '';
    const image = { topic: '/i', type: 'sensor_msgs/msg/Image', logTimeNs: 0n, publishTimeNs: 0n };
    const wrong = [
      new Uint8Array(0),
      new Uint8Array(3),
      new Uint8Array(200).fill(255),
      Uint8Array.of(0, 1, 0, 0, 1, 2, 3),
    ];
    // A picture that says it has four thousand million bytes.
    const huge = new Uint8Array(60);
    huge.set([0, 1, 0, 0]);
    huge.fill(255, 36, 40);
    for (const data of [...wrong, huge]) assert.throws(() => decodeFrame({ ...image, data }, 'rgb', ''), isInput);
    assert.throws(() => decodeFrame({ ...image, data: huge }, 'rgb', 'int32 data'), isInput);
    assert.throws(() => decodeMessage('a/msg/B', '', new Uint8Array(8)), /no definition of a\/msg\/B/);
    assert.throws(() => decodeMessage('a/msg/B', 'this is (no definition', new Uint8Array(8)), isInput);
    const recursive = `a/C c\n${'='.repeat(80)}\nMSG: a/C\na/C c\n`;
    assert.throws(() => decodeMessage('a/msg/B', recursive, new Uint8Array(8)), isInput);
    const many = `a/C[4000000000] c\n${'='.repeat(80)}\nMSG: a/C\nint32 X=1\n`;
    assert.throws(() => decodeMessage('a/msg/B', many, new Uint8Array(8)), isInput);
  });
});

async function removeMetadata(folder: string): Promise<void> {
  const { rm } = await import('node:fs/promises');
  await rm(path.join(folder, 'metadata.yaml'));
}
