import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BagWriter } from '../../src/bag/bagWriter.js';
import { openBag } from '../../src/bag/openBag.js';
import { ExpectedError } from '../../src/errors.js';
import { allMessages, inFolder } from './bagTools.js';

const script = fileURLToPath(new URL('./writeForever.js', import.meta.url));
const PER_CHUNK = 20;

/** Starts the program that writes for ever; resolves with what it printed once it has ended. */
async function run(
  command: string,
  args: string[],
  whenPrinted: (lines: string[], kill: (signal: NodeJS.Signals) => void) => void,
) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    lines.push(...text.trim().split('\n'));
    whenPrinted(lines, (signal) => void child.kill(signal));
  });
  await once(child, 'close');
  return lines;
}

async function numbersIn(bagPath: string): Promise<{ numbers: number[]; losses: readonly unknown[] }> {
  const bag = await openBag(bagPath);
  const numbers = (await allMessages(bag)).map(({ data }) => new DataView(data.buffer).getInt32(4, true));
  await bag.close();
  return { numbers, losses: bag.losses };
}

describe('a recording that is interrupted', function () {
  this.timeout(60_000);

  it('by a kill keeps all but the last chunk', () =>
    inFolder(async (folder) => {
      const target = path.join(folder, 'killed');
      const lines = await run(process.execPath, [script, target], (printed, kill) => {
        if (printed.length >= 5) kill('SIGKILL');
      });
      const promised = Number(lines.at(-1));
      assert.ok(promised >= 400);
      const { numbers, losses } = await numbersIn(target);
      assert.deepEqual(numbers, Array.from(numbers.keys()));
      assert.ok(numbers.length >= promised - PER_CHUNK, `${String(numbers.length)} of ${String(promised)}`);
      assert.ok(losses.length > 0);
      assert.deepEqual(await readdir(target), ['killed_0.mcap']);
    }));

  it('by Ctrl-C that closes it is whole', () =>
    inFolder(async (folder) => {
      const target = path.join(folder, 'stopped');
      const lines = await run(process.execPath, [script, target], (printed, kill) => {
        if (printed.length === 5) kill('SIGINT');
      });
      const count = Number(/^closed after (\d+)$/.exec(lines.at(-1)!)?.[1]);
      const { numbers, losses } = await numbersIn(target);
      assert.deepEqual(
        numbers,
        Array.from({ length: count }, (_, i) => i),
      );
      assert.deepEqual(losses, []);
    }));

  it('by a full disk says so, and what was written can be read', () =>
    inFolder(async (folder) => {
      const target = path.join(folder, 'full.mcap');
      // A limit on the size of files stands in for the disk: 100 blocks of 512 or 1024 bytes, whatever the shell counts in.
      const shell = `trap '' XFSZ; ulimit -f 100; exec "$0" "$@"`;
      const lines = await run('sh', ['-c', shell, process.execPath, script, target], () => undefined);
      const error = JSON.parse(lines.at(-2)!) as { kind: string; message: string; remedy: string; count: number };
      assert.equal(error.kind, 'output');
      assert.match(error.message, /cannot write .*full\.mcap: EFBIG/);
      assert.match(error.remedy, /limit on file sizes.*what was written until then can be read/);
      const { numbers } = await numbersIn(target);
      assert.deepEqual(numbers, Array.from(numbers.keys()));
      assert.ok(
        numbers.length >= error.count - PER_CHUNK && numbers.length > 30,
        `${String(numbers.length)} of ${String(error.count)}`,
      );
    }));

  it('before it began names the file', () =>
    inFolder(async (folder) => {
      const isOutput = (error: unknown): boolean => error instanceof ExpectedError && error.kind === 'output';
      await assert.rejects(BagWriter.create(path.join(folder, 'no', 'such', 'bag.mcap')), isOutput);
      const target = path.join(folder, 'bag.mcap');
      await (await BagWriter.create(target)).close();
      await assert.rejects(BagWriter.create(path.join(target, 'bag')), isOutput, 'a folder inside a file');
      await assert.rejects(
        BagWriter.create(target),
        (error) => isOutput(error) && /EEXIST/.test((error as Error).message),
      );
      await (await BagWriter.create(target, { overwrite: true })).close();
      const { numbers, losses } = await numbersIn(target);
      assert.deepEqual([numbers, losses], [[], []], 'an empty recording is a valid bag');
    }));
});
