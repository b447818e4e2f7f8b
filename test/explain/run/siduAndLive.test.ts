import assert from 'node:assert/strict';
import { readModelFiles } from '../../../src/detector/manifest.js';
import { readPlainDetector } from '../../../src/detector/composedDetector.js';
import { MaskedDetector } from '../../../src/explain/network/maskedDetector.js';
import type { GridMasks, MaskedTarget } from '../../../src/explain/network/maskedPicture.js';
import { openExplainer } from '../../../src/explain/run/explainerPool.js';
import type { Explainer, Explanation, ExplainRequest, MapsSoFar } from '../../../src/explain/explanation.js';
import {
  ESTIMATORS,
  parseExplainSettings,
  presetSettings,
  type ExplainSettings,
  withPasses,
  withEstimator,
} from '../../../src/explain/settings.js';
import { explainBySidu } from '../../../src/explain/run/siduExplanation.js';
import { siduMasks } from '../../../src/explain/masks/siduMasks.js';
import { letterbox } from '../../../src/geometry/letterbox.js';
import { FEATURE_MASKS } from '../../../src/explain/masks/featureMasks.js';
import { FEATURE_GROUNDS } from '../../../src/explain/network/liveGraph.js';
import { sampleMask } from '../../../src/explain/masks/gridMask.js';
import { SIDU_OUTPUTS, similarityDifferences, uniqueness } from '../../../src/explain/estimates/sidu.js';
import { assertClose, fixture, reference, referencePicture } from '../../detector/reference.js';
import { maskingReference as expected } from './maskingReference.js';

const MODEL = fixture('efficientdet-tiny.json');
const size = reference('efficientdet-tiny').picture;
const rule = {
  among: 'anchors',
  scoreThreshold: expected.scoreThreshold,
  iouThreshold: expected.iouThreshold,
} as const;
const targets = expected.targets.map(({ box: [x1, y1, x2, y2], class: classIndex }): MaskedTarget => {
  return { box: { x1, y1, x2, y2 }, classIndex };
});

/**
 * Two runs of the network differ by float32 rounding: the composed graph is optimised otherwise than the plain one. Equation 5
 * multiplies a difference of scores by 1/(2σ²) = 8.
 */
const ROUNDING = 4e-5;

/** Every `step`-th value of a map over the content. */
function thinned(values: ArrayLike<number>, step: number): number[] {
  const thin: number[] = [];
  for (let y = 0; y < size.height; y += step)
    for (let x = 0; x < size.width; x += step) thin.push(values[y * size.width + x]);
  return thin;
}

async function last<Maps extends MapsSoFar>(results: AsyncIterable<Maps>): Promise<Maps> {
  let result: Maps | undefined;
  for await (result of results);
  assert.ok(result?.complete);
  return result;
}

describe('SIDU and live RISE against NumPy on the same network', () => {
  let detector: MaskedDetector;
  let pixels: Uint8Array;
  let fill: Uint8Array;
  before(async () => {
    detector = await MaskedDetector.open(readPlainDetector(await readModelFiles(MODEL)), { threads: 1 });
    pixels = referencePicture(reference('efficientdet-tiny'), detector.manifest.input);
    fill = new Uint8Array(pixels.length);
  });
  after(() => detector.close());

  it('agrees on equations 5 and 6, given the same scores', () => {
    for (const { pUnmasked, p, sd, u } of expected.sidu) {
      const vectors = { length: pUnmasked.length, values: p };
      assertClose(similarityDifferences(pUnmasked, vectors, expected.sigma), sd, 1e-7, 'sd');
      assertClose(uniqueness(vectors, new Float64Array(sd.length).fill(1)), u, 1e-7, 'u');
    }
  });

  for (const masks of FEATURE_MASKS)
    for (const output of SIDU_OUTPUTS)
      it(`makes SIDU's maps with ${masks} masks, ${output}`, async () => {
        const { input, classes } = detector.manifest;
        const picture = await detector.picture({ pixels, fill, content: size, targets, rule });
        const plan = {
          levels: siduMasks(detector, { pixels, content: size, targets, rule, masks }),
          placed: letterbox(size, input, input.resize),
          map: size,
          classIndices: targets.map(({ classIndex }) => classIndex),
          classCount: classes.length,
        };
        assert.deepEqual(
          (await plan.levels).map(({ level }) => level),
          [...new Set(expected.targets.map(({ level }) => level))].sort(),
        );
        const scorer = { parallel: 1, batch: 4, score: (grids: GridMasks) => picture.scoreGrids(grids) };
        const result = await last(explainBySidu(plan, scorer, { sigma: expected.sigma, output }));
        const levels = await plan.levels;
        assert.equal(result.passes, 1 + levels.reduce((sum, { counts }) => sum + counts.length, 0));
        for (const answer of expected.sidu.filter((one) => one.masks === masks && one.output === output)) {
          const { map } = result.targets[answer.target];
          assertClose(thinned(map.values, expected.step), answer.map, ROUNDING, `target ${answer.target}`);
        }
      });

  for (const features of FEATURE_GROUNDS)
    it(`scores live masks that blend into ${features}, and makes equation 4 of them`, async () => {
      const { count, cells, grids, offsets, upsampled, probability } = expected.live;
      const picture = await detector.picture({ pixels, fill, content: size, targets, rule, features });
      const masks: GridMasks = {
        count,
        rows: cells,
        columns: cells,
        grids: Float32Array.from(grids),
        offsets: Float32Array.from(offsets),
        upsampled: { height: upsampled[0], width: upsampled[1] },
      };
      const { scores, ious } = await picture.scoreGrids(masks);
      const answer = expected.live[features];
      assertClose(ious, answer.ious, ROUNDING, 'IoU');
      assertClose(scores, answer.scores, ROUNDING, 'score');
      targets.forEach((_, t) => {
        const map = new Float64Array(size.width * size.height);
        const mask = new Float64Array(map.length);
        for (let i = 0; i < count; i++) {
          const [offsetY = 0, offsetX = 0] = offsets.slice(2 * i);
          const grid = grids.slice(i * cells * cells, (i + 1) * cells * cells);
          sampleMask({ ...masks, grid, offsetY, offsetX }, size, size, mask);
          const factor = scores[i * targets.length + t] / (probability * count);
          mask.forEach((value, x) => (map[x] += factor * value));
        }
        assertClose(thinned(map, expected.step), answer.maps[t], ROUNDING, `target ${t}`);
      });
    });

  it('shows the whole picture through a live mask of ones, and the fill through one of zeros', async () => {
    const ones = { count: 1, rows: 3, columns: 2, offsets: new Float32Array(2), upsampled: detector.manifest.input };
    for (const among of ['nms', 'anchors'] as const) {
      const setup = { pixels, fill, content: size, targets, rule: { ...rule, among } };
      const whole = await detector.picture(setup);
      const live = await detector.picture({ ...setup, features: 'fill' });
      // A black picture's boxes are all alike: which of them survive suppression is chance.
      for (const value of among === 'nms' ? [1] : [0, 1]) {
        const masks = { ...ones, grids: new Float32Array(6).fill(value) };
        const [a, b] = [await whole.scoreGrids(masks), await live.scoreGrids(masks)];
        assertClose(b.ious, [...a.ious], 1e-4, `${among} ${value} IoU`);
        assertClose(b.vectors, [...a.vectors], 1e-4, `${among} ${value} class vectors`);
      }
      await assert.rejects(live.scoreMasks(new Float32Array(pixels.length / 3), 1), /by grids only/);
    }
  });
});

describe('the explainer by SIDU and live RISE', () => {
  let explainer: Explainer;
  let request: Omit<ExplainRequest, 'settings'>;
  before(async () => {
    explainer = await openExplainer(MODEL, { workers: 2, threads: 1 });
    const { input, classes } = explainer.manifest;
    const padded = referencePicture(reference('efficientdet-tiny'), input);
    assert.equal(input.width, size.width);
    const laid = padded.fill(0, size.width * size.height * 3);
    const boxes = targets.map(({ box, classIndex }) => ({
      box,
      classIndex,
      className: classes[classIndex],
      score: 0.5,
    }));
    request = { input: laid, size, targets: boxes, seed: 4 };
  });
  after(() => explainer.close());

  const explained = (settings: ExplainSettings, changes: Partial<ExplainRequest> = {}): Promise<Explanation> =>
    last(explainer.explain({ ...request, ...changes, settings }));

  it('makes the study’s SIDU', async () => {
    const paper = presetSettings('sidu', 'paper');
    const { targets: results, passes } = await explained({ ...paper, target: rule });
    const answers = expected.sidu.filter(({ masks, output }) => masks === 'binary' && output === 'original');
    for (const { target, map, lost } of answers) {
      assertClose(thinned(results[target].map.values, expected.step), map, ROUNDING, `target ${target}`);
      assert.ok(results[target].lost <= lost, `${results[target].lost} lost, at most ${lost}`);
    }
    assert.ok(passes <= 1 + 16 * new Set(expected.targets.map(({ level }) => level)).size);
    assert.equal((await explained(paper)).plannedPasses, passes);
  });

  it('explains a box that is nowhere by a map of zeros and counts it lost', async () => {
    const [first] = request.targets;
    const nowhere = { ...first, box: { x1: 1, y1: 1, x2: 1.5, y2: 60 } };
    const result = await explained(presetSettings('sidu', 'default'), { targets: [nowhere, first] });
    assert.equal(result.targets[0].lost, result.passes);
    assert.ok(result.targets[0].map.values.every((value) => value === 0));
    assert.ok(result.targets[1].lost < result.passes && result.targets[1].map.values.some((value) => value > 0));
    const alone = await explained(presetSettings('sidu', 'default'), { targets: [nowhere] });
    assert.deepEqual([alone.passes, alone.targets[0].lost], [1, 1]);
  });

  it('makes live RISE as RISE is made: same seed, same map, whatever the workers', async () => {
    const masks = { passes: 30, probability: 0.5, grid: { rows: 4, columns: 5 }, reportEvery: 10 } as const;
    const settings = { ...presetSettings('live-rise'), ...masks };
    const result = await explained(settings);
    assert.equal(result.passes, 30);
    assert.ok(result.targets.some(({ map }) => map.values.some((value) => value > 0)));
    const other = await openExplainer(MODEL, { workers: 1, threads: 1 });
    try {
      assert.deepEqual((await last(other.explain({ ...request, settings }))).targets, result.targets);
    } finally {
      await other.close();
    }
  });

  it('refuses what cannot be corrected, and settings of earlier versions by name', () => {
    const live = { ...presetSettings('live-rise'), passes: 12, corrected: 2 } as const;
    for (const [wrong, message] of [
      [{ corrected: 13 }, /corrected: must not exceed passes/],
      [{ estimator: 'regression' }, /estimator: must be sparse-bayes or box-prior/],
      [{ estimator: 'mean' }, /estimator: must be sparse-bayes or box-prior/],
      [{ sampler: 'stratified' }, /of a test .*: stratified masks were removed in 0\.2\.0/],
      [{ sampler: 'antithetic' }, /antithetic masks were removed/],
      [{ estimator: 'ridge' }, /the estimator ridge is called box-prior/],
    ] as const)
      assert.throws(() => parseExplainSettings({ ...live, ...wrong }, 'a test'), {
        name: 'ExpectedError',
        kind: 'usage',
        message,
      });
    assert.throws(() => parseExplainSettings({ ...presetSettings('sidu'), groups: 16 }, 'a test'), {
      name: 'ExpectedError',
      kind: 'usage',
      message: /groups of SIDU’s masks were removed/,
    });
  });

  it('makes the ridge of live masks from the same passes, and corrects it by full ones', async () => {
    const masks = { passes: 24, probability: 0.5, grid: { rows: 4, columns: 5 } } as const;
    const live = { ...presetSettings('live-rise'), ...masks } as const;
    const [alone, corrected] = [await explained({ ...live, corrected: 0 }), await explained({ ...live, corrected: 8 })];
    const all = await explained({ ...live, corrected: 24 });
    const rise = await explained({ ...presetSettings('rise'), ...masks, target: live.target });
    /** Squared differences of the maps from those of RISE with all masks. */
    const off = ({ targets }: Explanation): number =>
      targets.reduce(
        (sum, { map }, t) => sum + map.values.reduce((s, v, x) => s + (v - rise.targets[t].map.values[x]) ** 2, 0),
        0,
      );
    assert.ok(
      off(all) < off(corrected) && off(corrected) < off(alone),
      `${off(all)}, ${off(corrected)}, ${off(alone)}`,
    );
  });

  it('keeps the share of corrected masks where their number changes', () => {
    const live = presetSettings('live-rise');
    const few = withPasses(live, 10);
    assert.deepEqual([few.passes, few.corrected], [10, Math.round((10 * live.corrected) / live.passes)]);
    assert.deepEqual(parseExplainSettings(few, 'a test'), few);
    assert.equal(withPasses(presetSettings('rise'), 7).passes, 7);
    for (const estimator of ESTIMATORS) {
      const settings = withEstimator(live, estimator);
      assert.equal(settings.estimator, estimator);
      assert.deepEqual(parseExplainSettings(settings, 'a test'), settings);
    }
  });

  it('stops SIDU when it is told to', async () => {
    const controller = new AbortController();
    controller.abort(new Error('no longer wanted'));
    const settings = presetSettings('sidu', 'paper');
    await assert.rejects(last(explainer.explain({ ...request, settings }, controller.signal)), /no longer wanted/);
    assert.ok((await explained(settings)).passes > 1);
  });
});
