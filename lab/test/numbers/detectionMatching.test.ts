import assert from 'node:assert/strict';
import { judgeDetections, type GroundTruth, type ScoredBox } from '../../numbers/detectionMatching.js';

const box = (x1: number, x2 = x1 + 10) => ({ x1, y1: 0, x2, y2: 10 });
const found = (x1: number, score: number, classIndex = 0, image = 0): ScoredBox => {
  return { image, classIndex, box: box(x1), score };
};
const judge = (truth: readonly GroundTruth[], detections: readonly ScoredBox[]): (string | undefined)[] => {
  const verdicts = judgeDetections(truth, detections, 0.5);
  return detections.map((detection) => verdicts.get(detection));
};
const object = { image: 0, classIndex: 0, box: box(0) };

describe('judgeDetections', () => {
  it('gives an object to the better of two detections; the other one is false', () => {
    assert.deepEqual(judge([object], [found(1, 0.4), found(2, 0.9)]), ['false', 'true']);
  });
  it('asks for class, picture and an overlap of the threshold', () => {
    assert.deepEqual(judge([object], [found(0, 0.9, 1), found(0, 0.9, 0, 1), found(4, 0.9)]), Array(3).fill('false'));
    // 10 wide, moved by 10/3: 20/3 of 40/3 are shared, half.
    assert.deepEqual(judge([object], [found(3.3, 0.9)]), ['true']);
  });
  it('counts what lies on an ignored object neither way, once, and prefers one that is asked for', () => {
    const ignored = { ...object, ignore: true };
    assert.deepEqual(judge([ignored], [found(0, 0.9), found(0, 0.8)]), ['ignored', 'false']);
    assert.deepEqual(judge([ignored, { ...object, box: box(2) }], [found(0, 0.9)]), ['true']);
  });
  it('ignores any number of detections on a crowd', () => {
    const crowd = { ...object, box: box(0, 100), crowd: true };
    assert.deepEqual(judge([crowd], [found(0, 0.9), found(40, 0.8), found(200, 0.9)]), ['ignored', 'ignored', 'false']);
  });
});
