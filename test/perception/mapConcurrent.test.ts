import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mapConcurrent } from '../../src/perception/mapConcurrent.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

describe('mapConcurrent', () => {
  it('keeps the order and the limit, whatever finishes first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(5), { maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        async (delays, limit, asynchronous) => {
          let pulled = 0;
          let taken = 0;
          let inFlight = 0;
          let most = 0;
          function* source(): Generator<number> {
            for (const delay of delays) {
              pulled++;
              yield delay;
            }
          }
          async function* asyncSource(): AsyncGenerator<number> {
            for (const value of source()) {
              await settle();
              yield value;
            }
          }
          const results = mapConcurrent(asynchronous ? asyncSource() : source(), limit, async (turns) => {
            most = Math.max(most, ++inFlight);
            for (let turn = 0; turn < turns; turn++) await settle();
            inFlight--;
            return turns;
          });
          const seen: number[] = [];
          for await (const result of results) {
            seen.push(result);
            assert.ok(pulled - taken <= limit, 'no more than the limit is held');
            taken++;
          }
          assert.deepEqual(seen, delays);
          assert.ok(most <= limit);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('hands a result on while the source has nothing to give', async () => {
    let giveSecond: (value: number) => void = () => undefined;
    async function* source(): AsyncGenerator<number> {
      yield 1;
      yield await new Promise<number>((resolve) => (giveSecond = resolve));
    }
    const results = mapConcurrent(source(), 4, (value) => Promise.resolve(value * 10));
    assert.deepEqual(await results.next(), { done: false, value: 10 });
    const second = results.next();
    await settle();
    giveSecond(2);
    assert.deepEqual(await second, { done: false, value: 20 });
    assert.deepEqual(await results.next(), { done: true, value: undefined });
  });

  it('runs as many at a time as the limit allows', async () => {
    const started: number[] = [];
    const finish: (() => void)[] = [];
    const results = mapConcurrent([0, 1, 2, 3], 3, async (value) => {
      started.push(value);
      await new Promise<void>((resolve) => finish.push(resolve));
      return value;
    });
    const first = results.next();
    await settle();
    assert.deepEqual(started, [0, 1, 2]);
    finish.forEach((done) => done());
    await first;
    await results.return();
  });

  it('surfaces a failure in its turn, after the results before it, and closes the source', async () => {
    let closed = false;
    function* source(): Generator<number> {
      try {
        for (let value = 0; ; value++) yield value;
      } finally {
        closed = true;
      }
    }
    const seen: number[] = [];
    const results = mapConcurrent(source(), 4, async (value) => {
      if (value === 2) throw new Error('frame 2');
      for (let turn = 0; turn < 3; turn++) await settle();
      return value;
    });
    await assert.rejects(async () => {
      for await (const result of results) seen.push(result);
    }, /frame 2/);
    assert.deepEqual(seen, [0, 1]);
    assert.ok(closed);
  });

  it('surfaces a failure of the source after the results before it', async () => {
    function* source(): Generator<number> {
      yield 0;
      yield 1;
      throw new Error('bag broken');
    }
    const seen: number[] = [];
    await assert.rejects(async () => {
      for await (const result of mapConcurrent(source(), 4, (value) => Promise.resolve(value))) seen.push(result);
    }, /bag broken/);
    assert.deepEqual(seen, [0, 1]);
  });

  it('waits for what is in flight and closes the source when its consumer stops', async () => {
    let closed = false;
    let running = 0;
    async function* source(): AsyncGenerator<number> {
      try {
        for (let value = 0; ; value++) {
          await settle();
          yield value;
        }
      } finally {
        closed = true;
      }
    }
    for await (const value of mapConcurrent(source(), 3, async (each) => {
      running++;
      for (let turn = 0; turn < each; turn++) await settle();
      running--;
      return each;
    })) {
      if (value === 4) break;
    }
    assert.ok(closed);
    assert.equal(running, 0);
  });

  it('refuses a limit that is no whole number from 1 on', async () => {
    for (const limit of [0, -1, 1.5, NaN]) {
      await assert.rejects(collect(mapConcurrent([1], limit, (value) => Promise.resolve(value))), RangeError);
    }
  });
});
