import assert from 'node:assert/strict';
import { Random } from '../../scenes/random.js';
import { difference, estimate, type GroupStatistic } from '../../numbers/groupBootstrap.js';
import { summarise } from '../../numbers/statistics.js';

const uniform = (seed: number): (() => number) => {
  const random = new Random(seed, 'test');
  return () => random.next();
};
const meanOf =
  (values: readonly number[]): GroupStatistic =>
  (weights) => {
    let [sum, count] = [0, 0];
    values.forEach((value, g) => {
      sum += weights[g] * value;
      count += weights[g];
    });
    return sum / count;
  };

describe('estimate', () => {
  it('of a mean of groups of one is what summarise gives', () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3];
    const { value, interval } = estimate(meanOf(values), values.length, uniform(4));
    const other = summarise(
      values.map((of, i) => ({ value: of, group: String(i) })),
      uniform(4),
    );
    assert.equal(value, other.mean);
    assert.ok(interval && other.interval);
    assert.ok(Math.abs(interval.low - other.interval.low) < 0.15, JSON.stringify([interval, other.interval]));
    assert.ok(Math.abs(interval.high - other.interval.high) < 0.15);
    assert.deepEqual(estimate(meanOf(values), values.length, uniform(4)), { value, interval });
  });

  it('of a difference is paired: what both have in common cancels', () => {
    const values = [10, 20, 300, 4000];
    const shifted = values.map((value) => value + 1);
    const { value, interval } = estimate(difference(meanOf(shifted), meanOf(values)), 4, uniform(1), 500);
    assert.ok(interval);
    for (const bound of [value, interval.low, interval.high]) assert.ok(Math.abs(bound - 1) < 1e-9);
  });

  it('covers the truth about as often as it says', () => {
    let covered = 0;
    const rounds = 200;
    for (let round = 0; round < rounds; round++) {
      const random = new Random(round, 'sample');
      const values = Array.from({ length: 40 }, () => random.gaussian());
      const { interval } = estimate(meanOf(values), values.length, uniform(round), 400);
      if (interval && interval.low <= 0 && interval.high >= 0) covered++;
    }
    assert.ok(covered / rounds > 0.88 && covered / rounds < 0.99, String(covered / rounds));
  });

  it('has no interval for one group, and leaves out what is not defined', () => {
    assert.equal(estimate(meanOf([5]), 1, uniform(1)).interval, null);
    const onlyWithFirst: GroupStatistic = (weights) => (weights[0] > 0 ? 2 : NaN);
    assert.deepEqual(estimate(onlyWithFirst, 2, uniform(1), 50), { value: 2, interval: { low: 2, high: 2 } });
    assert.equal(estimate(() => NaN, 2, uniform(1), 50).interval, null);
  });
});
