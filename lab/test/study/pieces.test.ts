import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { EfficientDet } from '../../../src/detector/efficientDet.js';
import { readModelFiles } from '../../../src/detector/manifest.js';
import { modelPicture } from '../../study/modelPicture.js';
import { importanceRanks } from '../../../src/maps/pixelOrder.js';
import { float32Values } from '../../../src/onnx/tensors.js';
import { readModel } from '../../../src/onnx/modelFile.js';
import { attentionFigures } from '../../../src/maps/attention.js';
import { baselineMap } from '../../study/baselines.js';
import { blurredPicture } from '../../study/blur.js';
import { movedPicture, noisyPicture } from '../../study/mapChecks.js';
import { measurePicture } from '../../study/measure.js';
import { STUDY_METHODS, studyMethods } from '../../study/methods.js';
import { NetworkBench } from '../../study/networkBench.js';
import { PerturbationScorer } from '../../study/perturbation.js';
import { DEFAULT_CURVES, TARGET_SCORE } from '../../study/settings.js';
import { writeShuffledModel } from '../../study/shuffledModel.js';
import { mapOfThumbnail, thumbnailOf } from '../../study/thumbnail.js';
import { matchingObject, objectMask } from '../../study/truthMatch.js';
import { blocks, SIZE, TINY } from './smallData.js';

describe('blurredPicture', () => {
  const laid = (pixels: Uint8Array<ArrayBuffer>) => {
    const input = { width: 32, height: 32 };
    return { pixels, placed: { source: input, input, content: { width: 32, height: 20 } } };
  };

  it('by hand: a dot becomes the Gaussian, a flat picture stays, the padding is black', () => {
    const dot = new Uint8Array(32 * 32 * 3);
    dot.set([255, 255, 255], (10 * 32 + 16) * 3);
    const blurred = blurredPicture(laid(dot), 1);
    const at = (x: number, y: number): number => blurred[(y * 32 + x) * 3];
    // Weights of σ = 1 over seven pixels: 0.3991, 0.2420, 0.0540.
    assert.equal(at(16, 10), Math.round(255 * 0.39905 ** 2));
    assert.equal(at(17, 10), Math.round(255 * 0.39905 * 0.24204));
    assert.equal(at(17, 11), Math.round(255 * 0.24204 ** 2));
    assert.equal(at(18, 10), Math.round(255 * 0.39905 * 0.05401));
    const flat = blurredPicture(laid(new Uint8Array(32 * 32 * 3).fill(77)), 4);
    assert.deepEqual([flat[0], flat[(19 * 32 + 31) * 3], flat[20 * 32 * 3]], [77, 77, 0]);
  });
});

describe('baselineMap', () => {
  it('has the box’s peak in its middle, whatever the box', () => {
    const side = fc.integer({ min: 20, max: 120 });
    fc.assert(
      fc.property(side, side, side, side, (x1, y1, width, height) => {
        const box = { x1, y1, x2: x1 + width, y2: y1 + height };
        const map = baselineMap({ method: 'box' }, box, { width: 320, height: 256 }, 1);
        assert.equal(attentionFigures(map, box, 320, 256).peakInBox, true);
        assert.ok(Math.max(...map.values) <= 1 && Math.min(...map.values) > 0);
      }),
    );
  });

  it('is the same noise for the same seed', () => {
    const of = (seed: number) => baselineMap({ method: 'random' }, { x1: 0, y1: 0, x2: 1, y2: 1 }, SIZE, seed).values;
    assert.deepEqual(of(1), of(1));
    assert.notDeepEqual(of(1), of(2));
  });
});

describe('pictures for the stability checks', () => {
  const picture = { pixels: blocks(1), size: SIZE };
  it('are moved by whole pixels with the border repeated', () => {
    const { pixels } = movedPicture(picture, 3, -2);
    const at = (of: Uint8Array, x: number, y: number): number => of[(y * SIZE.width + x) * 3 + 1];
    assert.equal(at(pixels, 50, 40), at(picture.pixels, 47, 42));
    assert.equal(at(pixels, 0, 40), at(picture.pixels, 0, 42));
    assert.deepEqual(movedPicture(picture, 0, 0).pixels, picture.pixels);
  });
  it('have noise of the strength asked for, equal on all channels, from the seed', () => {
    const grey = { pixels: new Uint8Array(SIZE.width * SIZE.height * 3).fill(120), size: SIZE };
    const { pixels } = noisyPicture(grey, 5, 1);
    const squares = pixels.reduce((sum, value) => sum + (value - 120) ** 2, 0) / pixels.length;
    assert.ok(Math.abs(Math.sqrt(squares) - 5) < 0.2, String(squares));
    assert.equal(pixels[0], pixels[2]);
    assert.deepEqual(noisyPicture(grey, 5, 1).pixels, pixels);
    assert.notDeepEqual(noisyPicture(grey, 5, 2).pixels, pixels);
  });
});

describe('truth', () => {
  const box = { x1: 0, y1: 0, x2: 10, y2: 10 };
  const object = { label: 'car', classIndex: 1, box, area: 100, ignore: false, crowd: false };
  it('matches by class and overlap', () => {
    const near = { ...object, box: { x1: 1, y1: 0, x2: 11, y2: 10 } };
    assert.equal(matchingObject({ box, classIndex: 1 }, [near, object]), object);
    assert.equal(matchingObject({ box, classIndex: 2 }, [object]), undefined);
    assert.equal(matchingObject({ box: { x1: 6, y1: 0, x2: 16, y2: 10 }, classIndex: 1 }, [object]), undefined);
    assert.equal(matchingObject({ box, classIndex: 1 }, [{ ...object, crowd: true }]), undefined);
  });
  it('takes a damaged mask, or one of another size, as none', () => {
    assert.equal(
      objectMask({ ...object, mask: { size: [6, 6], counts: '824000:' } }, { width: 6, height: 6 })?.length,
      36,
    );
    assert.equal(objectMask({ ...object, mask: { size: [6, 6], counts: '824' } }, { width: 6, height: 6 }), undefined);
    assert.equal(
      objectMask({ ...object, mask: { size: [6, 6], counts: '824000:' } }, { width: 7, height: 6 }),
      undefined,
    );
    assert.equal(objectMask(object, { width: 6, height: 6 }), undefined);
  });
});

describe('thumbnails', () => {
  it('keep a map to one level of its peak; negative values become 0', () => {
    const values = Float32Array.from({ length: 12 }, (_, i) => i - 2);
    const { width, height, values: back } = mapOfThumbnail(thumbnailOf({ width: 4, height: 3, values }));
    assert.deepEqual([width, height], [4, 3]);
    back.forEach((level, i) => assert.ok(Math.abs((level * 9) / 255 - Math.max(0, i - 2)) <= 9 / 255));
  });
});

describe('studyMethods', () => {
  it('knows every name once and refuses others', () => {
    const methods = studyMethods(STUDY_METHODS, 77);
    assert.equal(methods.length, STUDY_METHODS.length);
    const rise = methods.find(({ name }) => name === 'rise')?.settings;
    assert.ok(rise?.method === 'rise' && rise.passes === 77 && rise.grid.rows === 8 && rise.probability === 0.1);
    for (const names of [['none'], ['rise', 'rise'], ['toString']])
      assert.throws(() => studyMethods(names, 5), { name: 'ExpectedError', kind: 'usage' });
  });
});

describe('a network on the bench', function () {
  this.timeout(120_000);
  let folder = '';
  let bench: NetworkBench;
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'msal-bench-'));
    bench = await NetworkBench.open(TINY);
  });
  after(async () => {
    await bench.close();
    await rm(folder, { recursive: true });
  });

  it('has curves that begin and end with the whole, the black and the blurred picture', async () => {
    const { detector, masked } = bench;
    const picture = modelPicture(blocks(2), SIZE, detector.manifest.input);
    const target = (await detector.detect(picture.pixels, SIZE, { scoreThreshold: 0.05, maxDetections: 1 }))
      .detections[0];
    const settings = { ...DEFAULT_CURVES, steps: 4, batch: 3, blurSigma: 2 };
    const scorer = await PerturbationScorer.open(masked, picture, target, settings);
    const { width, height } = picture.placed.content;
    const ranks = importanceRanks(new Float32Array(width * height));
    const deletion = await scorer.curve('deletion', ranks);
    const insertion = await scorer.curve('insertion', ranks);
    assert.deepEqual([deletion.length, insertion.length, scorer.passes], [5, 5, 14]);
    const close = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 1e-5);
    close(deletion[0], target.score);
    close(insertion[4], target.score);
    const scoreOn = async (pixels: Uint8Array): Promise<number> => {
      const whole = await PerturbationScorer.open(
        masked,
        { ...picture, pixels: Uint8Array.from(pixels) },
        target,
        settings,
      );
      return (await whole.curve('deletion', ranks))[0];
    };
    close(deletion[4], await scoreOn(new Uint8Array(picture.pixels.length)));
    close(insertion[0], await scoreOn(blurredPicture(picture, 2)));
    // One pixel row after another, as the ranks of a flat map are: half of the steps are the upper half.
    const half = picture.pixels.slice();
    half.fill(0, 0, (height / 2) * detector.manifest.input.width * 3);
    close(deletion[2], await scoreOn(half));
  });

  it('measures one picture the same way each time, checks included', async () => {
    const shuffledPath = await writeShuffledModel(TINY, path.join(folder, 'shuffled'), 3);
    const shuffled = await NetworkBench.open(shuffledPath);
    try {
      const settings = {
        seed: 1,
        images: 1,
        methods: studyMethods(['grad-cam', 'rise', 'box'], 5),
        curves: { ...DEFAULT_CURVES, steps: 3, blurSigma: 2 },
        stability: { shift: 2, noise: 2 },
        randomised: true,
        pictures: 1,
      };
      const task = { pixels: blocks(2), size: SIZE, objects: [], seed: 9, keepMaps: true };
      const first = await measurePicture(bench, task, settings, shuffled);
      const second = await measurePicture(bench, task, settings, shuffled);
      assert.ok(first && second);
      assert.deepEqual({ ...second, cost: 0 }, { ...first, cost: 0 });
      assert.deepEqual(Object.keys(first.methods), ['grad-cam', 'rise', 'box']);
      assert.equal(first.agreement.length, 3);
      assert.equal(first.target.correct, false);
      const { 'grad-cam': gradCam, rise, box } = first.methods;
      for (const figures of [gradCam, rise, box])
        for (const value of [figures.deletion, figures.insertion, figures.energyInBox, figures.gini])
          assert.ok(value >= 0 && value <= 1, String(value));
      assert.equal(rise.passes, 5);
      assert.equal(box.passes, 0);
      assert.equal(box.pointingBox, 1);
      assert.ok(gradCam.noiseStability !== undefined && Math.abs(gradCam.noiseStability) <= 1);
      assert.equal(box.noiseStability, undefined);
      // The untrained network loses its box under every mask: an empty map is no evidence for anything.
      assert.equal(rise.lost, rise.passes);
      assert.deepEqual([rise.shiftStability, rise.noiseStability, rise.randomised], [undefined, undefined, undefined]);
      // Picture 1, four looks of the scorer and two curves for each method, and the maps with their checks at least.
      assert.ok(first.cost.passes >= 1 + 4 + 3 * 8 + 6, String(first.cost.passes));
      const unseen = { ...task, pixels: new Uint8Array(task.pixels.length) };
      const laid = modelPicture(unseen.pixels, SIZE, bench.detector.manifest.input);
      const any = { scoreThreshold: 0, maxDetections: 1 };
      const [best] = (await bench.detector.detect(laid.pixels, SIZE, any)).detections;
      const black = await measurePicture(bench, unseen, settings);
      assert.equal(black?.target.score, best.score >= TARGET_SCORE ? best.score : undefined);
    } finally {
      await shuffled.close();
    }
  });

  it('is shuffled into a network of the same weights in another order that sees other things', async () => {
    const file = await writeShuffledModel(TINY, path.join(folder, 'other'), 1);
    const [own, other] = await Promise.all([readModelFiles(TINY), readModelFiles(file)]);
    const tensors = [own, other].map(({ bytes }) => readModel(bytes, 'model').graph.initializer);
    let moved = 0;
    tensors[0].forEach((tensor, i) => {
      if (tensor.dims.length < 2 || tensor.dataType === 7) return;
      const [before, after] = [tensor, tensors[1][i]].map(float32Values);
      assert.deepEqual(after.slice().sort(), before.slice().sort());
      if (before.some((value, k) => value !== after[k])) moved++;
    });
    assert.ok(moved > 10, `${moved} tensors moved`);
    const detector = await EfficientDet.load(file, { threads: 1 });
    const laid = modelPicture(blocks(2), SIZE, detector.manifest.input);
    const best = async (of: EfficientDet): Promise<number[]> =>
      (await of.detect(laid.pixels, SIZE, { scoreThreshold: 0, maxDetections: 3 })).detections.map(
        ({ score }) => score,
      );
    assert.notDeepEqual(await best(detector), await best(bench.detector));
    await detector.close();
  });
});
