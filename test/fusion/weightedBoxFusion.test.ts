import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type FusionCandidate, weightedBoxFusion } from '../../src/fusion/weightedBoxFusion.js';
import { nonMaximumSuppression } from '../../src/geometry/nms.js';
import { SPECTRA } from '../../src/spectrum.js';

const box = (x1: number, y1: number, x2: number, y2: number) => ({ x1, y1, x2, y2 });
const seen = (source: string, score: number, x: number, className = 'car'): FusionCandidate => ({
  source,
  className,
  score,
  box: box(x, 0, x + 10, 10),
});
const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

const candidate = fc
  .record({
    source: fc.constantFrom(...SPECTRA),
    className: fc.constantFrom('car', 'Person'),
    score: fc.double({ min: 0, max: 1, noNaN: true }),
    x: fc.integer({ min: 0, max: 40 }),
    y: fc.integer({ min: 0, max: 40 }),
    width: fc.integer({ min: 1, max: 30 }),
    height: fc.integer({ min: 1, max: 30 }),
  })
  .map(({ source, className, score, x, y, width, height }): FusionCandidate => {
    return { source, className, score, box: box(x, y, x + width, y + height) };
  });
const candidates = fc.array(candidate, { maxLength: 30 });

describe('weightedBoxFusion', () => {
  it('weights boxes by their scores and scales the mean score by how many agree (worked by hand)', () => {
    // IoU 8 · 10 / 120 = 0.67. x1 = (0.8 · 0 + 0.4 · 2) / 1.2, x2 = (0.8 · 10 + 0.4 · 12) / 1.2.
    const pair = [seen('rgb', 0.8, 0), seen('fir', 0.4, 2)];
    const [two, ...others] = weightedBoxFusion(pair, { iouThreshold: 0.55, sourceCount: 2 });
    assert.equal(others.length, 0);
    near(two.box.x1, 2 / 3);
    near(two.box.x2, 10 + 2 / 3);
    near(two.box.y1, 0);
    near(two.box.y2, 10);
    near(two.score, 0.6);
    assert.deepEqual(
      two.members.map(({ source }) => source),
      ['rgb', 'fir'],
    );
    const [four] = weightedBoxFusion(pair, { iouThreshold: 0.55, sourceCount: 4 });
    near(four.score, 0.3);
    assert.deepEqual(four.box, two.box);
  });

  it('compares with the fused box, which moves with each that joins (worked by hand)', () => {
    // The first two make 1.5 … 11.5; the third overlaps that by 7 / 13 = 0.54, the first alone by 5.5 / 14.5 = 0.38.
    const [fused, ...others] = weightedBoxFusion([seen('rgb', 0.5, 0), seen('nir', 0.5, 3), seen('fir', 0.4, 4.5)], {
      iouThreshold: 0.5,
      sourceCount: 3,
    });
    assert.equal(others.length, 0);
    near(fused.box.x1, (0.5 * 0 + 0.5 * 3 + 0.4 * 4.5) / 1.4);
    near(fused.score, 1.4 / 3);
  });

  it('joins the cluster that fits best, and only by more than the threshold', () => {
    const options = { iouThreshold: 1 / 3, sourceCount: 2 };
    // Between 0 … 10 and 6 … 16, at 4 … 14: IoU 6 / 14 and 8 / 12.
    const fused = weightedBoxFusion([seen('rgb', 0.9, 0), seen('rgb', 0.8, 6), seen('fir', 0.7, 4)], options);
    assert.deepEqual(
      fused.map(({ members }) => members.map(({ score }) => score)),
      [[0.8, 0.7], [0.9]],
    );
    // IoU of exactly 5 / 15.
    assert.equal(weightedBoxFusion([seen('rgb', 0.9, 0), seen('fir', 0.8, 5)], options).length, 2);
  });

  it('never mixes classes', () => {
    const fused = weightedBoxFusion([seen('rgb', 0.9, 0, 'car'), seen('fir', 0.8, 0, 'bike')], {
      iouThreshold: 0.5,
      sourceCount: 2,
    });
    assert.deepEqual(
      fused.map(({ className, score }) => [className, score]),
      [
        ['car', 0.45],
        ['bike', 0.4],
      ],
    );
  });

  it('counts no more boxes than there are detectors (equation 5)', () => {
    const fused = weightedBoxFusion([seen('rgb', 0.6, 0), seen('rgb', 0.4, 1)], { iouThreshold: 0.5, sourceCount: 1 });
    near(fused[0].score, 0.5);
  });

  it('takes boxes without any score', () => {
    const [fused] = weightedBoxFusion([seen('rgb', 0, 0), seen('fir', 0, 2)], { iouThreshold: 0.5, sourceCount: 2 });
    assert.deepEqual([fused.box, fused.score], [box(1, 0, 11, 10), 0]);
  });

  it('needs somebody who looked', () => {
    for (const sourceCount of [0, -1, 1.5, NaN])
      assert.throws(() => weightedBoxFusion([], { iouThreshold: 0.5, sourceCount }), RangeError);
  });

  it('does not depend on the order of the boxes', () => {
    const shuffled = candidates.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        const options = { iouThreshold: 0.3, sourceCount: 4 };
        assert.deepEqual(weightedBoxFusion(other, options), weightedBoxFusion(all, options));
      }),
    );
  });

  it('leaves the boxes of one detector, once suppressed, as they are, but for 1/N of their scores', () => {
    fc.assert(
      fc.property(candidates, fc.integer({ min: 1, max: 4 }), (all, sourceCount) => {
        const classIndex = ({ className }: FusionCandidate): number => (className === 'car' ? 0 : 1);
        const suppressed = nonMaximumSuppression(
          all.map((one) => ({ ...one, source: 'rgb', classIndex: classIndex(one) })),
          { iouThreshold: 0.5, maxDetections: 100 },
        );
        const fused = weightedBoxFusion(suppressed, { iouThreshold: 0.55, sourceCount });
        assert.equal(fused.length, suppressed.length);
        for (const { box: place, score, members } of fused) {
          assert.equal(members.length, 1);
          assert.deepEqual(place, members[0].box);
          assert.equal(score, members[0].score / sourceCount);
        }
      }),
    );
  });

  it('keeps every box once, in a cluster within whose bounds the fused box and score lie', () => {
    fc.assert(
      fc.property(candidates, (all) => {
        const fused = weightedBoxFusion(all, { iouThreshold: 0.4, sourceCount: 4 });
        const members = fused.flatMap((object) => object.members);
        assert.equal(members.length, all.length);
        assert.equal(new Set(members).size, all.length);
        fused.forEach((object, i) => {
          assert.ok(i === 0 || fused[i - 1].score >= object.score);
          assert.ok(object.members.every(({ className }) => className === object.className));
          assert.ok(object.score >= 0 && object.score <= Math.max(...object.members.map(({ score }) => score)) + 1e-12);
          for (const side of ['x1', 'y1', 'x2', 'y2'] as const) {
            const sides = object.members.map((member) => member.box[side]);
            assert.ok(object.box[side] >= Math.min(...sides) - 1e-9 && object.box[side] <= Math.max(...sides) + 1e-9);
          }
        });
      }),
    );
  });
});
