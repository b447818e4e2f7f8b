import assert from 'node:assert/strict';
import { findAgain, similarity, type ClassifiedBox } from '../../../src/explain/network/findAgain.js';
import type { Box } from '../../../src/geometry/box.js';

const target: Box = { x1: 0, y1: 0, x2: 10, y2: 10 };
const rule = { scoreThreshold: 0.05, iouThreshold: 0.5 };

/** A box that starts at the target's corner and is `width` wide: its IoU with the target is width / 10. */
function candidate(width: number, ...probabilities: number[]): ClassifiedBox {
  const score = Math.max(...probabilities);
  return {
    box: { ...target, x2: width },
    classIndex: probabilities.indexOf(score),
    score,
    probabilities: Float32Array.from(probabilities),
  };
}

describe('finding a target again', () => {
  it('takes the box with the highest overlap, whatever its class and score', () => {
    const found = findAgain([candidate(6, 0.9, 0), candidate(8, 0, 0.1), candidate(7, 0.8, 0)], target, rule);
    assert.equal(found?.box.box.x2, 8);
    assert.ok(Math.abs((found?.iou ?? 0) - 0.8) < 1e-12);
  });

  it('counts a score and an overlap at the threshold, and none below', () => {
    const exact = Math.fround(0.0625);
    const at = { scoreThreshold: exact, iouThreshold: 0.5 };
    assert.ok(findAgain([candidate(5, exact, 0)], target, at));
    assert.equal(findAgain([candidate(5, exact / 2, 0)], target, at), undefined);
    assert.equal(findAgain([candidate(4.9, exact, 0)], target, at), undefined);
    assert.equal(findAgain([], target, at), undefined);
  });

  it('knows D-RISE’s similarity as worked out by hand', () => {
    const vector = Float32Array.of(0.6, 0.8);
    // IoU 0.4 · cosine 1, and IoU 0.9 · cosine (0.6 · 0.5) / (1 · 0.5).
    const alike = candidate(4, 0.3, 0.4);
    const near = candidate(9, 0.5, 0);
    assert.ok(Math.abs(similarity([alike], target, vector) - 0.4) < 1e-6);
    assert.ok(Math.abs(similarity([near], target, vector) - 0.9 * 0.6) < 1e-6);
    assert.ok(Math.abs(similarity([alike, near], target, vector) - 0.54) < 1e-6);
    assert.equal(similarity([], target, vector), 0);
    const beside = { ...candidate(9, 0.5, 0), box: { x1: 20, y1: 0, x2: 30, y2: 10 } };
    assert.equal(similarity([beside], target, vector), 0);
  });
});
