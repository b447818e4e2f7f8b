import { McapRecordBuilder } from '@mcap/core';
import zstd from '@foxglove/wasm-zstd';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { compressorsReady, decompressChunk, decompressMessage, decompressStart } from '../../src/bag/compression.js';
import { openBag } from '../../src/bag/openBag.js';
import { framesBound, readFrameHeader, ZstdBlocks } from '../../src/bag/zstdFrames.js';
import { ExpectedError } from '../../src/errors.js';
import { decodeMessage } from '../../src/messages/decode.js';
import { packageRoot } from '../../src/packageRoot.js';
import { inFolder } from './bagTools.js';

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const MIB = 1024 * 1024;

/** Header of a zstd block: last, kind (0 raw, 1 repeated byte, 2 compressed), size. */
function block(isLast: boolean, kind: number, size: number): number[] {
  const header = (size << 3) | (kind << 1) | (isLast ? 1 : 0);
  return [header & 0xff, (header >> 8) & 0xff, header >> 16];
}

/** A frame of `count` blocks of 128 KiB of one repeated byte, four bytes each. */
function repeated(count: number, window = 0x58): Uint8Array {
  const blocks = Array.from({ length: count }, (_, i) => [...block(i === count - 1, 1, 128 * 1024), 7]);
  return Uint8Array.from([...MAGIC, 0x00, window, ...blocks.flat()]);
}

describe('bombs', function () {
  this.timeout(60_000);
  before(compressorsReady);

  it('zstd headers are read as RFC 8878 has them', () => {
    // One segment of 3 bytes; a window of 2^31 with 7/8 on top; a size in two bytes, which counts from 256.
    assert.deepEqual(readFrameHeader(Uint8Array.from([...MAGIC, 0x20, 3])), {
      bytes: 6,
      contentSize: 3,
      windowSize: 3,
      hasChecksum: false,
    });
    assert.equal(readFrameHeader(Uint8Array.from([...MAGIC, 0x04, 0xaf])).windowSize, 2 ** 31 * 1.875);
    assert.equal(readFrameHeader(Uint8Array.from([...MAGIC, 0x60, 44, 1])).contentSize, 256 + 300);
  });

  it('a message that claims a window of gigabytes is refused; a lesser one takes what its blocks hold', () => {
    const frame = (window: number): Uint8Array => Uint8Array.from([...MAGIC, 0x00, window, ...block(true, 0, 2), 1, 2]);
    assert.throws(() => decompressMessage(frame(0xaf), 256 * MIB), /window of 4026531840 bytes is over the limit/);
    const before = process.memoryUsage().arrayBuffers;
    assert.deepEqual([...decompressMessage(frame(0x88), 256 * MIB)], [1, 2]);
    assert.ok(process.memoryUsage().arrayBuffers - before < 64 * MIB);
  });

  it('a message or chunk that claims more than its blocks can hold is refused with both numbers', () => {
    const frame = Uint8Array.from([...MAGIC, 0xa0, 0, 0, 0, 8, ...block(true, 1, 100), 1]);
    const refusal = /claims 134217728 bytes where its blocks hold at most 100$/;
    assert.throws(() => decompressMessage(frame, 256 * MIB), refusal);
    assert.throws(() => decompressChunk('zstd', frame, 134217728, 256 * MIB), refusal);
    const chunk = /claims 200000000 bytes where its data hold at most 2550/;
    assert.throws(() => decompressChunk('lz4', new Uint8Array(10), 200_000_000, 256 * MIB), chunk);
  });

  it('a repeated byte may not grow over the limit, whole or cut off', () => {
    const bomb = repeated(4096);
    assert.equal(framesBound(bomb), 4096 * 128 * 1024);
    assert.throws(() => decompressMessage(bomb, 256 * MIB), /may grow to 536870912 bytes, over the limit of 268435456/);
    assert.throws(() => decompressStart(bomb.subarray(0, -1), 4 * MIB), /more than the limit of 4194304/);
  });

  it('whole files are decoded a block at a time, and their window is limited', () => {
    let largest = 0;
    let total = 0;
    const blocks = new ZstdBlocks();
    for (const piece of blocks.push(repeated(4096))) {
      largest = Math.max(largest, piece.byteLength);
      total += piece.byteLength;
    }
    assert.ok(blocks.isComplete);
    assert.deepEqual([largest, total], [128 * 1024, 4096 * 128 * 1024]);
    assert.throws(() => [...new ZstdBlocks().push(repeated(1, 0xaf))], /window of 4026531840 bytes is over the limit/);
    const long = Uint8Array.from([...MAGIC, 0, 0x58, ...block(true, 1, 2_000_000), 7]);
    assert.throws(() => [...new ZstdBlocks().push(long)], /block claims 2000000 bytes, more than the 131072/);
  });

  it('sound data come through however they are cut into pieces', () => {
    const noise = Uint8Array.from({ length: 300_000 }, (_, i) => (i % 1000 < 500 ? (i * i * 31) >> 3 : i >> 9));
    const frame = zstd.compress(noise, 3);
    const skippable = Uint8Array.from([0x5a, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]);
    const file = Buffer.concat([skippable, frame, skippable, frame]);
    for (const step of [1, 7, 1000, 131_072, file.length]) {
      const blocks = new ZstdBlocks();
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < file.length; at += step) pieces.push(...blocks.push(file.subarray(at, at + step)));
      assert.ok(blocks.isComplete, String(step));
      assert.ok(Buffer.concat(pieces).equals(Buffer.concat([noise, noise])), String(step));
    }
    assert.ok(Buffer.from(decompressMessage(frame, MIB)).equals(noise));
  });

  it('a definition that sixty thousand channels share is kept once', () =>
    inFolder(async (folder) => {
      const builder = new McapRecordBuilder();
      builder.writeMagic();
      builder.writeHeader({ profile: '', library: '' });
      const data = new Uint8Array(8 * MIB).fill(0x23);
      builder.writeSchema({ id: 1, name: 'a/msg/B', encoding: 'ros2msg', data });
      for (let id = 0; id < 60_000; id += 1)
        builder.writeChannel({
          id,
          schemaId: 1,
          topic: `/t${String(id)}`,
          messageEncoding: 'cdr',
          metadata: new Map(),
        });
      const file = path.join(folder, 'many.mcap');
      await writeFile(file, builder.buffer);
      const url = (name: string): string => path.join(packageRoot, 'dist/src/bag', name);
      const script = `const { openBag } = await import(${JSON.stringify(url('openBag.js'))});
        const bag = await openBag(${JSON.stringify(file)});
        console.log(bag.topics.length, bag.topics[59999].definition.length, process.resourceUsage().maxRSS < 512 * 1024);`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
      assert.equal(stdout.trim(), `60000 ${String(8 * MIB)} true`);
    }));

  it('definitions of more than 64 MiB altogether are left out and named', () =>
    inFolder(async (folder) => {
      const builder = new McapRecordBuilder();
      builder.writeMagic();
      builder.writeHeader({ profile: '', library: '' });
      for (let id = 1; id <= 6; id += 1)
        builder.writeSchema({ id, name: `a/msg/B${String(id)}`, encoding: '', data: new Uint8Array(15 * MIB) });
      const file = path.join(folder, 'long.mcap');
      await writeFile(file, builder.buffer);
      const bag = await openBag(file);
      await bag.close();
      assert.match(
        bag.losses.map(({ why }) => why).join('\n'),
        /definition of a\/msg\/B6 brings all to over 67108864 bytes/,
      );
    }));

  it('array lengths are compared with the bytes that are left before anything is built', () => {
    const message = (count: number): Uint8Array => {
      const data = new Uint8Array(12);
      new DataView(data.buffer).setUint32(4, count, true);
      data[1] = 1;
      return data;
    };
    const inner = (fields: string): string => `\n${'='.repeat(80)}\nMSG: a/C\n${fields}\n`;
    const cases: [string, Uint8Array, RegExp][] = [
      ['float64[134217728] x', message(0), /field "x" claims 134217728 × float64 where 8 bytes are left/],
      ['float64[] x', message(100_000_000), /field "x" claims 100000000 × float64 where 4 bytes are left/],
      ['string[] x', message(30_000_000), /field "x" claims 30000000 × string where 4 bytes/],
      ['bool[] x', message(30_000_000), /field "x" claims 30000000 × bool/],
      ['time[30000000] x', message(0), /field "x" claims 30000000 × time/],
      [`a/C[] x${inner('int32 y')}`, message(30_000_000), /field "x" claims 30000000 × a\/C/],
      [`a/C[4000000000] x${inner('int8[0] y')}`, message(0), /field "x" claims 4000000000 × a\/C/],
      [`a/C[4000000000] x${inner('int32 Y=1')}`, message(0), /field "x" claims 4000000000 × a\/C/],
      [`a/C x${inner('a/C[] y')}`, message(0), /type a\/C contains itself/],
      ['string x', message(50), /field "x" ends behind the message/],
    ];
    for (const [definition, data, reason] of cases) {
      const isRefusal = (error: unknown): boolean => error instanceof ExpectedError && reason.test(error.message);
      assert.throws(() => decodeMessage('a/msg/B', definition, data), isRefusal, definition);
    }
  });
});
