import assert from 'node:assert/strict';
import {
  fused,
  gradCam,
  gradCamPlusPlus,
  hiResCam,
  layerCam,
  odam,
  type LayerMaps,
} from '../../../src/explain/gradients/classActivation.js';

const layer = (...channels: readonly (readonly number[])[]): LayerMaps => ({
  channels: channels.length,
  rows: 1,
  columns: channels[0].length,
  data: Float32Array.from(channels.flat()),
});
/** Two channels of three cells. */
const A = layer([1, 2, 0], [0, 1, 3]);
const G = layer([1, 0, -1], [3, -3, 3]);
const near = (values: Float32Array, expected: readonly number[]): void => {
  assert.equal(values.length, expected.length);
  values.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) < 1e-6, `${String(value)} is not ${String(expected[i])}`),
  );
};

describe('class activation maps, by hand', () => {
  it('Grad-CAM weighs each channel by its mean gradient', () => {
    // α = (0, 1): the second channel alone.
    near(gradCam(A, G), [0, 1, 3]);
  });

  it('HiResCAM multiplies place by place', () => {
    // Cells: 1·1 + 3·0, 0·2 − 3·1, −1·0 + 3·3.
    near(hiResCam(A, G), [1, 0, 9]);
  });

  it('LayerCAM leaves falling slopes out before the sum', () => {
    near(layerCam(layer([1, 2, 0], [5, 1, 3]), layer([1, 0, -1], [-3, -3, 3])), [1, 0, 9]);
  });

  it('Grad-CAM++ weighs slopes by how few places share them', () => {
    // Channel 1: Σ A = 3; slope 1: 1/(2 + 3) · 1 = 0.2; slope 0: nothing; slope −1 is cut. w = 0.2.
    // Channel 2: Σ A = 4; slope 3 twice: 9/(18 + 4·27)·3 = 27/126; slope −3 is cut. w = 54/126.
    const [w1, w2] = [0.2, 54 / 126];
    near(gradCamPlusPlus(A, G), [w1 * 1, w1 * 2 + w2, 3 * w2]);
  });

  it('ODAM smooths the slopes first', () => {
    // One channel [0, 4, 0]: rows are equal, so along the columns 1-2-1 over 4: [1, 2, 1].
    near(odam(layer([1, 1, 2]), layer([0, 4, 0])), [1, 2, 2]);
  });

  it('fused layers count alike whatever their scale', () => {
    near(fused([Float32Array.of(1, 2, 0), Float32Array.of(50, 0, 100)]), [0.5, 1, 1]);
    near(fused([Float32Array.of(0, 0)]), [0, 0]);
  });
});
