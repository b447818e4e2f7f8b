import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BagWriter } from '../../src/bag/bagWriter.js';
import { describeBag } from '../../src/bag/describeBag.js';
import { inFolder } from './bagTools.js';

describe('describing a bag', () => {
  it('says topics, counts, rates, times, compression, metadata and losses', () =>
    inFolder(async (folder) => {
      const file = path.join(folder, 'bag.mcap');
      const writer = await BagWriter.create(file, { chunkBytes: 500 });
      await writer.addTopic({ name: '/n', type: 'std_msgs/msg/Int32' });
      const start = 1_700_000_000_000_000_001n;
      for (let i = 0; i < 101; i += 1) await writer.writeMessage('/n', start + BigInt(i) * 100_000_000n, { data: i });
      await writer.addMetadata('made', { by: 'test' });
      await writer.close();
      const description = await describeBag(file);
      assert.deepEqual(description, {
        path: file,
        storage: 'mcap',
        files: [{ path: file, bytes: (await stat(file)).size }],
        compressions: ['zstd (chunks)'],
        start: '2023-11-14T22:13:20.000000001Z',
        end: '2023-11-14T22:13:30.000000001Z',
        seconds: 10,
        messages: 101,
        topics: [
          {
            name: '/n',
            type: 'std_msgs/msg/Int32',
            serialization: 'cdr',
            messages: 101,
            rate: 10,
            isImage: false,
            hasDefinition: true,
          },
        ],
        metadata: [{ name: 'made', values: { by: 'test' } }],
        losses: [],
      });
      assert.deepEqual(await describeBag(file, true), description, 'the index tells the truth');

      // A chunk is damaged: the index does not know, reading does.
      const bytes = await readFile(file);
      bytes[400] ^= 0xff;
      await writeFile(file, bytes);
      assert.equal((await describeBag(file)).messages, 101);
      const thorough = await describeBag(file, true);
      assert.ok(thorough.messages < 101);
      assert.match(thorough.losses.join('\n'), /bag\.mcap: chunk at bytes \d+\.\.\d+, log time 1700000000\.\d{9} s/);
    }));

  it('of no messages has no times', () =>
    inFolder(async (folder) => {
      const file = path.join(folder, 'bag.mcap');
      await (await BagWriter.create(file)).close();
      const { start, end, seconds, messages, topics } = await describeBag(file);
      assert.deepEqual(
        { start, end, seconds, messages, topics },
        { start: null, end: null, seconds: 0, messages: 0, topics: [] },
      );
    }));
});
