import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SeparableWeights } from '../../src/detector/classHead.js';
import type { LevelFeatures } from '../../src/detector/featureMaps.js';
import { letterbox } from '../../src/geometry/letterbox.js';
import { openGraphSums } from '../../src/perception/graphSums.js';
import { cutToContent, gradCam, gradCamWeights, levelMaps } from '../../src/perception/gradCam.js';
import { resample, upsample } from '../../src/maps/upsample.js';
import { weightedSums } from '../../src/perception/weightedSums.js';
import { assertClose } from '../detector/reference.js';

/** Two channels, one anchor, two classes; depthwise kernels 1…9 and all ones. */
const weights: SeparableWeights = {
  channels: 2,
  outputs: 2,
  depthwise: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1),
  pointwise: Float32Array.of(1, -2, 0.5, 3),
};
const features: LevelFeatures = {
  level: 3,
  channels: 2,
  rows: 2,
  columns: 2,
  data: Float32Array.of(1, -1, 2, 0, 1, 1, -1, 3),
};
const target = (row: number, column: number, classIndex: number) => ({
  source: { level: 3, row, column, anchor: 0 },
  classIndex,
  score: 0.5,
});

describe('gradCamWeights', () => {
  it('by hand, at the corners of a 2×2 map', () => {
    // p(1−p)/(w·h) = 1/16. At (0, 0) the taps inside are 5, 6, 8, 9 (sum 28) and four ones.
    assertClose(gradCamWeights(target(0, 0, 0), features, weights, 2), [28 / 16, (-2 * 4) / 16], 1e-7, 'α');
    // At (1, 1) the taps inside are 1, 2, 4, 5 (sum 12).
    assertClose(gradCamWeights(target(1, 1, 1), features, weights, 2), [(0.5 * 12) / 16, (3 * 4) / 16], 1e-7, 'α');
  });

  it('uses the whole kernel away from the border', () => {
    const alpha = gradCamWeights(target(1, 1, 0), { rows: 3, columns: 3 }, weights, 2);
    assertClose(alpha, [(0.25 / 9) * 45, (0.25 / 9) * -2 * 9], 1e-6, 'α');
  });

  it('keeps a map for a score that was rounded to 1', () => {
    const alpha = gradCamWeights({ ...target(0, 0, 0), score: 1 }, features, weights, 2);
    assert.ok(alpha[0] > 0 && alpha[1] < 0);
  });

  it('refuses targets that do not exist', () => {
    assert.throws(() => gradCamWeights(target(2, 0, 0), features, weights, 2), /cell \(2, 0\) of a 2×2 map/);
    assert.throws(() => gradCamWeights(target(0, 0, 2), features, weights, 2), RangeError);
  });
});

describe('Grad-CAM maps', () => {
  // α = (1, −2): α₁F₁ = 1 −1 2 0, α₂F₂ = −2 −2 2 −6.
  const alpha = Float32Array.of(1, -2);

  it('by hand, each variant', async () => {
    const values = async (variant: 'study' | 'usual' | 'none') => [
      ...(await levelMaps(features, [alpha], variant))[0].values,
    ];
    assert.deepEqual(await values('study'), [1, 0, 4, 0]);
    assert.deepEqual(await values('usual'), [0, 0, 4, 0]);
    assert.deepEqual(await values('none'), [-1, -3, 4, -6]);
  });

  it('are the same as two matrix products on ONNX Runtime', async () => {
    const graph = await openGraphSums();
    const floats = (length: number) =>
      fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: length, maxLength: length });
    await fc.assert(
      fc.asyncProperty(
        floats(5 * 6),
        fc.array(floats(5), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (data, rows, rectify) => {
          const maps = { level: 3, channels: 5, rows: 2, columns: 3, data: Float32Array.from(data) };
          const alphas = rows.map((row) => Float32Array.from(row));
          const expected = weightedSums(maps, alphas, rectify);
          const actual = await graph.sums(maps, alphas, rectify);
          actual.forEach((sum, i) => {
            // Relative to the terms, not to a sum in which they may cancel.
            sum.forEach((value, k) => assert.ok(Math.abs(value - expected[i][k]) <= 1e-4));
          });
        },
      ),
      { numRuns: 50 },
    );
    await graph.close();
  });

  it('come back in the order of the targets, one level each, cut to the picture', async () => {
    const coarse: LevelFeatures = { ...features, level: 4, rows: 1, columns: 1, data: Float32Array.of(2, 1) };
    const fine = { ...features };
    const placed = letterbox({ width: 32, height: 16 }, { width: 16, height: 16 }, 'letterbox-top-left');
    const targets = [
      target(0, 0, 0),
      { ...target(0, 0, 0), source: { level: 4, row: 0, column: 0, anchor: 0 } },
      target(1, 1, 1),
    ];
    const maps = await gradCam(
      targets,
      { featureMaps: [fine, coarse], classHead: [weights, weights], classCount: 2, letterbox: placed },
      'study',
    );
    assert.deepEqual(
      maps.map(({ width, height }) => [width, height]),
      [
        [2, 1],
        [1, 1],
        [2, 1],
      ],
    );
    // (0, 0), class 0: α = 28/16, −8/16; the upper row of F is (1, −1) and (1, 1).
    assertClose(maps[0].values, [28 / 16, 0], 1e-6, 'map');
    await assert.rejects(
      gradCam(
        [{ ...targets[0], source: { ...targets[0].source, level: 9 } }],
        { featureMaps: [fine], classHead: [weights], classCount: 2, letterbox: placed },
        'study',
      ),
      /level 9/,
    );
  });

  it('are cut inside a cell by interpolation', () => {
    const placed = letterbox({ width: 8, height: 6 }, { width: 8, height: 8 }, 'letterbox-top-left');
    const column = { width: 1, height: 2, values: Float32Array.of(0, 1) };
    // 1.5 cells become two rows with centres at 0.375 and 1.125 cells, that is 0 (border) and 0.625 of the way.
    assertClose(cutToContent(column, placed).values, [0, 0.625], 1e-6, 'cut');
  });
});

describe('bilinear upsampling', () => {
  it('by hand: align_corners=false', () => {
    const line = { width: 2, height: 1, values: Float32Array.of(0, 4) };
    assert.deepEqual([...upsample(line, 4, 1).values], [0, 1, 3, 4]);
    assert.deepEqual([...resample(line, { x: 0, y: 0, width: 1, height: 1 }, 1, 1).values], [0]);
  });

  it('keeps a flat map flat and stays within the range', () => {
    const grid = fc.array(fc.float({ min: -5, max: 5, noNaN: true }), { minLength: 6, maxLength: 6 });
    const side = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(grid, side, side, (values, width, height) => {
        const large = upsample({ width: 3, height: 2, values: Float32Array.from(values) }, width, height);
        assert.equal(large.values.length, width * height);
        assert.ok(
          large.values.every((value) => value >= Math.min(...values) - 1e-5 && value <= Math.max(...values) + 1e-5),
        );
      }),
    );
    assert.ok(
      upsample({ width: 2, height: 2, values: new Float32Array(4).fill(7) }, 9, 5).values.every((value) => value === 7),
    );
  });
});
