import assert from 'node:assert/strict';
import path from 'node:path';
import fc from 'fast-check';
import { OUTCOMES } from '../../../src/explain/queue/explainJournal.js';
import { ExplainQueue, frameFile, type QueueOptions } from '../../../src/explain/queue/explainQueue.js';
import { Crash, CrashingFiles } from './crashingFiles.js';

const FOLDER = '/log';
const RESULTS = '/log/explained';
const SECOND = 1_000_000_000n;
const stampOf = (index: number): bigint => 1_800_000_000_000_000_000n + BigInt(index) * SECOND;

function optionsOf(overrides: Partial<QueueOptions> = {}): QueueOptions {
  return {
    folder: FOLDER,
    journal: '/log/explained/journal.jsonl',
    order: 'oldest-first',
    maxWaiting: 100,
    ...overrides,
  };
}

function log(files: CrashingFiles, ...indices: number[]): void {
  for (const index of indices) files.content.set(frameFile(FOLDER, stampOf(index)), 'frames');
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
      const queue = await ExplainQueue.open(files, optionsOf({ order }));
      assert.equal(queue.length, 3);
      const taken: bigint[] = [];
      for (let set = await queue.take(); set !== undefined; set = await queue.take()) {
        taken.push(set);
        await queue.finish(set, 'explained');
      }
      assert.deepEqual(taken, expected.map(stampOf));
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
      const queue = await ExplainQueue.open(files, optionsOf({ order, maxWaiting: 2 }));
      assert.equal(queue.totals.skipped, 2);
      const reopened = await ExplainQueue.open(files, optionsOf({ order }));
      assert.deepEqual([...reopened.unfinished].sort(), kept.map(stampOf), 'what was skipped stays skipped');
    }
  });

  it('counts what the frame log deleted before its turn, also while nobody looked', async () => {
    const files = new CrashingFiles();
    log(files, 1, 2, 3);
    const queue = await ExplainQueue.open(files, optionsOf());
    const first = await queue.take();
    assert.equal(first, stampOf(1));
    for (const index of [1, 2]) files.content.delete(frameFile(FOLDER, stampOf(index)));
    await queue.scan();
    assert.equal(queue.totals.gone, 1, 'the one in work was read already');
    await queue.finish(stampOf(1), 'explained');
    files.content.delete(frameFile(FOLDER, stampOf(3)));
    const reopened = await ExplainQueue.open(files, optionsOf());
    assert.deepEqual(reopened.totals, { explained: 1, failed: 0, skipped: 0, gone: 2 });
  });

  it('forgets what has left the frame log, and keeps the counts', async () => {
    const files = new CrashingFiles();
    const options = optionsOf();
    for (let index = 0; index < 3000; index++) {
      const queue = index % 1000 === 0 ? await ExplainQueue.open(files, options) : undefined;
      if (queue) await queue.journal.seen([String(stampOf(index))]);
    }
    log(files, ...Array.from({ length: 5 }, (_, index) => index));
    const queue = await ExplainQueue.open(files, options);
    for (let index = 0; index < 700; index++) {
      log(files, index + 5);
      files.content.delete(frameFile(FOLDER, stampOf(index)));
      await queue.scan();
      const set = await queue.take();
      if (set !== undefined) await queue.finish(set, 'explained');
    }
    const { explained, gone } = queue.totals;
    assert.ok(explained > 0 && gone > 0);
    assert.ok((files.content.get(options.journal)?.split('\n').length ?? 0) < 1200, 'the journal does not grow');
    const reopened = await ExplainQueue.open(files, options);
    assert.deepEqual(reopened.totals, queue.totals);
  });

  it('takes up first what was in work, whatever has come since', async () => {
    const files = new CrashingFiles();
    log(files, 1, 2);
    const queue = await ExplainQueue.open(files, optionsOf({ order: 'newest-first' }));
    assert.equal(await queue.take(), stampOf(2));
    log(files, 3, 4);
    const reopened = await ExplainQueue.open(files, optionsOf({ order: 'newest-first', maxWaiting: 2 }));
    assert.equal(reopened.totals.skipped, 2, 'the first and the third');
    assert.equal(await reopened.take(), stampOf(2));
    await reopened.finish(stampOf(2), 'explained');
    assert.equal(await reopened.take(), stampOf(4));
  });

  it('reads past lines that are no journal lines, and says how many', async () => {
    const files = new CrashingFiles();
    const options = optionsOf();
    files.content.set(
      options.journal,
      '{"set":"5","what":"seen"}\n{"set":"5","wh\n\u0000\n{"set":"6","what":"melted"}\n',
    );
    const queue = await ExplainQueue.open(files, options);
    assert.equal(queue.journal.unreadableLines, 3);
    assert.equal(queue.totals.gone, 1);
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

  constructor(
    readonly files: CrashingFiles,
    readonly options: QueueOptions,
  ) {}

  log(): void {
    log(this.files, this.#logged++);
  }

  trim(): void {
    // The newest one stays, as in FrameLog.
    if (this.#trimmed < this.#logged - 1) this.files.content.delete(frameFile(FOLDER, stampOf(this.#trimmed++)));
  }

  /** @returns whether there was anything to do, or the process was killed at it */
  async explainOne(): Promise<boolean> {
    try {
      this.#queue ??= await ExplainQueue.open(this.files, this.options);
      await this.#queue.scan();
      const set = await this.#queue.take();
      if (set === undefined) return false;
      for (const band of ['rgb', 'fir']) {
        const result = path.join(RESULTS, `${set}.${band}.mcap`);
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
    const complete = Array.from({ length: this.#logged }, (_, index) => stampOf(index)).filter((stamp) =>
      ['rgb', 'fir'].every((band) => this.#commits.has(path.join(RESULTS, `${stamp}.${band}.mcap`))),
    );
    // A set whose results are complete can still count as gone: killed before it was written down, and deleted before the next start.
    assert.ok(
      complete.length >= explained && complete.length <= explained + gone,
      'explained means that its results are there',
    );
    const present = Array.from({ length: this.#logged - this.#trimmed }, (_, i) => stampOf(this.#trimmed + i));
    const missing = present.filter((stamp) => !complete.includes(stamp)).length;
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
