import assert from 'node:assert/strict';
import { cameraRate } from '../../src/ros/cameraRate.js';

const MILLISECOND = 1_000_000n;
const at = (...milliseconds: number[]): bigint[] => milliseconds.map((ms) => BigInt(Math.round(ms * 1e6)));
/** Stamps of a 10 Hz camera of which those numbers arrived. */
const tenHertz = (...numbers: number[]): bigint[] => at(...numbers.map((number) => number * 100));
const count = (length: number): number[] => Array.from({ length }, (_, index) => index);

/** Numbers from 0 to 1 that are the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

describe('cameraRate', () => {
  it('says nothing of few images', () => {
    assert.equal(cameraRate(tenHertz(...count(12))), undefined);
    assert.notEqual(cameraRate(tenHertz(...count(13))), undefined);
  });

  it('takes a steady camera for what it is', () => {
    assert.deepEqual(cameraRate(tenHertz(...count(40))), { rateHz: 10, lostShare: 0 });
  });

  it('counts what lies between, by hand', () => {
    // Of the numbers 0 to 20 the images 2, 5, 6, 11 and 15 are missing: 16 of 21 arrived.
    const arrived = count(21).filter((number) => ![2, 5, 6, 11, 15].includes(number));
    const rate = cameraRate(tenHertz(...arrived));
    assert.equal(rate?.rateHz, 10);
    assert.ok(Math.abs((rate?.lostShare ?? 0) - 5 / 20) < 1e-9, String(rate?.lostShare));
  });

  for (const share of [0.2, 0.5, 0.7]) {
    it(`finds that ${100 * share} % of the images of a camera that jitters are lost`, () => {
      const next = random(7);
      const stamps = count(400)
        .map((number) => BigInt(number) * 100n * MILLISECOND + BigInt(Math.round(next() * 8e6)))
        .filter(() => next() >= share);
      const rate = cameraRate(stamps);
      assert.ok(Math.abs((rate?.rateHz ?? 0) - 10) < 0.5, String(rate?.rateHz));
      assert.ok(Math.abs((rate?.lostShare ?? 0) - share) < 0.06, String(rate?.lostShare));
    });
  }

  it('takes neither a pause, nor a camera that becomes slower or was silent, for a loss', () => {
    const slower = [...count(20).map((number) => number * 33), ...count(20).map((number) => 660 + number * 66)];
    assert.equal(cameraRate(at(...slower))?.lostShare, 0);
    assert.equal(cameraRate(tenHertz(...count(20), ...count(20).map((number) => 300 + number)))?.lostShare, 0);
    assert.equal(cameraRate(tenHertz(...count(20), ...count(20).map((number) => 22 + number)))?.lostShare, 0);
  });

  it('says nothing of a camera without a period, or whose stamps stand still', () => {
    const next = random(3);
    let now = 0;
    assert.equal(cameraRate(at(...count(60).map(() => (now += 20 + 200 * next())))), undefined);
    assert.equal(cameraRate(Array.from({ length: 40 }, () => 0n)), undefined);
  });
});
