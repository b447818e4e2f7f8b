import assert from 'node:assert/strict';
import path from 'node:path';
import fc from 'fast-check';
import { OUTCOMES } from '../../../src/explain/queue/explainJournal.js';
import { MARKER } from '../../../src/files/ownFolder.js';
import { logFile } from '../../../src/frameLog/fileNames.js';
import { ExplainQueue, type QueueOptions } from '../../../src/explain/queue/explainQueue.js';
import { Crash, CrashingFiles } from './crashingFiles.js';

const FOLDER = '/log';
const RESULTS = '/log/explained';
const SECOND = 1_000_000_000n;
const stampOf = (index: number): bigint => 1_800_000_000_000_000_000n + BigInt(index) * SECOND;

function optionsOf(overrides: Partial<QueueOptions> = {}): QueueOptions {
  return {
    folder: FOLDER,
    journals: RESULTS,
    order: 'oldest-first',
    maxWaiting: 100,
    ...overrides,
  };
}

const LOG_ID = 'f3b1c1de-6d0c-4a53-9d3c-0f0a4f0a4f01';
const JOURNAL = `${RESULTS}/journal.${LOG_ID}.jsonl`;
const fileOf = (index: number): string => path.join(FOLDER, logFile(index, stampOf(index)).name);
const idOf = (index: number): string => logFile(index, stampOf(index)).id;

function log(files: CrashingFiles, ...indices: number[]): void {
  mark(files, LOG_ID);
  for (const index of indices) files.content.set(fileOf(index), 'frames');
}

function mark(files: CrashingFiles, id: string): void {
  files.content.set(path.join(FOLDER, MARKER), JSON.stringify({ kind: 'frame log', id }));
}

async function openQueue(files: CrashingFiles, options: QueueOptions): Promise<ExplainQueue> {
  const queue = new ExplainQueue(files, options);
  await queue.scan();
  return queue;
}

describe('ExplainQueue', () => {
  it('gives the sets of a frame log in the order of the policy, and looks at nothing else there', async () => {
    for (const [order, expected] of [
      ['oldest-first', [1, 2, 3]],
      ['newest-first', [3, 2, 1]],
    ] as const) {
      const files = new CrashingFiles();
      log(files, 2, 3, 1);
      for (const name of ['notes.txt', '12.mcap', 'metadata.yaml']) files.content.set(path.join(FOLDER, name), '');
      const queue = await openQueue(files, optionsOf({ order }));
      assert.equal(queue.length, 3);
      const taken: string[] = [];
      for (let set = await queue.take(); set !== undefined; set = await queue.take()) {
        taken.push(set.id);
        await queue.finish(set, 'explained');
      }
      assert.deepEqual(taken, expected.map(idOf));
      assert.deepEqual(queue.totals, { explained: 3, failed: 0, skipped: 0, gone: 0 });
    }
  });

  it('skips and counts what would come last where more waits than may', async () => {
    for (const [order, kept] of [
      ['oldest-first', [1, 2]],
      ['newest-first', [3, 4]],
    ] as const) {
      const files = new CrashingFiles();
      log(files, 1, 2, 3, 4);
      const queue = await openQueue(files, optionsOf({ order, maxWaiting: 2 }));
      assert.equal(queue.totals.skipped, 2);
      const reopened = await openQueue(files, optionsOf({ order }));
      assert.deepEqual([...reopened.unfinished].sort(), kept.map(idOf), 'what was skipped stays skipped');
    }
  });

  it('counts what the frame log deleted before its turn, also while nobody looked', async () => {
    const files = new CrashingFiles();
    log(files, 1, 2, 3);
    const queue = await openQueue(files, optionsOf());
    const first = await queue.take();
    assert.ok(first);
    assert.equal(first.id, idOf(1));
    for (const index of [1, 2]) files.content.delete(fileOf(index));
    await queue.scan();
    assert.equal(queue.totals.gone, 1, 'the one in work was read already');
    await queue.finish(first, 'explained');
    files.content.delete(fileOf(3));
    const reopened = await openQueue(files, optionsOf());
    assert.deepEqual(reopened.totals, { explained: 1, failed: 0, skipped: 0, gone: 2 });
  });

  it('forgets what has left the frame log, and keeps the counts', async () => {
    const files = new CrashingFiles();
    const options = optionsOf();
    for (const index of [0, 1000, 2000]) {
      log(files, index);
      await openQueue(files, options);
      files.content.delete(fileOf(index));
    }
    log(files, ...Array.from({ length: 5 }, (_, index) => index));
    const queue = await openQueue(files, options);
    for (let index = 0; index < 700; index++) {
      log(files, index + 5);
      files.content.delete(fileOf(index));
      await queue.scan();
      const set = await queue.take();
      if (set !== undefined) await queue.finish(set, 'explained');
    }
    const { explained, gone } = queue.totals;
    assert.ok(explained > 0 && gone > 0);
    assert.ok((files.content.get(JOURNAL)?.split('\n').length ?? 0) < 1200, 'the journal does not grow');
    const reopened = await openQueue(files, options);
    assert.deepEqual(reopened.totals, queue.totals);
  });

  it('takes up first what was in work, whatever has come since', async () => {
    const files = new CrashingFiles();
    log(files, 1, 2);
    const queue = await openQueue(files, optionsOf({ order: 'newest-first' }));
    assert.equal((await queue.take())?.id, idOf(2));
    log(files, 3, 4);
    const reopened = await openQueue(files, optionsOf({ order: 'newest-first', maxWaiting: 2 }));
    assert.equal(reopened.totals.skipped, 2, 'the first and the third');
    const again = await reopened.take();
    assert.equal(again?.id, idOf(2));
    await reopened.finish(again, 'explained');
    assert.equal((await reopened.take())?.id, idOf(4));
  });

  it('reads past lines that are no journal lines, and says how many', async () => {
    const files = new CrashingFiles();
    const options = optionsOf();
    files.content.set(JOURNAL, '{"set":"5","what":"seen"}\n{"set":"5","wh\n\u0000\n{"set":"6","what":"melted"}\n');
    mark(files, LOG_ID);
    const queue = await openQueue(files, options);
    assert.equal(queue.unreadableJournalLines, 3);
    assert.equal(queue.totals.gone, 1);
  });

  it('takes nothing for gone where the listing does not prove whose it is', async () => {
    const files = new CrashingFiles();
    const options = optionsOf();
    log(files, 1, 2, 3);
    const queue = await openQueue(files, options);
    const first = await queue.take();
    assert.ok(first);
    await queue.finish(first, 'explained');
    // The disk is away: the folder is missing, or it is the empty one that it is mounted on.
    const away = new Map(files.content);
    for (const name of [...files.content.keys()]) if (path.dirname(name) === FOLDER) files.content.delete(name);
    await assert.rejects(queue.scan(), { kind: 'input', message: /holds no frame log/ });
    await assert.rejects(openQueue(files, options), { kind: 'input' });
    files.missing.add(FOLDER);
    await assert.rejects(openQueue(files, options), { kind: 'input', message: /\/log does not exist/ });
    files.missing.clear();
    // Somebody logs into it meanwhile: another log, with a journal of its own.
    mark(files, LOG_ID.replace('f3', 'aa'));
    files.content.set(fileOf(7), 'frames');
    const other = await openQueue(files, options);
    assert.deepEqual([other.length, other.totals.gone], [1, 0]);
    files.content.delete(fileOf(7));
    for (const [name, text] of away) files.content.set(name, text);
    for (const back of [queue, await openQueue(files, options)]) {
      await back.scan();
      assert.deepEqual([back.length, back.totals], [2, { explained: 1, failed: 0, skipped: 0, gone: 0 }]);
    }
  });

  it('goes on with what it knows where a log of an older version gets its marker, and reads its names', async () => {
    const files = new CrashingFiles();
    const options = optionsOf();
    const old = ['1800000000000000000', '00000000000000000-7', '0000000000000000012'];
    for (const stamp of old) files.content.set(path.join(FOLDER, `${stamp}.mcap`), 'frames');
    const before = `{"set":"1800000000000000000","what":"explained"}\n{"set":"5","what":"seen"}\n`;
    files.content.set(`${RESULTS}/journal.jsonl`, before);
    const queue = await openQueue(files, options);
    assert.deepEqual([queue.length, queue.totals.gone], [2, 0], 'nothing proves that 5 is gone');
    mark(files, LOG_ID);
    log(files, 1);
    await queue.scan();
    assert.deepEqual([queue.length, queue.totals.explained, queue.totals.gone], [3, 1, 1]);
    const taken: string[] = [];
    for (let set = await queue.take(); set !== undefined; set = await queue.take()) {
      taken.push(set.name);
      await queue.finish(set, 'explained');
    }
    assert.deepEqual(taken, ['00000000000000000-7.mcap', '0000000000000000012.mcap', logFile(1, stampOf(1)).name]);
    assert.equal((await openQueue(files, options)).totals.explained, 4);
  });

  it('orders by the number of writing, whatever the stamps say', async () => {
    const files = new CrashingFiles();
    mark(files, LOG_ID);
    const written = [logFile(1, stampOf(0)), logFile(2, stampOf(-3600)), logFile(3, -5n), logFile(12345678901, 3n)];
    for (const { name } of written) files.content.set(path.join(FOLDER, name), '');
    const queue = await openQueue(files, optionsOf());
    const taken: string[] = [];
    for (let set = await queue.take(); set !== undefined; set = await queue.take()) {
      taken.push(set.name);
      await queue.finish(set, 'explained');
    }
    assert.deepEqual(
      taken,
      written.map(({ name }) => name),
    );
  });

  it('counts attempts across processes, but not those that were given up for other reasons', async () => {
    const files = new CrashingFiles();
    log(files, 1, 2);
    const attempts: number[] = [];
    const ends = ['killed', 'put back', 'killed', 'killed while loading', 'progress and killed', 'killed', 'killed'];
    for (const end of ends) {
      const queue = await openQueue(files, optionsOf());
      const set = await queue.take();
      assert.equal(set?.id, idOf(1));
      attempts.push(queue.attempts(set));
      if (end === 'put back') await queue.putBack(true);
      if (end === 'killed while loading')
        await queue.apart(set, () => Promise.reject(new Crash('killed'))).catch(() => undefined);
      if (end === 'progress and killed') await queue.progressed(set);
    }
    assert.deepEqual(attempts, [1, 2, 2, 3, 3, 1, 2]);
    const queue = await openQueue(files, optionsOf());
    const set = await queue.take();
    assert.equal(set?.id, idOf(1));
    await queue.putBack(false);
    await queue.scan();
    assert.equal((await queue.take())?.id, idOf(1));
    assert.equal(queue.attempts(set), 4);
  });

  it('explains every logged set exactly once, whenever it is killed', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant({ kind: 'log' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'trim' as const }) },
      { weight: 3, arbitrary: fc.constant({ kind: 'explain' as const }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('kill' as const),
          after: fc.nat(12),
          tear: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.constantFrom('oldest-first' as const, 'newest-first' as const),
        fc.integer({ min: 1, max: 5 }),
        async (steps, order, maxWaiting) => {
          const files = new CrashingFiles();
          const world = new World(files, optionsOf({ order, maxWaiting }));
          for (const step of steps) {
            if (step.kind === 'log') world.log();
            else if (step.kind === 'trim') world.trim();
            else if (step.kind === 'kill') files.crashAfter(step.after, step.tear);
            else await world.explainOne();
          }
          files.crashAfter(Infinity, 0);
          await world.drain();
          world.check();
        },
      ),
      { numRuns: 1000 },
    );
  });
});

/** A frame log that grows and shrinks, and a process that explains it with two results for each set, and is killed now and then. */
class World {
  #logged = 0;
  #trimmed = 0;
  #queue: ExplainQueue | undefined;
  /** How often each result was given its name. */
  readonly #commits = new Map<string, number>();
  readonly #lastTotals = new Map<string, number>();
  readonly files: CrashingFiles;
  readonly options: QueueOptions;

  constructor(files: CrashingFiles, options: QueueOptions) {
    this.files = files;
    this.options = options;
    mark(files, LOG_ID);
  }

  log(): void {
    log(this.files, this.#logged++);
  }

  trim(): void {
    // The newest one stays, as in FrameLog.
    if (this.#trimmed < this.#logged - 1) this.files.content.delete(fileOf(this.#trimmed++));
  }

  /** @returns whether there was anything to do, or the process was killed at it */
  async explainOne(): Promise<boolean> {
    try {
      this.#queue ??= await openQueue(this.files, this.options);
      await this.#queue.scan();
      const set = await this.#queue.take();
      if (set === undefined) return false;
      for (const band of ['rgb', 'fir']) {
        const result = path.join(RESULTS, `${set.id}.${band}.mcap`);
        if (this.files.content.has(result)) continue;
        const before = this.files.content.size;
        try {
          await this.files.replace(result, 'maps');
        } finally {
          if (this.files.content.size > before) this.#commits.set(result, (this.#commits.get(result) ?? 0) + 1);
        }
      }
      await this.#queue.finish(set, 'explained');
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.#queue = undefined;
      this.files.crashAfter(Infinity, 0);
    }
    if (this.#queue) this.#neverLess();
    return true;
  }

  async drain(): Promise<void> {
    while (await this.explainOne());
  }

  check(): void {
    for (const [result, commits] of this.#commits) assert.equal(commits, 1, `${result} was made ${commits} times`);
    const queue = this.#queue;
    assert.ok(queue);
    const { explained, skipped, gone, failed } = queue.totals;
    assert.equal(failed, 0);
    const complete = Array.from({ length: this.#logged }, (_, index) => idOf(index)).filter((id) =>
      ['rgb', 'fir'].every((band) => this.#commits.has(path.join(RESULTS, `${id}.${band}.mcap`))),
    );
    // A set whose results are complete can still count as gone: killed before it was written down, and deleted before the next start.
    assert.ok(
      complete.length >= explained && complete.length <= explained + gone,
      'explained means that its results are there',
    );
    const present = Array.from({ length: this.#logged - this.#trimmed }, (_, i) => idOf(this.#trimmed + i));
    const missing = present.filter((id) => !complete.includes(id)).length;
    assert.ok(missing <= skipped, `${missing} sets are in the log without results, ${skipped} were skipped`);
    assert.equal(queue.length, 0);
    // Sets that came and went between two looks are nobody's business.
    assert.ok(explained + skipped + gone <= this.#logged && explained + skipped + gone >= present.length);
  }

  #neverLess(): void {
    for (const outcome of OUTCOMES) {
      const now = this.#queue?.totals[outcome] ?? 0;
      assert.ok(now >= (this.#lastTotals.get(outcome) ?? 0), `fewer ${outcome} than before`);
      this.#lastTotals.set(outcome, now);
    }
  }
}
