import assert from 'node:assert/strict';
import { solveSymmetric } from '../../../src/explain/estimates/cholesky.js';
import { CorrectedRidgeEstimate } from '../../../src/explain/estimates/correctedRidgeEstimate.js';
import { sampleMask } from '../../../src/explain/masks/gridMask.js';
import { pearson } from '../../../src/maps/mapAgreement.js';
import { MaskStream } from '../../../src/explain/masks/maskStream.js';
import { isCorrected } from '../../../src/explain/estimates/correctedRidgeEstimate.js';
import { RidgeEstimate } from '../../../src/explain/estimates/ridgeEstimate.js';
import { RiseEstimate, type MapEstimate } from '../../../src/explain/estimates/riseEstimate.js';
import { exactMaps, PROBABILITY, SIDE, toyScores, toyStream } from '../toyDetector.js';

const content = { width: SIDE, height: SIDE };
const geometry = { ...content, content };
/** A larger toy: the square of the part of a place that is seen, far from or at the box. */
const WIDE = { width: 64, height: 64 };
const wideMap = { width: 16, height: 16, content: WIDE };
const PLACE = { x1: 20, y1: 28, x2: 34, y2: 40 };
const ELSEWHERE = { x1: 2, y1: 2, x2: 12, y2: 12 };

function wideStream(seed: number, box = PLACE): MaskStream {
  return new MaskStream({
    ...{ seed, content: WIDE, grid: { rows: 8, columns: 8 }, probability: 0.3, sampler: 'plain' },
    targets: [box],
  });
}

function wideScore(stream: MaskStream, index: number): number {
  const seen = new Float64Array(WIDE.width * WIDE.height);
  sampleMask(stream.mask(index), WIDE, WIDE, seen);
  let part = 0;
  for (let y = PLACE.y1; y < PLACE.y2; y++) for (let x = PLACE.x1; x < PLACE.x2; x++) part += seen[y * 64 + x];
  return (part / ((PLACE.x2 - PLACE.x1) * (PLACE.y2 - PLACE.y1))) ** 2;
}

function run<Estimate extends MapEstimate>(estimate: Estimate, stream: MaskStream, masks: number): Estimate {
  for (let i = 0; i < masks; i++) estimate.add(stream.mask(i), [wideScore(stream, i)]);
  return estimate;
}

const wideTruth = ((): Float32Array => {
  const stream = wideStream(999);
  return run(new RiseEstimate(wideMap, 0.3, 1), stream, 20_000).map(0);
})();

function valuesOf(stream: MaskStream, index: number): Float64Array {
  const mask = new Float64Array(SIDE * SIDE);
  sampleMask(stream.mask(index), content, content, mask);
  return mask;
}

function toyRidge(passes: number, seed = 4): RidgeEstimate {
  const stream = new MaskStream(toyStream('importance', seed));
  const estimate = new RidgeEstimate(geometry, stream, 2);
  for (let i = 0; i < passes; i++) estimate.add(stream.mask(i), toyScores(valuesOf(stream, i)));
  return estimate;
}

describe('the ridge estimate', function () {
  this.timeout(120_000);

  it('is the map of the weighted ridge regression, by normal equations and by looking at every mask', () => {
    const masks = 40;
    const stream = new MaskStream({ ...toyStream('importance', 4), targets: [] });
    const estimate = new RidgeEstimate(geometry, stream, 1);
    // The lattice of two points a cell over 2×2 cells is the 4×4 pixels themselves.
    const rows = Array.from({ length: masks }, (_, i) => {
      const mask = stream.mask(i);
      const values = valuesOf(stream, i);
      const [score] = toyScores(values);
      estimate.add(mask, [score]);
      return { w: mask.weight, z: [...values].map((value) => value - PROBABILITY), score };
    });
    const total = rows.reduce((sum, { w }) => sum + w, 0);
    const meanOf = (of: (row: (typeof rows)[number]) => number): number =>
      rows.reduce((sum, row) => sum + row.w * of(row), 0) / total;
    const n = SIDE * SIDE;
    const centre = Array.from({ length: n }, (_, k) => meanOf(({ z }) => z[k]));
    const score = meanOf((row) => row.score);
    const matrix = Float64Array.from({ length: n * n }, (_, i) => {
      const [k, l] = [Math.floor(i / n), i % n];
      return meanOf(({ z }) => (z[k] - centre[k]) * (z[l] - centre[l]));
    });
    const trace = centre.reduce((sum, _, k) => sum + matrix[k * n + k], 0);
    // λ of the class: 30 times the mean variance of a feature, over the masks.
    for (let k = 0; k < n; k++) matrix[k * n + k] += (30 * trace) / 4 / masks + 1e-12;
    const slopes = Float64Array.from({ length: n }, (_, k) =>
      meanOf((row) => (row.z[k] - centre[k]) * (row.score - score)),
    );
    solveSymmetric(matrix, n, [slopes]);
    const offset = score - slopes.reduce((sum, slope, k) => sum + slope * centre[k], 0);
    const expected = mapOfEvery((mask) =>
      mask.reduce((sum, value, k) => sum + slopes[k] * (value - PROBABILITY), offset),
    );
    estimate.map(0).forEach((value, x) => {
      assert.ok(Math.abs(value - expected[x]) < 1e-6, `${x}: ${value}, expected ${expected[x]}`);
    });
  });

  it('comes to the exact map with many masks, and is flatter with few', () => {
    const exact = exactMaps();
    const many = toyRidge(20_000);
    const range = (map: ArrayLike<number>): number => Math.max(...Array.from(map)) - Math.min(...Array.from(map));
    exact.forEach((map, t) => {
      const errors = many.unbiased.standardError(t);
      many.map(t).forEach((value, x) => {
        const error = errors[x];
        assert.ok(Math.abs(value - map[x]) < 5 * error + 0.01 * range(map), `${t} ${x}: ${value}, exactly ${map[x]}`);
      });
      assert.ok(range(toyRidge(12).map(t)) < range(map));
    });
  });

  it('is nearer to the map of very many masks than unbiased estimates from the same few', () => {
    const near = { mean: 0, regression: 0, ridge: 0 };
    for (let seed = 0; seed < 10; seed++) {
      const stream = wideStream(seed);
      const ridge = run(new RidgeEstimate(wideMap, stream, 1), stream, 80);
      near.mean += pearson(run(new RiseEstimate(wideMap, 0.3, 1), stream, 80).map(0), wideTruth) / 10;
      near.regression += pearson(ridge.unbiased.map(0), wideTruth) / 10;
      near.ridge += pearson(ridge.map(0), wideTruth) / 10;
    }
    assert.ok(near.mean < near.regression && near.regression < near.ridge && near.ridge > 0.9, JSON.stringify(near));
  });

  it('finds what a score depends on far from the box, too, with more masks', () => {
    const far = (masks: number): number => {
      const stream = wideStream(7, ELSEWHERE);
      return pearson(run(new RidgeEstimate(wideMap, stream, 1), stream, masks).map(0), wideTruth);
    };
    const [few, many] = [far(100), far(1000)];
    assert.ok(few > 0.5 && many > 0.95 && many > few, `${few}, ${many}`);
  });

  it('of a constant score is flat from the first mask on, and of a target that is never found zero', () => {
    const stream = wideStream(3);
    const estimate = new RidgeEstimate(wideMap, stream, 2);
    assert.ok(estimate.map(0).every((value) => value === 0));
    for (let i = 0; i < 30; i++) {
      estimate.add(stream.mask(i), [0.6, 0]);
      assert.ok(estimate.map(0).every((value) => Math.abs(value - 0.6) < 1e-6));
      assert.ok(estimate.map(1).every((value) => value === 0));
    }
  });

  it('claims neither error nor convergence, which nobody knows of a belief', () => {
    const stream = wideStream(5);
    const ridge = run(new RidgeEstimate(wideMap, stream, 1), stream, 90);
    assert.equal(ridge.standardError(), undefined);
    assert.equal(ridge.convergence(), undefined);
  });

  it('goes on from what was saved as if nothing had happened', () => {
    const stream = wideStream(11);
    const first = run(new RidgeEstimate(wideMap, stream, 1), stream, 37);
    const second = new RidgeEstimate(wideMap, stream, 1);
    second.restore(37, first.save());
    for (let i = 37; i < 70; i++) second.add(stream.mask(i), [wideScore(stream, i)]);
    assert.deepEqual(second.map(0), run(new RidgeEstimate(wideMap, stream, 1), stream, 70).map(0));
    assert.throws(() => new RidgeEstimate(wideMap, stream, 2).restore(37, first.save()), RangeError);
  });
});

describe('the corrected ridge estimate', () => {
  /** A cheap detector that looks at something beside the place, too. */
  const cheapOf = (score: number, index: number): number => 0.05 + 0.5 * score + 0.05 * ((index * 7919) % 2);
  function corrected(stream: MaskStream, masks: number, full: number): CorrectedRidgeEstimate {
    const estimate = new CorrectedRidgeEstimate(wideMap, stream, 1);
    for (let i = 0; i < masks; i++) addTo(estimate, stream, i, isCorrected(i, masks, full));
    return estimate;
  }
  function addTo(estimate: CorrectedRidgeEstimate, stream: MaskStream, index: number, full: boolean): void {
    const score = wideScore(stream, index);
    estimate.add(stream.mask(index), [cheapOf(score, index), full ? score : NaN]);
  }

  it('is the ridge of the cheap scores without full passes', () => {
    const stream = wideStream(1);
    const cheap = new RidgeEstimate(wideMap, stream, 1);
    for (let i = 0; i < 60; i++) cheap.add(stream.mask(i), [cheapOf(wideScore(stream, i), i)]);
    assert.deepEqual(corrected(stream, 60, 0).map(0), cheap.map(0));
  });

  it('is nearer than the full passes alone, and has their scale where the cheap ones have another', () => {
    const near = { corrected: 0, full: 0 };
    const scale = (map: Float32Array): number => Math.max(...map) - Math.min(...map);
    for (let seed = 0; seed < 10; seed++) {
      const stream = wideStream(seed);
      const both = corrected(stream, 200, 25).map(0);
      const alone = new RidgeEstimate(wideMap, stream, 1);
      for (let i = 0; i < 200; i++) if (isCorrected(i, 200, 25)) alone.add(stream.mask(i), [wideScore(stream, i)]);
      near.corrected += pearson(both, wideTruth) / 10;
      near.full += pearson(alone.map(0), wideTruth) / 10;
      assert.ok(scale(both) > 0.6 * scale(wideTruth) && scale(both) < 1.5 * scale(wideTruth));
    }
    assert.ok(near.corrected > near.full + 0.02, JSON.stringify(near));
  });

  it('forgets cheap scores that are wrong with many full passes', () => {
    const stream = wideStream(2);
    const estimate = new CorrectedRidgeEstimate(wideMap, stream, 1);
    // The cheap detector says the contrary.
    for (let i = 0; i < 2000; i++) estimate.add(stream.mask(i), [1 - wideScore(stream, i), wideScore(stream, i)]);
    assert.ok(pearson(estimate.map(0), wideTruth) > 0.95);
  });

  it('is zero, and never NaN, for targets that are always lost', () => {
    const stream = wideStream(1);
    const estimate = new CorrectedRidgeEstimate(wideMap, stream, 1);
    for (let i = 0; i < 20; i++) estimate.add(stream.mask(i), [0, i % 4 === 0 ? 0 : NaN]);
    assert.ok(estimate.map(0).every((value) => value === 0));
  });

  it('goes on from what was saved as if nothing had happened', () => {
    const stream = wideStream(9);
    const first = new CorrectedRidgeEstimate(wideMap, stream, 1);
    for (let i = 0; i < 31; i++) addTo(first, stream, i, isCorrected(i, 60, 20));
    const second = new CorrectedRidgeEstimate(wideMap, stream, 1);
    second.restore(31, first.save());
    for (let i = 31; i < 60; i++) addTo(second, stream, i, isCorrected(i, 60, 20));
    const whole = corrected(stream, 60, 20);
    assert.deepEqual(second.map(0), whole.map(0));
    assert.equal(second.passes, 60);
  });
});

/** E[f(M)·M(x)] / E[M] over all masks of the toy. */
function mapOfEvery(f: (mask: Float64Array) => number): number[] {
  const map = new Array<number>(SIDE * SIDE).fill(0);
  const mask = new Float64Array(SIDE * SIDE);
  for (let bits = 0; bits < 16; bits++)
    for (let offset = 0; offset < 4; offset++) {
      const grid = [0, 1, 2, 3].map((k) => (bits >> k) & 1);
      const likelihood = grid.reduce((product, on) => product * (on ? PROBABILITY : 1 - PROBABILITY), 0.25);
      const upsampled = { width: 6, height: 6 };
      sampleMask(
        { rows: 2, columns: 2, grid, offsetY: offset >> 1, offsetX: offset & 1, upsampled },
        content,
        content,
        mask,
      );
      const value = f(mask);
      mask.forEach((seen, x) => (map[x] += (likelihood * value * seen) / PROBABILITY));
    }
  return map;
}
