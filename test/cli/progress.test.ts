import assert from 'node:assert/strict';
import { timeLeft } from '../../src/cli/progress.js';

describe('time left', () => {
  const cases: [units: number, rate: number, text: string][] = [
    [10, 0, '?'],
    [10, Number.NaN, '?'],
    [0, 3, '0:00'],
    [65, 1, '1:05'],
    [3600 * 2 + 60 * 3 + 4, 1, '2:03:04'],
    [-5, 1, '0:00'],
  ];
  for (const [units, rate, text] of cases) {
    it(`${units} units at ${rate}/s leave ${text}`, () => assert.equal(timeLeft(units, rate), text));
  }
});
