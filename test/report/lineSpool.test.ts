import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { LineSpool } from '../../src/report/lineSpool.js';
import { inTemporaryFolder } from './temporaryFolder.js';

async function contents(spool: LineSpool): Promise<string[]> {
  const lines: string[] = [];
  for (const line of spool.lines) lines.push(await spool.read(line));
  return lines;
}

describe('LineSpool', () => {
  it('gives back what was appended', () =>
    inTemporaryFolder(async (folder) => {
      const spool = await LineSpool.create(path.join(folder, 'spool'), 1000);
      for (const [ordinal, line] of ['one', 'zwölf', ''].entries()) await spool.append(ordinal, line);
      assert.deepEqual(await contents(spool), ['one', 'zwölf', '']);
      await spool.dispose();
    }));

  it('gives up every other item whenever it would pass its budget', () =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'spool');
      const spool = await LineSpool.create(file, 100);
      for (let ordinal = 0; ordinal < 100; ordinal++) {
        // Lines of different lengths, so that a wrong offset would show.
        await spool.append(ordinal, `${ordinal}:${'x'.repeat(ordinal % 5)}`);
        assert.ok((await stat(file)).size <= 100);
      }
      assert.equal(spool.stride, 8);
      const kept = Array.from({ length: 13 }, (_, index) => index * 8);
      assert.deepEqual(
        await contents(spool),
        kept.map((ordinal) => `${ordinal}:${'x'.repeat(ordinal % 5)}`),
      );
      await spool.dispose();
    }));

  it('keeps a single line that is larger than the budget', () =>
    inTemporaryFolder(async (folder) => {
      const spool = await LineSpool.create(path.join(folder, 'spool'), 10);
      await spool.append(0, 'a line of more than ten bytes');
      assert.deepEqual(await contents(spool), ['a line of more than ten bytes']);
      await spool.dispose();
    }));

  it('removes its file', () =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'spool');
      const spool = await LineSpool.create(file, 10);
      await spool.append(0, 'line');
      await spool.dispose();
      assert.equal(existsSync(file), false);
    }));
});
