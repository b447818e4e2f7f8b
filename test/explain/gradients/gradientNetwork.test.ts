import assert from 'node:assert/strict';
import { anchorRef, anchorGrid } from '../../../src/detector/anchors.js';
import { readPlainDetector } from '../../../src/detector/composedDetector.js';
import { testPicture } from '../../../src/detector/inputTensors.js';
import { readModelFiles } from '../../../src/detector/manifest.js';
import { ExpectedError } from '../../../src/errors.js';
import { GradientNetwork } from '../../../src/explain/gradients/gradientNetwork.js';
import { integratedGradients, smoothGrad } from '../../../src/explain/gradients/pictureGradients.js';
import { gradCamWeights } from '../../../src/perception/gradCam.js';
import { TINY_MODEL } from '../../frameLog/frameLogs.js';

describe('gradients of a detector', function () {
  this.timeout(60_000);

  it('at EfficientDet’s class head are the closed form’s, borders included', async () => {
    const plain = readPlainDetector(await readModelFiles(TINY_MODEL));
    const { manifest, head } = plain;
    const grid = anchorGrid(manifest.input, manifest.anchors);
    const network = await GradientNetwork.load(TINY_MODEL, { layers: head.features });
    const planes = await network.planesOf(testPicture(manifest.input), manifest.input);
    // A corner, an edge and places inside, on every level.
    const places = [0, 5, 40, 333, grid.count - 1].map((place, i) => ({
      place,
      classIndex: i % manifest.classes.length,
    }));
    const { layers } = await network.gradients(planes, places);
    const levels = new Set<number>();
    places.forEach(({ place, classIndex }, k) => {
      const source = anchorRef(grid, place);
      const at = grid.levels.findIndex(({ level }) => level === source.level);
      levels.add(at);
      const { gradients } = layers[k][at];
      const cells = gradients.rows * gradients.columns;
      // The closed form has the slope of the sigmoid in it; at a score of one half that is a quarter.
      const closed = gradCamWeights(
        { source, classIndex, score: 0.5 },
        gradients,
        head.weights[at],
        manifest.classes.length,
      );
      closed.forEach((alpha, channel) => {
        const mean = gradients.data.subarray(channel * cells, (channel + 1) * cells).reduce((a, b) => a + b, 0) / cells;
        assert.ok(
          Math.abs(0.25 * mean - alpha) <= 1e-6 * (1 + Math.abs(alpha)),
          `${String(mean / 4)}, ${String(alpha)}`,
        );
      });
      // Other levels' features have no part in it.
      layers[k].forEach((other, i) => assert.ok(i === at || other.gradients.data.every((value) => value === 0)));
    });
    assert.ok(levels.size > 1);
    await network.close();
  });

  it('start at the neck where nobody names a layer', async () => {
    const network = await GradientNetwork.load(TINY_MODEL);
    const plain = readPlainDetector(await readModelFiles(TINY_MODEL));
    assert.equal(network.layers.length, plain.anchors.levels.length);
    const planes = await network.planesOf(testPicture(network.manifest.input), network.manifest.input);
    const { layers } = await network.gradients(planes, [{ place: 0, classIndex: 0 }]);
    layers[0].forEach(({ activations }, i) =>
      assert.deepEqual(
        [activations.rows, activations.columns],
        [plain.anchors.levels[i].rows, plain.anchors.levels[i].columns],
      ),
    );
    await network.close();
  });

  it('refuses a layer that is none, by name', async () => {
    await assert.rejects(GradientNetwork.load(TINY_MODEL, { layers: ['nothing/here'] }), (error) => {
      assert.ok(error instanceof ExpectedError);
      assert.equal(error.kind, 'usage');
      assert.match(error.message, /nothing\/here is no feature map/);
      return true;
    });
  });

  it('at the picture: integrated gradients add up to what the score rose by', async () => {
    const network = await GradientNetwork.load(TINY_MODEL, { atPicture: true });
    const { manifest } = network;
    const planes = await network.planesOf(testPicture(manifest.input), manifest.input);
    const place = { place: 40, classIndex: 1 };
    const slope = async (at: Float32Array): Promise<Float32Array> =>
      (await network.gradients(at, [place])).atPicture[0];
    const map = await integratedGradients(planes, slope, 64);
    const total = map.reduce((a, b) => a + b, 0);
    const rise =
      (await network.scoreAt(planes, place)) -
      (await network.scoreAt(
        planes.map(() => 0),
        place,
      ));
    assert.ok(Math.abs(total - rise) <= 0.02 * Math.max(1, Math.abs(rise)), `${String(total)} of ${String(rise)}`);
    await network.close();
  });
});

describe('SmoothGrad', () => {
  it('of a linear score is the slope’s size, whatever the noise', async () => {
    const slope = (): Promise<Float32Array> => Promise.resolve(Float32Array.of(1, -2, 3, 0, 0, -1));
    let next = 0;
    const gaussian = (): number => Math.sin(next++);
    const map = await smoothGrad(new Float32Array(6), slope, { samples: 5, deviation: 0.1, gaussian });
    assert.deepEqual(
      [...map].map((value) => Number(value.toFixed(5))),
      [4, 3],
    );
  });
});
