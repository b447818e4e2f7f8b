import assert from 'node:assert/strict';
import { ExpectedError } from '../../../src/errors.js';
import type { NamedDetection } from '../../../src/detector/detection.js';
import { chooseTargets } from '../../../src/explain/frame/targets.js';

const CLASSES = ['Person', 'car'];
const detections: readonly NamedDetection[] = [
  { className: 'car', score: 0.4, box: { x1: 0, y1: 0, x2: 10, y2: 10 } },
  { className: 'Person', score: 0.9, box: { x1: 20, y1: 0, x2: 30, y2: 10 } },
  { className: 'Person', score: 0.6, box: { x1: 1, y1: 0, x2: 11, y2: 10 } },
];

describe('chooseTargets', () => {
  it('takes the best boxes, at most so many, with the index of their class', () => {
    assert.deepEqual(
      chooseTargets(detections, CLASSES, 2).map(({ classIndex, score }) => [classIndex, score]),
      [
        [0, 0.9],
        [0, 0.6],
      ],
    );
  });

  it('takes the detection that overlaps a wished-for box best, of the class named', () => {
    const box = { x1: 0.8, y1: 0, x2: 10.8, y2: 10 };
    assert.equal(chooseTargets(detections, CLASSES, 9, { box })[0]?.score, 0.6);
    assert.equal(chooseTargets(detections, CLASSES, 9, { box, className: 'car' })[0]?.score, 0.4);
  });

  it('takes the box itself where no detection is there and a class is named', () => {
    const box = { x1: 50, y1: 50, x2: 60, y2: 60 };
    assert.deepEqual(chooseTargets(detections, CLASSES, 9, { box, className: 'car' }), [
      { box, className: 'car', classIndex: 1, score: 0 },
    ]);
  });

  const refusals: [name: string, run: () => unknown, kind: string, message: RegExp][] = [
    [
      'a box that no detection overlaps',
      () => chooseTargets(detections, CLASSES, 9, { box: { x1: 5, y1: 0, x2: 19, y2: 10 } }),
      'usage',
      /no detection overlaps/,
    ],
    [
      'a box of no size',
      () => chooseTargets(detections, CLASSES, 9, { box: { x1: 5, y1: 5, x2: 5, y2: 10 } }),
      'usage',
      /cannot be 5 5 5 10/,
    ],
    [
      'a box that is no number',
      () => chooseTargets(detections, CLASSES, 9, { box: { x1: Number.NaN, y1: 5, x2: 5, y2: 10 } }),
      'usage',
      /NaN/,
    ],
    ['a class that the model does not have', () => chooseTargets(detections, ['Person'], 9), 'input', /no class car/],
  ];
  for (const [name, run, kind, message] of refusals) {
    it(`refuses ${name}`, () => {
      assert.throws(
        run,
        (error: unknown) => error instanceof ExpectedError && error.kind === kind && message.test(error.message),
      );
    });
  }
});
