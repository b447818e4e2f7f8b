import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { DetectionRow, SetRow } from '../../../src/report/page/format.js';
import { dissimilarity, quantile, setFigures } from '../../../src/report/page/setFigures.js';

function found(
  classIndex: number,
  score: number | null,
  attention: [number, number, 0 | 1] | null = null,
): DetectionRow {
  return [classIndex, score, 0, 0, 1, 1, 3, ...(attention ?? ([null, null, null] as const))];
}

function setOf(...frames: DetectionRow[][]): SetRow {
  return { n: 0, i: 0, t: 0, p: 0, d: 0, x: 0, l: [], f: frames.map((rows, spectrum) => [spectrum, 0, 10, 10, rows]) };
}

describe('dissimilarity of spectra', () => {
  it('is 0 where all see the same, and where none sees anything', () => {
    assert.equal(dissimilarity(setOf([found(0, 0.5)], [found(0, 0.5)])), 0);
    assert.equal(dissimilarity(setOf([], [])), 0);
  });

  it('is 1 where nothing is shared', () => {
    assert.equal(dissimilarity(setOf([found(0, 0.5)], [found(1, 0.5)])), 1);
    assert.equal(dissimilarity(setOf([found(0, 0.5)], [])), 1);
  });

  it('compares summed scores by class: one of two persons missed, worked by hand', () => {
    const value = dissimilarity(setOf([found(0, 0.8), found(0, 0.4), found(1, 0.5)], [found(0, 0.6), found(1, 0.5)]));
    assert.ok(Math.abs((value ?? NaN) - (1 - (0.6 + 0.5) / (1.2 + 0.5))) < 1e-12);
  });

  it('is the mean over pairs: one blind spectrum of three', () => {
    assert.equal(dissimilarity(setOf([found(0, 1)], [found(0, 1)], [])), 2 / 3);
  });

  it('cannot be said of a single spectrum', () => {
    assert.equal(dissimilarity(setOf([found(0, 1)])), null);
  });

  it('lies in [0, 1] and does not depend on the order of the spectra', () => {
    const frame = fc.array(
      fc.tuple(fc.nat(3), fc.double({ min: 0, max: 1, noNaN: true })).map(([index, score]) => found(index, score)),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(fc.array(frame, { minLength: 2, maxLength: 4 }), (frames) => {
        const value = dissimilarity(setOf(...frames)) ?? NaN;
        assert.ok(value >= 0 && value <= 1);
        assert.ok(Math.abs(value - (dissimilarity(setOf(...[...frames].reverse())) ?? NaN)) < 1e-12);
      }),
    );
  });
});

describe('setFigures', () => {
  it('averages attention over the detections that have a map', () => {
    const set = setOf([found(0, 0.9, [0.5, 4, 1]), found(1, 0.3)], [found(0, 0.7, [0.1, 2, 0])]);
    const { detections, bestScore, energyInBox, energyGain, peakInBox } = setFigures(set);
    assert.deepEqual([detections, bestScore, energyInBox, energyGain, peakInBox], [3, 0.9, 0.3, 3, 0.5]);
  });

  it('says null where there is nothing to say', () => {
    const { bestScore, energyInBox } = setFigures(setOf([], [found(0, null)]));
    assert.deepEqual([bestScore, energyInBox], [null, null]);
  });
});

describe('quantile', () => {
  it('takes the smallest value that enough of them do not exceed', () => {
    assert.equal(quantile([3, 1, 2], 0.5), 2);
    assert.equal(quantile([4, 1, 2, 3], 0.5), 2);
    assert.equal(
      quantile(
        Array.from({ length: 100 }, (_, index) => index + 1),
        0.99,
      ),
      99,
    );
    assert.equal(quantile([7], 0.01), 7);
    assert.equal(quantile([], 0.5), null);
  });
});
