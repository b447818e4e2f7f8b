import assert from 'node:assert/strict';
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BagWriter, type WriterOptions } from '../../src/bag/bagWriter.js';
import type { Loss } from '../../src/bag/losses.js';
import { openBag } from '../../src/bag/openBag.js';
import { ExpectedError } from '../../src/errors.js';
import { allMessages, inFolder } from './bagTools.js';

const COUNT = 60;

interface Outcome {
  /** Numbers of the messages that came, in the order in which they came; undefined where the bag did not open. */
  readonly numbers: number[] | undefined;
  readonly losses: readonly Loss[];
}

/** Reads a damaged copy. Only expected errors may come, and messages only whole and in order. */
async function readDamaged(folder: string, name: string, bytes: Uint8Array): Promise<Outcome> {
  const file = path.join(folder, name);
  await writeFile(file, bytes);
  let bag;
  try {
    bag = await openBag(file, { limits: { recordBytes: 1e6, decompressedBytes: 1e6 } });
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    assert.equal(error.kind, 'input');
    return { numbers: undefined, losses: [] };
  }
  const numbers = (await allMessages(bag)).map(({ data }) =>
    data.byteLength >= 8 ? new DataView(data.buffer).getInt32(4, true) : -1,
  );
  const { losses } = bag;
  await bag.close();
  return { numbers, losses };
}

/** A bag of `COUNT` numbered messages with some bulk, and where each chunk of it ends. */
async function sample(folder: string, options: WriterOptions): Promise<Buffer> {
  const file = path.join(folder, 'sound.mcap');
  const writer = await BagWriter.create(file, { chunkBytes: 500, overwrite: true, ...options });
  await writer.addTopic({ name: '/n', type: 'std_msgs/msg/Int32' });
  await writer.addTopic({ name: '/m', type: 'std_msgs/msg/Int32' });
  for (let i = 0; i < COUNT; i += 1) {
    const data = new Uint8Array(40);
    new DataView(data.buffer).setUint8(1, 1);
    new DataView(data.buffer).setInt32(4, i, true);
    await writer.write(i % 2 === 0 ? '/n' : '/m', BigInt(1000 + i), BigInt(1000 + i), data);
  }
  await writer.close();
  return readFile(file);
}

const isRising = (numbers: readonly number[]): boolean => numbers.every((n, i) => i === 0 || n > numbers[i - 1]);

describe('damaged bags', function () {
  this.timeout(120_000);
  for (const compression of ['none', 'zstd'] as const) {
    it(`cut off anywhere give everything before the cut (${compression})`, () =>
      inFolder(async (folder) => {
        const sound = await sample(folder, { compression });
        let most = 0;
        // A step that is prime to every field size: each kind of place is met.
        for (let length = 0; length < sound.byteLength; length += 7) {
          const { numbers, losses } = await readDamaged(folder, 'cut.mcap', sound.subarray(0, length));
          if (numbers === undefined) {
            assert.ok(length < 600, `a file of ${String(length)} bytes must open`);
            continue;
          }
          assert.deepEqual(numbers, Array.from(numbers.keys()), 'all from the first on, none twice');
          assert.ok(
            numbers.length >= most,
            `${String(length)} bytes give ${String(numbers.length)}, fewer bytes gave ${String(most)}`,
          );
          most = numbers.length;
          assert.ok(losses.length > 0, `the cut at ${String(length)} is said`);
        }
        assert.equal(most, COUNT);
      }));

    it(`with any bit flipped give all but one chunk (${compression})`, () =>
      inFolder(async (folder) => {
        const sound = await sample(folder, { compression });
        await fc.assert(
          fc.asyncProperty(fc.nat(sound.byteLength - 1), fc.nat(7), async (at, bit) => {
            const bytes = Uint8Array.from(sound);
            bytes[at] ^= 1 << bit;
            const { numbers, losses } = await readDamaged(folder, 'flipped.mcap', bytes);
            assert.ok(numbers, 'opens');
            assert.ok(isRising(numbers), String(numbers));
            assert.ok(numbers.length >= COUNT - 12, `${String(numbers.length)} of ${String(COUNT)} messages`);
            if (numbers.length < COUNT) assert.ok(losses.length > 0, 'what is missing is said');
          }),
          // Each byte of the file header's length, which claims the rest of the file when it is hit.
          {
            numRuns: 200,
            examples: [9, 10, 11, 12, 16, 17, 18, 26].flatMap((at) =>
              [0, 1, 4, 5].map((bit): [number, number] => [at, bit]),
            ),
          },
        );
      }));

    it(`without their summary and with any bit flipped go on behind the damage (${compression})`, () =>
      inFolder(async (folder) => {
        const sound = (await sample(folder, { compression })).subarray(0, -60);
        await fc.assert(
          fc.asyncProperty(fc.nat(sound.byteLength - 1), fc.nat(7), async (at, bit) => {
            const bytes = Uint8Array.from(sound);
            bytes[at] ^= 1 << bit;
            const { numbers, losses } = await readDamaged(folder, 'flipped.mcap', bytes);
            // The only copy of the definitions may be what is hit: then the messages of that topic cannot be named.
            if (numbers === undefined || at < 1200) return;
            assert.ok(numbers.length >= COUNT - 24, `${String(numbers.length)} of ${String(COUNT)} messages`);
            assert.ok(losses.length > 0);
          }),
          { numRuns: 200 },
        );
      }));
  }

  it('cut off inside a large zstd chunk give the messages of the blocks before the cut', () =>
    inFolder(async (folder) => {
      const file = path.join(folder, 'large.mcap');
      const writer = await BagWriter.create(file, { chunkBytes: 16e6 });
      await writer.addTopic({ name: '/n', type: 'std_msgs/msg/Int32' });
      for (let i = 0; i < 20; i += 1) {
        // Half of it noise, as pictures are, half of it something to compress.
        const data = Buffer.concat([randomBytes(60_000), new Uint8Array(30_000)]);
        data.writeInt32LE(i, 4);
        await writer.write('/n', BigInt(i), BigInt(i), data);
      }
      await writer.close();
      const sound = await readFile(file);
      await writeFile(file, sound.subarray(0, Math.floor(sound.byteLength * 0.6)));
      const bag = await openBag(file);
      const numbers = (await allMessages(bag)).map(({ data }) => new DataView(data.buffer).getInt32(4, true));
      assert.ok(bag.compressions.includes('zstd (chunks)'), String(bag.compressions));
      assert.deepEqual(numbers, Array.from(numbers.keys()));
      // 60 % of the file; a block holds at most 128 KiB of the records.
      assert.ok(numbers.length >= 10 && numbers.length <= 12, String(numbers.length));
      const whys = bag.losses.map(({ why }) => why);
      assert.ok(whys.includes('the file ends inside the chunk'), String(whys));
      assert.match(String(whys), /the recording was cut short/);
      await bag.close();
    }));

  it('of noise and of a bag with holes neither hang nor throw anything unexpected', () =>
    inFolder(async (folder) => {
      const sound = await sample(folder, { compression: 'none' });
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(sound.byteLength - 1), fc.uint8Array({ minLength: 1, maxLength: 300 })), {
            maxLength: 8,
          }),
          fc.constantFrom('holes.mcap', 'holes.db3'),
          async (holes, name) => {
            const bytes = Uint8Array.from(sound);
            for (const [at, noise] of holes) bytes.set(noise.subarray(0, bytes.byteLength - at), at);
            await readDamaged(folder, name, bytes);
          },
        ),
        { numRuns: 100 },
      );
    }));
});
