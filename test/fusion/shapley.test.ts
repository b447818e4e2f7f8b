import assert from 'node:assert/strict';
import fc from 'fast-check';
import { shapleyValues } from '../../src/fusion/shapley.js';

const near = (actual: number, expected: number, message?: string): void =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${message ?? ''} ${actual} is not ${expected}`);
const PLAYERS = 4;
const worth = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
  minLength: 1 << PLAYERS,
  maxLength: 1 << PLAYERS,
});
const player = fc.nat(PLAYERS - 1);

describe('shapleyValues', () => {
  it('is the mean over all orders of joining (worked by hand)', () => {
    // The glove game: player 0 has a left glove, 1 and 2 a right one each; a pair is worth 1.
    // Player 0 adds 1 unless it comes first (4 of 6 orders), the others 1 only directly behind 0 and before the other one.
    const gloves = [0, 0, 0, 1, 0, 1, 0, 1];
    const values = shapleyValues(gloves);
    [2 / 3, 1 / 6, 1 / 6].forEach((expected, i) => near(values[i], expected));
    // Two players: φ_0 = ½ v({0}) + ½ (v(N) − v({1})).
    const [first, second] = shapleyValues([0, 0.9, 0.5, 0.7]);
    near(first, 0.45 + 0.1);
    near(second, 0.25 - 0.1);
  });

  it('takes one player and none', () => {
    assert.deepEqual(shapleyValues([0, 0.4]), [0.4]);
    assert.deepEqual(shapleyValues([0.3]), []);
  });

  it('refuses what is no table of coalitions', () => {
    for (const values of [[], [1, 2, 3], { length: 2 ** 21 }]) assert.throws(() => shapleyValues(values), RangeError);
  });

  it('is the mean over orders, by going through all of them', () => {
    fc.assert(
      fc.property(worth, (v) => {
        const sums = new Array<number>(PLAYERS).fill(0);
        const orders = permutations([0, 1, 2, 3]);
        for (const order of orders) {
          let coalition = 0;
          for (const i of order) {
            sums[i] += v[coalition | (1 << i)] - v[coalition];
            coalition |= 1 << i;
          }
        }
        shapleyValues(v).forEach((value, i) => near(value, sums[i] / orders.length));
      }),
      { numRuns: 50 },
    );
  });

  it('adds up to what all are worth (efficiency)', () => {
    fc.assert(
      fc.property(worth, (v) => {
        near(
          shapleyValues(v).reduce((sum, value) => sum + value, 0),
          v[v.length - 1] - v[0],
        );
      }),
    );
  });

  it('gives the same to those who add the same (symmetry)', () => {
    fc.assert(
      fc.property(worth, player, player, (v, a, b) => {
        const swap = (coalition: number): number => {
          const [inA, inB] = [(coalition >> a) & 1, (coalition >> b) & 1];
          return (coalition & ~(1 << a) & ~(1 << b)) | (inA << b) | (inB << a);
        };
        const symmetric = v.map((value, coalition) => value + v[swap(coalition)]);
        const values = shapleyValues(symmetric);
        near(values[a], values[b]);
      }),
    );
  });

  it('gives nothing to who adds nothing (null player)', () => {
    fc.assert(
      fc.property(worth, player, (v, i) => {
        const values = shapleyValues(v.map((_, coalition) => v[coalition & ~(1 << i)]));
        near(values[i], 0);
      }),
    );
  });
});

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}
