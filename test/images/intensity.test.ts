import assert from 'node:assert/strict';
import fc from 'fast-check';
import { IntensityNormalizer, intensitySchema } from '../../src/images/intensity.js';
import { inputTrouble } from './helpers.js';

const make = (config: unknown): IntensityNormalizer => new IntensityNormalizer(intensitySchema.parse(config));
const row = (...samples: number[]): { data: Uint16Array; rowLength: number } => ({
  data: Uint16Array.from(samples),
  rowLength: samples.length,
});
const floats = (...samples: number[]): { data: Float32Array; rowLength: number } => ({
  data: Float32Array.from(samples),
  rowLength: samples.length,
});
const seconds = (value: number): bigint => BigInt(Math.round(value * 1e9));

describe('IntensityNormalizer', () => {
  it('fixed: linear between low and high, rounded, clamped outside', () => {
    const normalizer = make({ rule: 'fixed', low: 1000, high: 1510 });
    // (v − 1000) / 2: 0.5 and 1.5 round to the even neighbour.
    assert.deepEqual(
      [...normalizer.normalize(row(0, 1000, 1002, 1003, 1255, 1510, 65535))],
      [0, 0, 1, 2, 128, 255, 255],
    );
    assert.deepEqual(normalizer.range, { low: 1000, high: 1510 });
  });

  it('percentiles: worked by hand, linear between ranks', () => {
    const normalizer = make({ rule: 'percentiles', lowPercent: 10, highPercent: 90 });
    // Eleven values: the 10th percentile is rank 1 exactly, the 90th rank 9.
    const image = row(0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 60000);
    const out = normalizer.normalize(image);
    assert.deepEqual(normalizer.range, { low: 10, high: 90 });
    assert.equal(out[0], 0);
    assert.equal(out[5], Math.round((40 / 80) * 255));
    assert.equal(out[10], 255);
    make({ rule: 'percentiles', lowPercent: 25, highPercent: 100 });
    const between = make({ rule: 'percentiles', lowPercent: 25, highPercent: 100 });
    between.normalize(row(0, 100, 200));
    assert.deepEqual(between.range, { low: 50, high: 200 });
  });

  it('is not moved by a few dead or hot pixels', () => {
    const data = Uint16Array.from({ length: 640 * 480 }, (_, i) => 7000 + (i % 1000));
    for (let i = 0; i < 500; i++) data[i * 613] = i % 2 === 0 ? 0 : 65535;
    const normalizer = make({ rule: 'percentiles' });
    normalizer.normalize({ data, rowLength: 640 });
    assert.ok(Math.abs((normalizer.range?.low ?? 0) - 7004) < 6);
    assert.ok(Math.abs((normalizer.range?.high ?? 0) - 7995) < 6);
  });

  it('estimates from samples that no pattern of columns can lead astray', () => {
    // A stride of 64 over rows of 1024 would meet the same 16 columns in every row.
    const data = Uint16Array.from({ length: 1024 * 1024 }, (_, i) => (i % 64 === 0 ? 0 : 1000));
    const normalizer = make({ rule: 'percentiles', lowPercent: 5, highPercent: 95 });
    normalizer.normalize({ data, rowLength: 1024 });
    assert.deepEqual(normalizer.range, { low: 1000, high: 1000 });
  });

  it('follows a lasting change at the stated speed: 63 % after the time constant, whatever the frame rate', () => {
    for (const rate of [5, 30, 100]) {
      const normalizer = make({ rule: 'percentiles', lowPercent: 0, highPercent: 100, timeConstantSeconds: 2 });
      normalizer.normalize(row(1000, 2000), seconds(100));
      for (let frame = 1; frame <= 2 * rate; frame++)
        normalizer.normalize(row(1500, 3000), seconds(100 + frame / rate));
      const share = 1 - Math.exp(-1);
      assert.ok(Math.abs((normalizer.range?.low ?? 0) - (1000 + 500 * share)) < 1e-6);
      assert.ok(Math.abs((normalizer.range?.high ?? 0) - (2000 + 1000 * share)) < 1e-6);
    }
  });

  it('does not flicker: one odd frame at 30 Hz moves grey by less than 4 %', () => {
    const normalizer = make({ rule: 'percentiles', lowPercent: 0, highPercent: 100 });
    const before = normalizer.normalize(row(1000, 1500, 2000), seconds(0))[1] ?? 0;
    normalizer.normalize(row(1000, 1500, 4000), seconds(1 / 30));
    const after = normalizer.normalize(row(1000, 1500, 2000), seconds(2 / 30))[1] ?? 0;
    assert.ok(Math.abs(after - before) < 0.04 * 255, `${before} became ${after}`);
  });

  it('takes a new range at once when the old does not touch it, when time runs backwards, and without stamps', () => {
    const config = { rule: 'percentiles', lowPercent: 0, highPercent: 100, timeConstantSeconds: 10 };
    const apart = make(config);
    apart.normalize(row(1000, 2000), seconds(5));
    apart.normalize(row(5000, 6000), seconds(5.1));
    assert.deepEqual(apart.range, { low: 5000, high: 6000 });
    const backwards = make(config);
    backwards.normalize(row(1000, 2000), seconds(5));
    backwards.normalize(row(1500, 2500), seconds(4));
    assert.deepEqual(backwards.range, { low: 1500, high: 2500 });
    const unstamped = make(config);
    unstamped.normalize(row(1000, 2000));
    unstamped.normalize(row(1500, 2500));
    assert.deepEqual(unstamped.range, { low: 1500, high: 2500 });
  });

  it('makes a flat image mid grey, and does not blow up the noise of a nearly flat one', () => {
    assert.deepEqual([...make({ rule: 'percentiles' }).normalize(row(777, 777, 777))], [128, 128, 128]);
    assert.deepEqual([...make({ rule: 'percentiles' }).normalize(floats(0, 0))], [128, 128]);
    const calm = make({ rule: 'percentiles', lowPercent: 0, highPercent: 100, minimumSpan: 255 });
    assert.deepEqual([...calm.normalize(row(1000, 1001, 1002))], [126, 128, 128]);
  });

  it('says where a float is not finite, or paints it black when told to', () => {
    const image = { data: Float32Array.of(1, 2, 3, 4, NaN, 6), rowLength: 3 };
    assert.throws(
      () => make({ rule: 'percentiles' }).normalize(image),
      inputTrouble(/32FC1 image has the value NaN in row 1, column 1/),
    );
    const black = make({ rule: 'percentiles', lowPercent: 0, highPercent: 100, nonFinite: 'black' });
    assert.deepEqual([...black.normalize(floats(10, NaN, Infinity, -Infinity, 265))], [0, 0, 0, 0, 255]);
    assert.throws(() => black.normalize(floats(NaN, NaN)), inputTrouble(/no finite pixel/));
  });

  it('keeps the order of samples, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 65535 }), { minLength: 1, maxLength: 300 }), (samples) => {
        const out = make({ rule: 'percentiles' }).normalize(row(...samples));
        const order = samples.map((_, i) => i).sort((a, b) => samples[a] - samples[b]);
        for (let i = 1; i < order.length; i++) assert.ok(out[order[i - 1]] <= out[order[i]]);
      }),
    );
  });

  it('refuses configurations that contradict themselves', () => {
    for (const config of [
      { rule: 'fixed', low: 5, high: 5 },
      { rule: 'percentiles', lowPercent: 60, highPercent: 40 },
      { rule: 'percentiles', lowPercent: -1 },
      { rule: 'percentiles', timeConstant: 3 },
      { rule: 'automatic' },
    ])
      assert.equal(intensitySchema.safeParse(config).success, false, JSON.stringify(config));
  });
});
