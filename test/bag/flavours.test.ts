import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { decodeMessage } from '../../src/messages/decode.js';
import { decodeFrame } from '../../src/bag/frames.js';
import { openBag } from '../../src/bag/openBag.js';
import { allMessages, identify } from './bagTools.js';
import { runPython } from './python.js';

const expectedSchema = z.object({
  messages: z.array(z.object({ topic: z.string(), time: z.string(), sha256: z.string() })),
});

describe('bags written by rosbags, mcap and sqlite3', function () {
  this.timeout(60_000);
  let folder: string;
  let expected: z.infer<typeof expectedSchema>['messages'];
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'msal-flavours-'));
    expected = expectedSchema.parse(await runPython('make_bags.py', folder)).messages;
  });
  after(() => rmSync(folder, { recursive: true }));

  it('are read whole, in order and without losses in every flavour', async () => {
    const names = readdirSync(folder).filter((name) => !/-(wal|shm)$/.test(name));
    assert.equal(names.length, 14 + 18 + 1 + 1 + 3);
    for (const name of names) {
      const bag = await openBag(path.join(folder, name));
      assert.deepEqual((await allMessages(bag)).map(identify), expected, name);
      assert.deepEqual(bag.losses, [], name);
      assert.deepEqual(
        bag.topics.map((topic) => [topic.name, topic.type, topic.count, topic.serialization]),
        [
          ['/camera/rgb/image_raw', 'sensor_msgs/msg/Image', 40, 'cdr'],
          ['/text', 'std_msgs/msg/String', 20, 'cdr'],
        ],
        name,
      );
      assert.equal(String(bag.startTimeNs), expected[0].time, name);
      assert.equal(bag.durationNs, 590_000_000n, name);
      assert.equal(bag.storage, name.includes('mcap') || name === 'split' ? 'mcap' : 'sqlite3', name);
      assert.equal(
        bag.compressions.join(),
        name.endsWith('-file')
          ? 'zstd (files)'
          : name.endsWith('-message')
            ? 'zstd (messages)'
            : name.endsWith('-storage') ||
                name.includes('zstd-chunked') ||
                name === 'mcap-no-repeat.mcap' ||
                name === 'split'
              ? 'zstd (chunks)'
              : name.includes('lz4-chunked')
                ? 'lz4 (chunks)'
                : '',
        name,
      );
      await bag.close();
    }
  });

  it('can be read from the middle, one topic only', async () => {
    for (const name of ['mcap-zstd-chunked-indexed.mcap', 'mcap-none-unchunked-bare.mcap', 'plain.db3', 'split']) {
      const bag = await openBag(path.join(folder, name));
      const [start, end] = [BigInt(expected[20].time), BigInt(expected[41].time)];
      const part = await allMessages(bag, { topics: ['/text'], start, end });
      assert.deepEqual(
        part.map(identify),
        expected.slice(20, 42).filter(({ topic }) => topic === '/text'),
        name,
      );
      await bag.close();
    }
  });

  it('decode to the values that were written, with and without a definition in the bag', async () => {
    for (const name of ['rosbags-v9-mcap-none', 'rosbags-v8-sqlite3-none', 'plain.db3']) {
      const bag = await openBag(path.join(folder, name));
      const definition = new Map(bag.topics.map((topic) => [topic.name, topic.definition]));
      assert.equal(definition.get('/text') === '', name === 'plain.db3');
      for (const [i, message] of (await allMessages(bag)).entries()) {
        if (message.topic === '/text') {
          assert.deepEqual(decodeMessage(message.type, definition.get('/text')!, message.data), {
            data: `mile ${i} ü`,
          });
        } else {
          const frame = decodeFrame(message, 'rgb', definition.get(message.topic)!);
          assert.equal(frame.stampNs, message.logTimeNs);
          assert.deepEqual(
            [...frame.image.data],
            Array.from({ length: 24 }, (_, p) => (p * 7 + i) % 256),
          );
        }
      }
      await bag.close();
    }
  });

  it('keep publish times and metadata records of MCAP', async () => {
    const bag = await openBag(path.join(folder, 'mcap-lz4-chunked-unindexed.mcap'));
    assert.deepEqual(bag.metadata, [{ name: 'drive', values: { city: 'Tokyo' } }]);
    for (const { logTimeNs, publishTimeNs } of await allMessages(bag)) assert.equal(publishTimeNs, logTimeNs - 5n);
    await bag.close();
  });

  it('are left as they were, SQLite3 with a write-ahead log and a left-over lock included', async () => {
    const fingerprint = (): string[] =>
      readdirSync(folder)
        .filter((name) => name.includes('.db3'))
        .map((name) => `${name} ${statHash(path.join(folder, name))}`);
    await mkdir(path.join(folder, 'plain.db3.lock'));
    await mkdir(path.join(folder, 'wal.db3.lock'));
    const before = fingerprint();
    await chmod(folder, 0o555);
    try {
      for (const name of ['plain.db3', 'wal.db3']) {
        const bag = await openBag(path.join(folder, name));
        assert.equal((await allMessages(bag)).length, expected.length);
        assert.deepEqual(fingerprint(), before, 'while it is read');
        await bag.close();
      }
    } finally {
      await chmod(folder, 0o755);
    }
    assert.deepEqual(fingerprint(), before);
    assert.ok(before.some((line) => line.startsWith('wal.db3-wal')));
  });
});

function statHash(file: string): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return 'folder';
  }
}
