import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Subject } from 'rxjs';
import { BackPressure, latestWins } from '../../src/perception/latestWins.js';

interface Job {
  readonly value: string;
  readonly finish: (result: string) => void;
  readonly fail: (error: Error) => void;
}

/** The operator with its work held open: `jobs` are the values in work, to be finished by hand. */
function rig(keyOf?: (value: string) => string) {
  const source = new Subject<string>();
  const backPressure = new BackPressure<string>();
  const jobs: Job[] = [];
  const out: string[] = [];
  const project = (value: string): Promise<string> =>
    new Promise((finish, fail) => {
      jobs.push({ value, finish, fail });
    });
  const subscription = source.pipe(latestWins(project, keyOf, backPressure)).subscribe({
    next: (value) => out.push(value),
    error: (error: Error) => out.push(`error ${error.message}`),
    complete: () => out.push('done'),
  });
  return { source, backPressure, jobs, out, subscription };
}

/** Lets everything that is ready to go on do so. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('latestWins', () => {
  it('works on one value and keeps only the newest of those that come meanwhile', async () => {
    const { source, backPressure, jobs, out } = rig();
    for (const value of ['a', 'b', 'c', 'd']) source.next(value);
    assert.deepEqual(
      jobs.map(({ value }) => value),
      ['a'],
    );
    assert.deepEqual(backPressure.counters().get(''), { received: 4, started: 1, finished: 0, dropped: 2, waiting: 1 });
    jobs[0]?.finish('A');
    await settle();
    assert.deepEqual(
      jobs.map(({ value }) => value),
      ['a', 'd'],
    );
    jobs[1]?.finish('D');
    await settle();
    assert.deepEqual(out, ['A', 'D']);
    assert.deepEqual(backPressure.counters().get(''), { received: 4, started: 2, finished: 2, dropped: 2, waiting: 0 });
  });

  it('gives each key its own lane', async () => {
    const { source, backPressure, jobs, out } = rig((value) => value.charAt(0));
    for (const value of ['r1', 'n1', 'r2', 'n2', 'r3']) source.next(value);
    assert.deepEqual(
      jobs.map(({ value }) => value),
      ['r1', 'n1'],
    );
    jobs[1]?.finish('N1');
    await settle();
    assert.deepEqual(
      jobs.map(({ value }) => value),
      ['r1', 'n1', 'n2'],
    );
    assert.deepEqual(out, ['N1']);
    assert.equal(backPressure.counters().get('r')?.dropped, 1);
    assert.equal(backPressure.counters().get('n')?.dropped, 0);
  });

  it('completes after the waiting value is done', async () => {
    const { source, jobs, out } = rig();
    source.next('a');
    source.next('b');
    source.complete();
    jobs[0]?.finish('A');
    await settle();
    assert.deepEqual(out, ['A']);
    jobs[1]?.finish('B');
    await settle();
    assert.deepEqual(out, ['A', 'B', 'done']);
  });

  it('completes at once when idle', () => {
    const { source, out } = rig();
    source.complete();
    assert.deepEqual(out, ['done']);
  });

  it('passes failures on and starts nothing more', async () => {
    const { source, backPressure, jobs, out } = rig();
    source.next('a');
    source.next('b');
    jobs[0]?.fail(new Error('worker gone'));
    await settle();
    assert.deepEqual(out, ['error worker gone']);
    assert.equal(jobs.length, 1);
    assert.equal(source.observed, false);
    assert.deepEqual(backPressure.counters().get(''), { received: 2, started: 1, finished: 0, dropped: 1, waiting: 0 });
  });

  it('emits nothing after unsubscription', async () => {
    const { source, jobs, out, subscription } = rig();
    source.next('a');
    source.next('b');
    subscription.unsubscribe();
    jobs[0]?.finish('A');
    await settle();
    assert.deepEqual(out, []);
    assert.equal(jobs.length, 1);
  });

  it('is bounded, in order per key, and accounts for every value', async () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), key: fc.constantFrom('r', 'n', 'm', 'f') }),
      fc.record({ kind: fc.constant('finish' as const), which: fc.nat(3) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
        const { source, backPressure, jobs, out } = rig((value) => value.charAt(0));
        const open: Job[] = [];
        let seen = 0;
        const collect = (): void => {
          open.push(...jobs.slice(seen));
          seen = jobs.length;
        };
        let count = 0;
        for (const happened of events) {
          if (happened.kind === 'push') {
            source.next(`${happened.key}${String(count++).padStart(3, '0')}`);
          } else if (open.length > 0) {
            const [job] = open.splice(happened.which % open.length, 1);
            job?.finish(job.value);
            await settle();
          }
          collect();
          const lanes = open.map(({ value }) => value.charAt(0));
          assert.equal(new Set(lanes).size, lanes.length, 'one in flight per key');
        }
        source.complete();
        while (open.length > 0) {
          const job = open.shift();
          job?.finish(job.value);
          await settle();
          collect();
        }
        assert.equal(out.pop(), 'done');
        for (const [key, { received, started, finished, dropped, waiting }] of backPressure.counters()) {
          assert.equal(received, started + dropped);
          assert.equal(started, finished);
          assert.equal(waiting, 0);
          const values = out.filter((value) => value.startsWith(key));
          assert.equal(values.length, finished);
          assert.deepEqual(values, [...values].sort());
        }
      }),
      { numRuns: 50 },
    );
  });
});
