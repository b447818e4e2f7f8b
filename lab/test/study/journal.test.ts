import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Journal } from '../../study/journal.js';
import { takeLock } from '../../study/lock.js';
import { STUDY_JOURNAL, type StudyRecord } from '../../study/record.js';

const record = (image: string): StudyRecord => {
  return { outcome: 'no target', network: 'n', spectrum: 'fir', image, group: 'a drive, “quoted”' };
};

describe('Journal', () => {
  let folder = '';
  let file = '';
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'msal-journal-'));
    file = path.join(folder, 'journal.jsonl');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function write(images: readonly string[]): Promise<void> {
    const journal = await Journal.open(file, 'abc', STUDY_JOURNAL);
    for (const image of images) await journal.append(record(image));
    await journal.close();
  }
  async function read(): Promise<readonly StudyRecord[]> {
    const journal = await Journal.open(file, 'abc', STUDY_JOURNAL);
    await journal.close();
    return journal.records;
  }

  it('keeps what was appended, over several runs', async () => {
    await write(['1', '2']);
    await write(['3']);
    assert.deepEqual(await read(), ['1', '2', '3'].map(record));
  });

  it('drops a line that was cut off, wherever it was cut, and goes on after it', async () => {
    await write(['1', '2']);
    const whole = await readFile(file, 'utf8');
    const start = whole.lastIndexOf('\n', whole.length - 2) + 1;
    for (let end = start; end < whole.length; end += 17) {
      await writeFile(file, whole.slice(0, end));
      assert.deepEqual(await read(), [record('1')], `cut at ${end}`);
      await write(['3']);
      assert.deepEqual(await read(), ['1', '3'].map(record), `cut at ${end}, then written`);
    }
    await writeFile(file, whole.slice(0, 20));
    assert.deepEqual(await read(), []);
  });

  it('is not mixed with another run’s', async () => {
    await write(['1']);
    await assert.rejects(Journal.open(file, 'other', STUDY_JOURNAL), { name: 'ExpectedError', kind: 'usage' });
  });

  it('says where it is damaged', async () => {
    await write(['1']);
    await appendFile(file, '{"outcome":"measured"}\n');
    await assert.rejects(read(), { name: 'ExpectedError', kind: 'input', message: /line 3/ });
    await writeFile(file, 'no journal\n');
    await assert.rejects(read(), { name: 'ExpectedError', kind: 'input', message: /first line/ });
  });

  it('names a folder that is not there', async () => {
    await assert.rejects(Journal.open(path.join(folder, 'none/journal.jsonl'), 'abc', STUDY_JOURNAL), {
      kind: 'output',
    });
  });
});

describe('takeLock', () => {
  it('serves one at a time, and takes over from the dead', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'msal-lock-'));
    try {
      const file = path.join(folder, 'study.lock');
      const unlock = takeLock(file);
      assert.throws(() => takeLock(file), { name: 'ExpectedError', kind: 'usage' });
      unlock();
      const dead = spawn('true');
      await new Promise((resolve) => dead.on('exit', resolve));
      await writeFile(file, `${dead.pid} 123`);
      takeLock(file)();
      // A number that was given to another process since.
      await writeFile(file, `${process.pid} 1`);
      takeLock(file)();
      assert.equal(existsSync(file), false);
      assert.deepEqual(readdirSync(folder), []);
      assert.throws(() => takeLock(path.join(folder, 'none/study.lock')), { kind: 'output' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is never held by two, however many find a lock that was left behind at the same moment', async function () {
    this.timeout(120_000);
    const folder = await mkdtemp(path.join(os.tmpdir(), 'msal-locks-'));
    try {
      const file = path.join(folder, 'study.lock');
      const log = path.join(folder, 'held');
      const holder = fileURLToPath(new URL('./processes/holdLock.js', import.meta.url));
      for (let round = 0; round < 4; round++) {
        await writeFile(`${file}.999999999.${round}`, '');
        await writeFile(file, `999999999 ${round}`);
        const start = String(Date.now() + 1500);
        const starters = Array.from({ length: 6 }, () => spawn(process.execPath, [holder, file, start, log]));
        await Promise.all(starters.map((starter) => once(starter, 'close')));
      }
      const held = (await readFile(log, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => line.split(' ').map(BigInt))
        .sort(([a = 0n], [b = 0n]) => (a < b ? -1 : 1));
      assert.ok(held.length >= 4, 'somebody gets it in every round');
      for (const [index, [from = 0n]] of held.entries())
        assert.ok(index === 0 || from >= (held[index - 1]?.[1] ?? 0n), 'two held it');
      assert.deepEqual(readdirSync(folder), ['held'], 'nothing is left behind');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
