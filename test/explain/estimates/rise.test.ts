import assert from 'node:assert/strict';
import fc from 'fast-check';
import { sampleMask } from '../../../src/explain/masks/gridMask.js';
import {
  cellsOver,
  MaskStream,
  SAMPLERS,
  type MaskStreamOptions,
  type SampledMask,
} from '../../../src/explain/masks/maskStream.js';
import { area, type Box } from '../../../src/geometry/box.js';
import { solveSymmetric } from '../../../src/explain/estimates/cholesky.js';
import { pearson } from '../../../src/maps/mapAgreement.js';
import { RegressionEstimate } from '../../../src/explain/estimates/regressionEstimate.js';
import { RiseEstimate, type MapEstimate } from '../../../src/explain/estimates/riseEstimate.js';
import { BOXES, exactMaps, PROBABILITY, SIDE, toyScores, toyStream } from '../toyDetector.js';

const square = { width: SIDE, height: SIDE };

function maskOf(grid: readonly number[], offsetY: number, offsetX: number, weight = 1): SampledMask {
  return {
    rows: 2,
    columns: 2,
    grid: Uint8Array.from(grid),
    offsetY,
    offsetX,
    upsampled: { width: 6, height: 6 },
    weight,
  };
}

function sampled(mask: SampledMask): Float64Array {
  const values = new Float64Array(SIDE * SIDE);
  sampleMask(mask, square, square, values);
  return values;
}

function near(actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-6): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) =>
    assert.ok(Math.abs(actual[i] - value) <= tolerance, `${i}: ${actual[i]}, expected ${value}`),
  );
}

describe('masks', () => {
  it('by hand: 2×2 cells over 6×6 pixels, cut to 4×4', () => {
    // Pixel i of an axis lies at cell (i + 0.5)/3 − 0.5 = −1/3, 0, 1/3, 2/3, 1, 4/3; outside 0…1 the border is repeated.
    near(sampled(maskOf([1, 0, 0, 0], 0, 0)), [
      ...[1, 1, 2 / 3, 1 / 3],
      ...[1, 1, 2 / 3, 1 / 3],
      ...[2 / 3, 2 / 3, 4 / 9, 2 / 9],
      ...[1 / 3, 1 / 3, 2 / 9, 1 / 9],
    ]);
    near(sampled(maskOf([0, 1, 0, 1], 1, 1)), Array.from({ length: 4 }, () => [0, 1 / 3, 2 / 3, 1]).flat());
  });

  it('lie between 0 and 1, and a full grid is no mask at all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 1), { minLength: 4, maxLength: 4 }),
        fc.nat(1),
        fc.nat(1),
        (grid, y, x) => {
          assert.ok(sampled(maskOf(grid, y, x)).every((value) => value >= 0 && value <= 1));
          assert.ok(sampled(maskOf([1, 1, 1, 1], y, x)).every((value) => value === 1));
        },
      ),
    );
  });

  it('are a pure function of seed and index', () => {
    for (const sampler of SAMPLERS) {
      const forwards = new MaskStream(toyStream(sampler, 9));
      const masks = Array.from({ length: 30 }, (_, i) => forwards.mask(i));
      const backwards = new MaskStream(toyStream(sampler, 9));
      for (let i = 29; i >= 0; i--) assert.deepEqual(backwards.mask(i), masks[i], `${sampler} ${i}`);
      const other = new MaskStream(toyStream(sampler, 10));
      assert.notDeepEqual(
        masks.map((_, i) => other.mask(i)),
        masks,
      );
    }
  });

  it('are as wide as the study says: 8×8 cells over 512 pixels, stretched to 576, offsets 0 to 63', () => {
    const stream = new MaskStream({
      ...toyStream('plain', 1),
      content: { width: 512, height: 384 },
      grid: { rows: 8, columns: 8 },
      probability: 0.1,
    });
    assert.deepEqual(stream.upsampled, { width: 576, height: 432 });
    const masks = Array.from({ length: 2000 }, (_, i) => stream.mask(i));
    assert.deepEqual(
      [Math.min, Math.max].map((pick) => pick(...masks.map(({ offsetX }) => offsetX))),
      [0, 63],
    );
    assert.deepEqual(
      [Math.min, Math.max].map((pick) => pick(...masks.map(({ offsetY }) => offsetY))),
      [0, 47],
    );
    const on = masks.reduce((sum, { grid }) => sum + grid.reduce((a, b) => a + b, 0), 0) / (2000 * 64);
    assert.ok(Math.abs(on - 0.1) < 5 * Math.sqrt(0.09 / 128_000), `${on}`);
  });

  it('favour cells over a box', () => {
    const shape = { rows: 2, columns: 2, upsampled: { width: 6, height: 6 } };
    // Cells are three pixels wide; with an offset of one, the second begins at pixel two.
    assert.deepEqual(cellsOver({ x1: 0, y1: 0, x2: 2, y2: 2 }, { ...shape, offsetX: 1, offsetY: 0 }), [0]);
    assert.deepEqual(cellsOver({ x1: 0, y1: 0, x2: 2.1, y2: 2 }, { ...shape, offsetX: 1, offsetY: 0 }), [0, 1]);
    assert.deepEqual(cellsOver({ x1: 3, y1: 3.5, x2: 4, y2: 4 }, { ...shape, offsetX: 0, offsetY: 0 }), [3]);
    assert.deepEqual(cellsOver({ x1: 0, y1: 0, x2: 9, y2: 9 }, { ...shape, offsetX: 1, offsetY: 1 }), [0, 1, 2, 3]);
    const stream = new MaskStream(toyStream('importance', 2));
    for (let i = 0; i < 500; i++) assert.ok(stream.mask(i).weight <= 10 && stream.mask(i).weight > 0);
  });
});

describe('RISE', () => {
  it('by hand: equation 4 over two masks', () => {
    const estimate = new RiseEstimate({ ...square, content: square }, 0.5, 2);
    estimate.add(maskOf([1, 0, 0, 0], 0, 0), [0.8, 0]);
    estimate.add(maskOf([0, 1, 0, 1], 1, 1, 0.5), [0.4, 0.2]);
    // 1 / (0.5·2) · (0.8·M₁ + 0.5·0.4·M₂), first row of M₁ 1, 1, 2/3, 1/3 and of M₂ 0, 1/3, 2/3, 1.
    near(estimate.map(0).subarray(0, 4), [0.8, 0.8 + 0.2 / 3, 0.8 * (2 / 3) + 0.4 / 3, 0.8 / 3 + 0.2]);
    near(estimate.map(1).subarray(0, 4), [0, 0.1 / 3, 0.2 / 3, 0.1]);
    // Standard error of the mean of two numbers a and b: |a − b| / 2; here of the contributions p·M / 0.5.
    near(estimate.standardError(1).subarray(0, 4), [0, 0.1 / 3, 0.2 / 3, 0.1]);
  });

  const estimators = {
    mean: (): MapEstimate => new RiseEstimate({ ...square, content: square }, PROBABILITY, BOXES.length),
    regression: (stream: MaskStream): MapEstimate =>
      new RegressionEstimate({ ...square, content: square }, stream, BOXES.length),
  };
  const pairs = SAMPLERS.flatMap((sampler) => [[sampler, 'mean'] as const, [sampler, 'regression'] as const]);
  const spreads = new Map<string, number>();

  /** Asserts that the mean of many estimates is the exact map, and that they know how far they spread; returns the spread. */
  function spreadAround(
    exact: number[][],
    estimator: keyof typeof estimators,
    options: (seed: number) => MaskStreamOptions,
  ) {
    const [repeats, passes] = [150, 120];
    const sums = exact.map((map) => map.map(() => ({ mean: 0, square: 0, claimed: 0 })));
    for (let seed = 0; seed < repeats; seed++) {
      const stream = new MaskStream(options(seed));
      const estimate = estimators[estimator](stream);
      for (let i = 0; i < passes; i++) {
        const mask = stream.mask(i);
        estimate.add(mask, toyScores(sampled(mask)));
      }
      sums.forEach((cells, t) => {
        const [map, error] = [estimate.map(t), estimate.standardError(t)];
        cells.forEach((cell, x) => {
          cell.mean += map[x] / repeats;
          cell.square += map[x] ** 2 / repeats;
          cell.claimed += (error?.[x] ?? NaN) ** 2 / repeats;
        });
      });
    }
    let [spread, claimed] = [0, 0];
    sums.forEach((cells, t) => {
      cells.forEach((cell, x) => {
        const variance = (cell.square - cell.mean ** 2) * (repeats / (repeats - 1));
        const error = Math.sqrt(variance / repeats);
        const off = Math.abs(cell.mean - exact[t][x]);
        assert.ok(off < 4.5 * error + 1e-9, `target ${t}, ${x}: ${cell.mean}, exactly ${exact[t][x]} ± ${error}`);
        spread += variance;
        claimed += cell.claimed;
      });
    });
    assert.ok(claimed / spread > 0.75 && claimed / spread < 1.33, `claims a variance of ${claimed / spread} the real`);
    return spread;
  }

  for (const [sampler, estimator] of pairs)
    it(`is unbiased with ${sampler} masks and the ${estimator}, and knows its own error`, () => {
      const spread = spreadAround(exactMaps(), estimator, (seed) => toyStream(sampler, seed));
      spreads.set(`${sampler} ${estimator}`, spread);
    });

  it('is unbiased with the regression where scores depend on other places than the boxes', () => {
    const elsewhere = BOXES.toReversed();
    spreadAround(exactMaps(), 'regression', (seed) => ({ ...toyStream('plain', seed), targets: elsewhere }));
  });

  it('has less variance with the regression', () => {
    const spread = (name: string): number => spreads.get(name) ?? NaN;
    for (const sampler of ['plain', 'importance'])
      assert.ok(spread(`${sampler} regression`) < 0.8 * spread(`${sampler} mean`), JSON.stringify([...spreads]));
  });

  it('has less variance where scores depend on the box, as the regression expects', () => {
    const content = { width: 64, height: 64 };
    const map = { width: 16, height: 16 };
    const box = { x1: 20, y1: 28, x2: 34, y2: 40 };
    const seen = new Float64Array(64 * 64);
    const spreadWith = (targets: readonly Box[]): number => {
      const [repeats, passes] = [12, 80];
      const sums = Array.from({ length: 16 * 16 }, () => ({ mean: 0, square: 0 }));
      for (let seed = 0; seed < repeats; seed++) {
        const grid = { rows: 8, columns: 8 };
        const stream = new MaskStream({ seed, content, grid, probability: 0.3, sampler: 'plain', targets });
        const estimate = new RegressionEstimate({ ...map, content }, stream, 1);
        for (let i = 0; i < passes; i++) {
          const mask = stream.mask(i);
          sampleMask(mask, content, content, seen);
          let part = 0;
          for (let y = box.y1; y < box.y2; y++) for (let x = box.x1; x < box.x2; x++) part += seen[y * 64 + x];
          estimate.add(mask, [(part / area(box)) ** 2]);
        }
        estimate.map(0).forEach((value, x) => {
          sums[x].mean += value / repeats;
          sums[x].square += value ** 2 / repeats;
        });
      }
      return sums.reduce((sum, { mean, square }) => sum + square - mean ** 2, 0);
    };
    const [informed, uninformed] = [spreadWith([box]), spreadWith([])];
    assert.ok(informed < 0.8 * uninformed, `${informed}, without the box ${uninformed}`);
  });

  it('of a constant score is flat with the regression once it has been fitted', () => {
    const stream = new MaskStream(toyStream('plain', 3));
    const estimate = new RegressionEstimate({ ...square, content: square }, stream, 1);
    for (let i = 0; i < 16; i++) estimate.add(stream.mask(i), [0.6]);
    const before = estimate.map(0);
    for (let i = 16; i < 400; i++) estimate.add(stream.mask(i), [0.6]);
    estimate.map(0).forEach((value, x) => {
      const expected = (16 * before[x] + 384 * 0.6) / 400;
      assert.ok(Math.abs(value - expected) < 1e-5, `${value}, expected ${expected}`);
    });
  });

  it('solves linear equations by hand', () => {
    // [[4, 2], [2, 3]] · (1, −2) = (0, −4)
    const side = Float64Array.of(0, -4);
    solveSymmetric(Float64Array.of(4, 0, 2, 3), 2, [side]);
    near(side, [1, -2], 1e-12);
    assert.throws(() => solveSymmetric(Float64Array.of(1, 0, 2, 1), 2, []), RangeError);
  });

  it('of a constant score is flat but for the masks’ own unevenness', () => {
    const stream = new MaskStream(toyStream('plain', 3));
    const estimate = new RiseEstimate({ ...square, content: square }, PROBABILITY, 1);
    const cover = new Float64Array(SIDE * SIDE);
    for (let i = 0; i < 4000; i++) {
      const mask = stream.mask(i);
      sampled(mask).forEach((value, x) => (cover[x] += value / (4000 * PROBABILITY)));
      estimate.add(mask, [0.6]);
    }
    near(
      estimate.map(0),
      [...cover].map((value) => 0.6 * value),
    );
    estimate.map(0).forEach((value, x) => assert.ok(Math.abs(value - 0.6) < 5 * estimate.standardError(0)[x]));
  });

  it('does not depend on the order of the masks', () => {
    const stream = new MaskStream(toyStream('plain', 3));
    const order = Array.from({ length: 50 }, (_, i) => i);
    const maps = [order, order.toReversed()].map((indices) => {
      const estimate = new RiseEstimate({ ...square, content: square }, PROBABILITY, 2);
      for (const i of indices) estimate.add(stream.mask(i), toyScores(sampled(stream.mask(i))));
      return estimate.map(0);
    });
    near(maps[0], [...maps[1]], 1e-6);
  });

  it('of a target that is never found is zero, not NaN', () => {
    const estimate = new RiseEstimate({ ...square, content: square }, PROBABILITY, 1);
    assert.ok(estimate.map(0).every((value) => value === 0));
    for (let i = 0; i < 5; i++) estimate.add(maskOf([1, 0, 1, 0], 0, 0), [0]);
    assert.ok(estimate.map(0).every((value) => value === 0));
    assert.ok(estimate.standardError(0).every((value) => value === 0));
    assert.equal(estimate.convergence(0), 0);
  });

  it('continues from what it saved', () => {
    for (const [sampler, estimator] of pairs) {
      const stream = new MaskStream(toyStream(sampler, 8));
      const fresh = (): MapEstimate => estimators[estimator](stream);
      const feed = (estimate: MapEstimate, from: number, to: number): void => {
        for (let i = from; i < to; i++) estimate.add(stream.mask(i), toyScores(sampled(stream.mask(i))));
      };
      const [whole, first, second] = [fresh(), fresh(), fresh()];
      feed(whole, 0, 61);
      feed(first, 0, 37);
      second.restore(first.passes, structuredClone(first.save()));
      feed(second, 37, 61);
      assert.deepEqual(second.map(1), whole.map(1), sampler);
      assert.deepEqual(second.standardError(1), whole.standardError(1), sampler);
    }
    const other = new RiseEstimate({ ...square, content: square }, PROBABILITY, 3);
    assert.throws(() => other.restore(4, []), /another explanation/);
  });

  it('compares maps by Pearson’s correlation', () => {
    // By hand: deviations −1, 0, 1 and −1, 2, −1; then −1, 0, 1 and −4/3, −1/3, 5/3.
    assert.equal(pearson([1, 2, 3], [0, 3, 0]), 0);
    assert.ok(Math.abs(pearson([1, 2, 3], [0, 1, 3]) - 3 / Math.sqrt((2 * 42) / 9)) < 1e-12);
    assert.equal(pearson([1, 1, 1], [0, 1, 3]), 0);
  });

  it('says how near it is to its limit', () => {
    const exact = exactMaps()[0];
    for (const passes of [40, 200, 1000]) {
      let claimed = 0;
      let real = 0;
      for (let seed = 0; seed < 60; seed++) {
        const stream = new MaskStream(toyStream('plain', seed));
        const estimate = new RiseEstimate({ ...square, content: square }, PROBABILITY, BOXES.length);
        for (let i = 0; i < passes; i++) estimate.add(stream.mask(i), toyScores(sampled(stream.mask(i))));
        claimed += estimate.convergence(0) / 60;
        real += pearson(estimate.map(0), exact) / 60;
      }
      assert.ok(Math.abs(claimed - real) < 0.1, `${passes} passes: claims ${claimed}, is ${real}`);
    }
  });
});
