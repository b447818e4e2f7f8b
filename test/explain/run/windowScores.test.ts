import assert from 'node:assert/strict';
import fc from 'fast-check';
import { estimateOf } from '../../../src/explain/estimates/estimateOf.js';
import type { BlockScores } from '../../../src/explain/run/maskExplanation.js';
import { type FrameScores, meanOverWindow } from '../../../src/explain/run/windowScores.js';
import { sampleMask } from '../../../src/explain/masks/gridMask.js';
import { MaskStream, SAMPLERS, type Sampler } from '../../../src/explain/masks/maskStream.js';
import { BOXES, SIDE, toyScores, toyStream } from '../toyDetector.js';

const scores = (values: number[], found: number[]): BlockScores => {
  return { values: Float32Array.from(values), found: Uint8Array.from(found) };
};

describe('the scores of masks that stand still over a window', () => {
  it('are means over the pictures that have the target (worked by hand)', () => {
    // Two masks, two targets; the second picture has the second target only.
    const frames: FrameScores[] = [
      { targets: [0, 1], scores: scores([0.5, 0.25, 0, 0.75], [1, 1, 0, 1]) },
      { targets: [1], scores: scores([0.75, 0], [1, 0]) },
    ];
    const { values, found } = meanOverWindow(frames, 2, 2);
    assert.deepEqual([...values], [0.5, 0.5, 0, 0.375]);
    assert.deepEqual([...found], [1, 1, 0, 1]);
  });

  it('keep a second set of columns apart, and what was not scored', () => {
    const frames: FrameScores[] = [
      { targets: [0, 1], scores: scores([0.5, 0.25, NaN, NaN, 0, 0.5, 1, 0.5], [1, 1, 1, 1]) },
      { targets: [0, 1], scores: scores([0, 0.75, NaN, NaN, 1, 0.5, 0, 0], [0, 1, 1, 1]) },
    ];
    const { values, found } = meanOverWindow(frames, 2, 2);
    assert.deepEqual([...values], [0.25, 0.5, NaN, NaN, 0.5, 0.5, 0.5, 0.25]);
    assert.deepEqual([...found], [1, 1, 1, 1]);
  });

  it('are those of the picture itself where it is alone, to the last bit, and where all are alike', () => {
    const block = fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(block, fc.integer({ min: 1, max: 9 }), (values, pictures) => {
        const frame = { targets: [0, 1], scores: scores(values, [1, 0, 1, 1, 0, 0]) };
        const mean = meanOverWindow(Array<FrameScores>(pictures).fill(frame), 3, 2);
        assert.deepEqual(mean, frame.scores);
      }),
    );
  });
});

/** Maps of the toy detector over pictures of different brightness, all under the same masks. */
function maps(brightness: readonly number[], estimator: 'mean' | 'regression', sampler: Sampler, passes = 200) {
  const stream = new MaskStream(toyStream(sampler, 5));
  const estimate = estimateOf({ estimator, mapStride: 1 }, stream, BOXES.length);
  const mask = new Float64Array(SIDE * SIDE);
  for (let i = 0; i < passes; i++) {
    const drawn = stream.mask(i);
    sampleMask(drawn, stream.options.content, stream.options.content, mask);
    const seen = toyScores(mask);
    const frames = brightness.map((factor) => {
      return {
        targets: [0, 1],
        scores: scores(
          seen.map((value) => value * factor),
          [1, 1],
        ),
      };
    });
    estimate.add(drawn, meanOverWindow(frames, 1, BOXES.length).values);
  }
  return BOXES.map((_, t) => ({ map: estimate.map(t), error: estimate.standardError(t) }));
}

describe('RISE over a window, on a toy detector', () => {
  for (const sampler of SAMPLERS)
    for (const estimator of ['mean', 'regression'] as const) {
      it(`is RISE for identical pictures (${sampler}, ${estimator})`, () => {
        assert.deepEqual(maps([1, 1, 1], estimator, sampler), maps([1], estimator, sampler));
      });

      it(`is the mean of the pictures’ maps by the same masks (${sampler}, ${estimator})`, () => {
        const [window, bright, dark] = [[1, 0.5], [1], [0.5]].map((pictures) => maps(pictures, estimator, sampler));
        window.forEach(({ map }, t) =>
          map.forEach((value, x) => {
            assert.ok(Math.abs(value - (bright[t].map[x] + dark[t].map[x]) / 2) < 1e-6);
          }),
        );
      });
    }
});
