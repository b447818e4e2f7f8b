import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { evaluateDetections } from '../../numbers/averagePrecision.js';
import type { GroundTruth, ScoredBox } from '../../numbers/detectionMatching.js';
import { packageRoot } from '../../../src/packageRoot.js';

interface Recorded {
  readonly name: string;
  readonly classes: number;
  readonly truth: {
    image_id: number;
    category_id: number;
    bbox: Xywh;
    area: number;
    iscrowd: number;
    ignore: number;
  }[];
  readonly detections: { image_id: number; category_id: number; bbox: Xywh; score: number }[];
  readonly answer: Record<'AP' | 'AP50' | 'AP75' | 'small' | 'medium' | 'large' | 'recall', number> & {
    classes: { AP: number; AP50: number }[];
  };
}
type Xywh = [number, number, number, number];

const recorded = JSON.parse(
  readFileSync(path.join(packageRoot, 'lab/test/fixtures/averagePrecision/pycocotools.json'), 'utf8'),
) as Recorded[];

const boxOf = ([x, y, w, h]: Xywh): { x1: number; y1: number; x2: number; y2: number } => ({
  x1: x,
  y1: y,
  x2: x + w,
  y2: y + h,
});

describe('average precision', () => {
  for (const { name, classes, truth, detections, answer } of recorded) {
    it(`equals pycocotools: ${name}`, () => {
      const result = evaluateDetections(
        truth.map((g) => ({
          image: g.image_id,
          classIndex: g.category_id - 1,
          box: boxOf(g.bbox),
          area: g.area,
          crowd: g.iscrowd === 1,
          ignore: g.ignore === 1,
        })),
        detections.map((d) => ({
          image: d.image_id,
          classIndex: d.category_id - 1,
          box: boxOf(d.bbox),
          score: d.score,
        })),
        classes,
      );
      const near = (mine: number | undefined, theirs: number, what: string): void =>
        assert.ok(Math.abs((mine ?? -1) - theirs) < 0.0005, `${what}: ${mine} is not ${theirs}`);
      near(result.mAP, answer.AP, 'AP');
      near(result.mAP50, answer.AP50, 'AP50');
      near(result.mAP75, answer.AP75, 'AP75');
      near(result.small, answer.small, 'small');
      near(result.medium, answer.medium, 'medium');
      near(result.large, answer.large, 'large');
      near(result.recall, answer.recall, 'recall');
      answer.classes.forEach(({ AP, AP50 }, k) => {
        near(result.classes[k]?.mAP, AP, `AP of class ${k}`);
        near(result.classes[k]?.mAP50, AP50, `AP50 of class ${k}`);
      });
    });
  }

  const truth: GroundTruth[] = [{ image: 1, classIndex: 0, box: { x1: 0, y1: 0, x2: 10, y2: 10 } }];

  it('is 1 for a perfect detector and 0 for a blind one', () => {
    const perfect = evaluateDetections(truth, [{ ...truth[0], score: 0.3 }], 1);
    assert.ok(Math.abs((perfect.mAP ?? 0) - 1) < 1e-12);
    assert.equal(evaluateDetections(truth, [], 1).mAP, 0);
  });

  it('halves precision for a false alarm ahead of the only hit', () => {
    const found: ScoredBox[] = [
      { image: 1, classIndex: 0, box: { x1: 50, y1: 50, x2: 60, y2: 60 }, score: 0.9 },
      { image: 1, classIndex: 0, box: { x1: 0, y1: 0, x2: 10, y2: 10 }, score: 0.8 },
    ];
    assert.ok(Math.abs((evaluateDetections(truth, found, 1).mAP ?? 0) - 0.5) < 1e-12);
  });

  it('does not count a detection of an ignored object, and says undefined where nothing is asked for', () => {
    const ignored = [{ ...truth[0], ignore: true }];
    assert.equal(evaluateDetections(ignored, [{ ...truth[0], score: 1 }], 1).mAP, undefined);
  });

  it('does not depend on the scale of the scores', () => {
    const random = fc.array(
      fc.record({
        image: fc.integer({ min: 1, max: 3 }),
        classIndex: fc.integer({ min: 0, max: 1 }),
        box: fc.record({
          x1: fc.integer({ max: 20, min: 0 }),
          y1: fc.constant(0),
          x2: fc.integer({ min: 21, max: 60 }),
          y2: fc.constant(30),
        }),
        score: fc.integer({ min: 0, max: 1000 }),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(random, random, (objects, found) => {
        const one = evaluateDetections(objects, found, 2);
        const other = evaluateDetections(
          objects,
          found.map((d) => ({ ...d, score: d.score / 2000 - 3 })),
          2,
        );
        assert.deepEqual(one, other);
      }),
    );
  });
});
