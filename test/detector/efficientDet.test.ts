import assert from 'node:assert/strict';
import { composeDetector, readPlainDetector } from '../../src/detector/composedDetector.js';
import { EfficientDet } from '../../src/detector/efficientDet.js';
import { graphOutputs } from '../../src/detector/graphOutputs.js';
import { inputTensors } from '../../src/detector/inputTensors.js';
import { readModelFiles } from '../../src/detector/manifest.js';
import { openSession } from '../../src/detector/providers.js';
import { gradCam, gradCamWeights, GRAD_CAM_VARIANTS, levelMaps } from '../../src/perception/gradCam.js';
import { upsample } from '../../src/maps/upsample.js';
import { assertClose, fixture, FIXTURE_MODELS, reference, referencePicture } from './reference.js';

for (const name of FIXTURE_MODELS)
  describe(`${name} against PyTorch`, () => {
    const expected = reference(name);

    it('has effdet’s anchors', async () => {
      const { anchors } = readPlainDetector(await readModelFiles(fixture(`${name}.json`)));
      assert.equal(anchors.count, expected.anchorCount);
      for (const { index, yxyx } of expected.anchors) {
        const [y = 0, x = 0, height = 0, width = 0] = anchors.boxes.subarray(4 * index, 4 * index + 4);
        const corners = [y - height / 2, x - width / 2, y + height / 2, x + width / 2];
        assertClose(corners, yxyx, 1e-5, `anchor ${index}`);
      }
    });

    it('composes a graph with the same best anchors, scores, classes and boxes', async () => {
      const files = await readModelFiles(fixture(`${name}.json`));
      const plain = readPlainDetector(files);
      const session = await openSession(composeDetector(plain, 64), 'cpu', 1);
      const { input } = files.manifest;
      const run = await session.run(inputTensors(referencePicture(expected, input), expected.picture, input));
      const outputs = graphOutputs(run, plain.anchors);
      assert.equal(outputs.scores.length, 64);
      assertClose(
        outputs.scores.subarray(0, expected.best.length),
        expected.best.map(({ score }) => score),
        1e-4,
        'scores',
      );
      for (const best of expected.best) {
        const i = outputs.anchors.indexOf(best.anchor);
        assert.notEqual(i, -1, `anchor ${best.anchor} is missing`);
        assert.equal(outputs.classes[i], best.class);
        assertClose(outputs.boxes.subarray(4 * i, 4 * i + 4), best.xyxy, 1e-3, `box of anchor ${best.anchor}`);
      }
      await session.release();
    });

    it('explains with the gradients that autograd gives, borders included', async () => {
      const detector = await EfficientDet.load(fixture(`${name}.json`), { threads: 1 });
      const { classes, input } = detector.manifest;
      const pixels = referencePicture(expected, input);
      const { featureMaps } = await detector.detect(pixels, expected.picture, { scoreThreshold: 1 });
      for (const recorded of expected.gradCam) {
        const i = featureMaps.findIndex(({ level }) => level === recorded.level);
        const features = featureMaps[i];
        const weights = detector.classHead[i];
        assert.ok(features && weights);
        const target = { source: recorded, classIndex: recorded.class, score: recorded.score };
        const what = `level ${recorded.level} (${recorded.row}, ${recorded.column})`;
        const alpha = gradCamWeights(target, features, weights, classes.length);
        assertClose(alpha, recorded.alpha, 1e-5, `α of ${what}`);
        for (const variant of GRAD_CAM_VARIANTS) {
          const [map] = await levelMaps(features, [alpha], variant);
          assertClose(map?.values ?? [], recorded.maps[variant], 1e-4, `${variant} of ${what}`);
        }
        const [study] = await levelMaps(features, [alpha], 'study');
        assert.ok(study);
        const full = upsample(study, input.width, input.height);
        const probes = recorded.upsampledStudy;
        const values = probes.map(({ x, y }) => full.values[y * input.width + x] ?? NaN);
        assertClose(
          values,
          probes.map(({ value }) => value),
          1e-4,
          `upsampled ${what}`,
        );
      }
      await detector.close();
    });

    it('gives the same detections and maps whatever the number of threads', async () => {
      const results = [];
      for (const threads of [1, 2]) {
        const detector = await EfficientDet.load(fixture(`${name}.json`), { threads });
        const pixels = referencePicture(expected, detector.manifest.input);
        const { detections, featureMaps } = await detector.detect(pixels, expected.picture, { scoreThreshold: 0.05 });
        const letterbox = detector.letterbox(expected.picture);
        const { classHead } = detector;
        const classCount = detector.manifest.classes.length;
        results.push({
          detections,
          maps: await gradCam(detections, { featureMaps, classHead, classCount, letterbox }, 'study'),
        });
        await detector.close();
      }
      const [one, two] = results;
      assert.ok(one && two && one.detections.length > 2);
      assert.deepEqual(
        one.detections.map(({ source, classIndex }) => ({ source, classIndex })),
        two.detections.map(({ source, classIndex }) => ({ source, classIndex })),
      );
      one.maps.forEach((map, i) => {
        assertClose(two.maps[i]?.values ?? [], [...map.values], 1e-4, `map ${i}`);
      });
    });
  });

describe('EfficientDet', () => {
  const expected = reference('efficientdet-tiny');
  let detector: EfficientDet;
  before(async () => {
    detector = await EfficientDet.load(fixture('efficientdet-tiny.json'), { threads: 1 });
  });
  after(() => detector.close());

  it('keeps boxes inside the source image, best first, within the thresholds', async () => {
    const source = { width: 640, height: 480 };
    const pixels = referencePicture(expected, detector.manifest.input);
    const { detections } = await detector.detect(pixels, source, { scoreThreshold: 0.02, maxDetections: 7 });
    assert.equal(detections.length, 7);
    detections.forEach(({ box, score, className, classIndex }, i) => {
      assert.ok(box.x1 >= 0 && box.y1 >= 0 && box.x2 <= source.width && box.y2 <= source.height && box.x2 > box.x1);
      assert.ok(score >= 0.02 && score <= (detections[i - 1]?.score ?? 1));
      assert.equal(className, detector.manifest.classes[classIndex]);
    });
    const strict = await detector.detect(pixels, source, { scoreThreshold: 1.1 });
    assert.deepEqual(strict.detections, []);
  });

  it('scales boxes with the source image', async () => {
    const pixels = referencePicture(expected, detector.manifest.input);
    const options = { scoreThreshold: 0.02, maxDetections: 5 };
    const small = await detector.detect(pixels, { width: 128, height: 96 }, options);
    const large = await detector.detect(pixels, { width: 1280, height: 960 }, options);
    assert.ok(small.detections.length > 0);
    small.detections.forEach(({ box }, i) => {
      const scaled = [box.x1, box.y1, box.x2, box.y2].map((value) => value * 10);
      const other = large.detections[i]?.box;
      assertClose(other ? [other.x1, other.y1, other.x2, other.y2] : [], scaled, 1e-5, `box ${i}`);
    });
  });

  it('does not look at the padding', async () => {
    const pixels = referencePicture(expected, detector.manifest.input);
    const black = pixels.slice();
    black.fill(0, expected.picture.height * detector.manifest.input.width * 3);
    const [a, b] = [await detector.detect(pixels, expected.picture), await detector.detect(black, expected.picture)];
    assert.deepEqual(a.detections, b.detections);
  });

  it('takes pixels in memory shared between threads', async () => {
    const pixels = referencePicture(expected, detector.manifest.input);
    const shared = new Uint8Array(new SharedArrayBuffer(pixels.length));
    shared.set(pixels);
    const [a, b] = [await detector.detect(pixels, expected.picture), await detector.detect(shared, expected.picture)];
    assert.deepEqual(a.detections, b.detections);
  });

  it('refuses a picture of another size', async () => {
    await assert.rejects(detector.detect(new Uint8Array(12), expected.picture), /12 values are no 128×128 RGB picture/);
  });
});
