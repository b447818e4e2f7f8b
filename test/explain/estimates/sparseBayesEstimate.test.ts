import assert from 'node:assert/strict';
import { CorrectedSparseBayesEstimate } from '../../../src/explain/estimates/correctedSparseBayesEstimate.js';
import { isCorrected } from '../../../src/explain/estimates/correctedRidgeEstimate.js';
import { Interactions } from '../../../src/explain/estimates/interactions.js';
import { LinearMaps, latticeOf } from '../../../src/explain/estimates/linearMaps.js';
import { GaussianBasis } from '../../../src/explain/estimates/gaussianBasis.js';
import { RiseEstimate, type MapEstimate } from '../../../src/explain/estimates/riseEstimate.js';
import { SparseBayesEstimate } from '../../../src/explain/estimates/sparseBayesEstimate.js';
import { sampleMask } from '../../../src/explain/masks/gridMask.js';
import { MaskStream, type SampledMask } from '../../../src/explain/masks/maskStream.js';
import { pearson } from '../../../src/maps/mapAgreement.js';
import { PROBABILITY, SIDE, toyStream } from '../toyDetector.js';

/** Both halves of a picture whose score needs much of one place, far from the box that the masks are told of, to be seen. */
const WIDE = { width: 64, height: 64 };
const map = { width: 16, height: 16, content: WIDE };
const PLACE = { x1: 40, y1: 40, x2: 54, y2: 54 };
const BOX = { x1: 2, y1: 2, x2: 14, y2: 14 };

function wide(seed: number): MaskStream {
  return new MaskStream({
    ...{ seed, content: WIDE, grid: { rows: 8, columns: 8 }, probability: 0.2, sampler: 'plain', targets: [BOX] },
  });
}

function scoreOf(mask: SampledMask): number {
  const seen = new Float64Array(64 * 64);
  sampleMask(mask, WIDE, WIDE, seen);
  let sum = 0;
  for (let y = PLACE.y1; y < PLACE.y2; y++) for (let x = PLACE.x1; x < PLACE.x2; x++) sum += seen[y * 64 + x];
  return (sum / 196) ** 2;
}

function run<Estimate extends MapEstimate>(estimate: Estimate, stream: MaskStream, masks: number): Estimate {
  for (let i = 0; i < masks; i++) estimate.add(stream.mask(i), [scoreOf(stream.mask(i))]);
  return estimate;
}

const many = run(new RiseEstimate(map, 0.2, 1), wide(999), 20_000);
const truth = many.map(0);

describe('the sparse Bayes estimate', function () {
  this.timeout(120_000);

  it('is nearer to the map of very many masks than a mean of five times as many, wherever the box is', () => {
    const near = { mean: 0, sparse: 0 };
    for (let seed = 0; seed < 6; seed++) {
      near.mean += pearson(run(new RiseEstimate(map, 0.2, 1), wide(seed), 400).map(0), truth) / 6;
      near.sparse += pearson(run(new SparseBayesEstimate(map, wide(seed), 1), wide(seed), 80).map(0), truth) / 6;
    }
    assert.ok(near.sparse > near.mean && near.sparse > 0.93, JSON.stringify(near));
  });

  it('does not depend on the boxes of plain masks', () => {
    const other = new MaskStream({ ...wide(5).options, targets: [PLACE] });
    const [a, b] = [wide(5), other].map((stream) => run(new SparseBayesEstimate(map, stream, 1), stream, 60).map(0));
    assert.deepEqual(a, b);
  });

  it('covers the map of very many masks with its own standard error', () => {
    let [covered, all] = [0, 0];
    for (let seed = 0; seed < 8; seed++) {
      const estimate = run(new SparseBayesEstimate(map, wide(seed), 1), wide(seed), 150);
      const [values, error, own] = [estimate.map(0), estimate.standardError(0), many.standardError(0)];
      values.forEach((value, x) => {
        all++;
        if (Math.abs(value - truth[x]) < 1.96 * Math.hypot(error[x], own[x])) covered++;
      });
    }
    assert.ok(covered / all > 0.8, `${covered / all}`);
  });

  it('of a constant score is flat, and of a target that is never found zero', () => {
    const estimate = new SparseBayesEstimate(map, wide(3), 2);
    assert.ok(estimate.map(0).every((value) => value === 0));
    assert.ok(estimate.standardError(0).every((value) => value === Infinity));
    for (let i = 0; i < 30; i++) estimate.add(wide(3).mask(i), [0.6, 0]);
    assert.ok(estimate.map(0).every((value) => Math.abs(value - 0.6) < 1e-6));
    assert.ok(estimate.map(1).every((value) => value === 0));
    assert.ok(estimate.standardError(1).every((value) => value === 0));
    assert.equal(estimate.convergence(1), 0);
  });

  it('goes on from what was saved as if nothing had happened, and refuses what is not its own', () => {
    const first = run(new SparseBayesEstimate(map, wide(11), 1), wide(11), 37);
    const second = new SparseBayesEstimate(map, wide(11), 1);
    second.restore(37, first.save());
    for (let i = 37; i < 70; i++) second.add(wide(11).mask(i), [scoreOf(wide(11).mask(i))]);
    const whole = run(new SparseBayesEstimate(map, wide(11), 1), wide(11), 70);
    assert.deepEqual(second.map(0), whole.map(0));
    assert.deepEqual(second.standardError(0), whole.standardError(0));
    assert.throws(() => new SparseBayesEstimate(map, wide(11), 2).restore(37, first.save()), RangeError);
    assert.throws(() => new SparseBayesEstimate(map, wide(11), 1).restore(37, first.save().slice(0, -1)), RangeError);
  });
});

describe('interactions of cells', () => {
  it('have no covariance with any pixel of the mask, over all masks of the toy', () => {
    const stream = new MaskStream(toyStream('plain', 1));
    const content = { width: SIDE, height: SIDE };
    const interactions = new Interactions(content, stream, latticeOf(stream.options));
    const slopes = Float64Array.from({ length: 16 }, (_, k) => Math.sin(3 * k + 1));
    const values = new Float64Array(2);
    const mask = new Float64Array(SIDE * SIDE);
    const sums = Array.from({ length: 2 }, () => new Float64Array(SIDE * SIDE));
    let size = 0;
    for (let bits = 0; bits < 16; bits++)
      for (let offset = 0; offset < 4; offset++) {
        const grid = Uint8Array.from([0, 1, 2, 3], (k) => (bits >> k) & 1);
        const likelihood = grid.reduce((product, on) => product * (on ? PROBABILITY : 1 - PROBABILITY), 0.25);
        const place = { offsetY: offset >> 1, offsetX: offset & 1, upsampled: stream.upsampled };
        const one = { rows: 2, columns: 2, grid, weight: 1, ...place };
        interactions.of(one, slopes, values);
        size += likelihood * values[0] ** 2;
        sampleMask(one, content, content, mask);
        sums.forEach((sum, order) => mask.forEach((value, x) => (sum[x] += likelihood * values[order] * value)));
      }
    assert.ok(size > 1e-4);
    for (const sum of sums)
      assert.ok(
        sum.every((value) => Math.abs(value) < 1e-12),
        String(sum),
      );
  });

  it('by hand: two cells that are on and two that are not', () => {
    const options = { ...toyStream('plain', 1), content: { width: 4, height: 4 } };
    const stream = new MaskStream(options);
    const lattice = latticeOf(options);
    const interactions = new Interactions(options.content, stream, lattice);
    const slopes = new Float64Array(lattice.width * lattice.height).fill(1);
    const values = new Float64Array(2);
    const [on, off] = [1 - PROBABILITY, -PROBABILITY];
    // Equal slopes everywhere: each cell's slope is the sum of its bilinear weights, A below; weights of all cells sum to 16.
    const grid = Uint8Array.of(1, 0, 0, 1);
    interactions.of(
      { rows: 2, columns: 2, grid, weight: 1, offsetY: 1, offsetX: 1, upsampled: stream.upsampled },
      slopes,
      values,
    );
    const single = (cell: number): number => {
      const terms = new Float64Array(16);
      sampleMask(
        {
          rows: 2,
          columns: 2,
          grid: [0, 1, 2, 3].map((k) => (k === cell ? 1 : 0)),
          offsetY: 1,
          offsetX: 1,
          upsampled: stream.upsampled,
        },
        lattice,
        options.content,
        terms,
      );
      return terms.reduce((sum, value) => sum + value, 0);
    };
    const [a, b, c, d] = [single(0) * on, single(1) * off, single(2) * off, single(3) * on];
    assert.ok(Math.abs(values[0] - (a * b + a * c + a * d + b * c + b * d + c * d)) < 1e-9);
    assert.ok(Math.abs(values[1] - (a * b * c + a * b * d + a * c * d + b * c * d)) < 1e-9);
  });
});

describe('the basis of bumps', () => {
  it('maps, sums and Gram matrices agree with the lattice that it is made of', () => {
    const stream = wide(1);
    const maps = new LinearMaps(map, stream);
    const basis = new GaussianBasis(maps, { width: 2, height: 2 });
    const z = Float64Array.from({ length: 256 }, (_, k) => Math.cos(k * k));
    const all = basis.of(z);
    const [active, slopes] = [
      [17, 90, 255],
      [0.5, -1, 2],
    ];
    active.forEach((k) => assert.ok(Math.abs(basis.at(k, z) - all[k]) < 1e-9));
    const lattice = basis.latticeSlopes(active, slopes);
    const drawn = new Float64Array(256);
    maps.mapOf(lattice, 0, drawn);
    drawn.forEach((value, x) => {
      const sum = active.reduce((total, k, i) => total + slopes[i] * basis.mapAt(k, x % 16, Math.floor(x / 16)), 0);
      assert.ok(Math.abs(value - sum) < 1e-12);
    });
    const outer = Float64Array.from({ length: 256 * 256 }, (_, i) => z[Math.floor(i / 256)] * z[i % 256]);
    const gram = basis.gram(outer);
    for (const [k, l] of [
      [3, 200],
      [90, 90],
      [255, 0],
    ] as const)
      assert.ok(Math.abs(gram[k * 256 + l] - all[k] * all[l]) < 1e-9);
  });
});

describe('the corrected sparse Bayes estimate', function () {
  this.timeout(60_000);
  const cheapOf = (score: number, index: number): number => 0.05 + 0.5 * score + 0.05 * ((index * 7919) % 2);
  function addTo(estimate: CorrectedSparseBayesEstimate, seed: number, index: number, full: boolean): void {
    const score = scoreOf(wide(seed).mask(index));
    estimate.add(wide(seed).mask(index), [cheapOf(score, index), full ? score : NaN]);
  }
  function corrected(seed: number, masks: number, full: number): CorrectedSparseBayesEstimate {
    const estimate = new CorrectedSparseBayesEstimate(map, wide(seed), 1);
    for (let i = 0; i < masks; i++) addTo(estimate, seed, i, isCorrected(i, masks, full));
    return estimate;
  }

  it('is nearer than the full passes alone, and has their scale where the cheap ones have another', () => {
    const near = { corrected: 0, full: 0 };
    const scale = (values: Float32Array): number => Math.max(...values) - Math.min(...values);
    for (let seed = 0; seed < 6; seed++) {
      const both = corrected(seed, 150, 30).map(0);
      const alone = new SparseBayesEstimate(map, wide(seed), 1);
      for (let i = 0; i < 150; i++)
        if (isCorrected(i, 150, 30)) alone.add(wide(seed).mask(i), [scoreOf(wide(seed).mask(i))]);
      near.corrected += pearson(both, truth) / 6;
      near.full += pearson(alone.map(0), truth) / 6;
      assert.ok(
        scale(both) > 0.6 * scale(truth) && scale(both) < 1.6 * scale(truth),
        `${scale(both)}, ${scale(truth)}`,
      );
    }
    assert.ok(near.corrected > near.full, JSON.stringify(near));
  });

  it('forgets cheap scores that are wrong with many full passes', () => {
    const estimate = new CorrectedSparseBayesEstimate(map, wide(2), 1);
    for (let i = 0; i < 600; i++) {
      const score = scoreOf(wide(2).mask(i));
      estimate.add(wide(2).mask(i), [1 - score, score]);
    }
    assert.ok(pearson(estimate.map(0), truth) > 0.95);
  });

  it('is zero, and never NaN, for targets that are always lost; claims no error', () => {
    const estimate = new CorrectedSparseBayesEstimate(map, wide(1), 1);
    for (let i = 0; i < 20; i++) estimate.add(wide(1).mask(i), [0, i % 4 === 0 ? 0 : NaN]);
    assert.ok(estimate.map(0).every((value) => value === 0));
    assert.equal(estimate.standardError(), undefined);
  });

  it('goes on from what was saved as if nothing had happened', () => {
    const first = new CorrectedSparseBayesEstimate(map, wide(9), 1);
    for (let i = 0; i < 31; i++) addTo(first, 9, i, isCorrected(i, 60, 20));
    const second = new CorrectedSparseBayesEstimate(map, wide(9), 1);
    second.restore(31, first.save());
    for (let i = 31; i < 60; i++) addTo(second, 9, i, isCorrected(i, 60, 20));
    assert.deepEqual(second.map(0), corrected(9, 60, 20).map(0));
    assert.equal(second.passes, 60);
  });
});
