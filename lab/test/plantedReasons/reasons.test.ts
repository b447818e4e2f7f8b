import assert from 'node:assert/strict';
import { sampleMask } from '../../../src/explain/masks/gridMask.js';
import { MaskStream } from '../../../src/explain/masks/maskStream.js';
import { RiseEstimate } from '../../../src/explain/estimates/riseEstimate.js';
import { pearson } from '../../../src/maps/mapAgreement.js';
import { exactMap, meanResponse } from '../../plantedReasons/exactMap.js';
import { reasonFigures } from '../../plantedReasons/figures.js';
import { cardMarkdown, meanFigure, reasonsCard } from '../../plantedReasons/card.js';
import { BLOB, measureCase, RANDOM } from '../../plantedReasons/measure.js';
import { PlantedScore, response, SeenShare } from '../../plantedReasons/plantedScore.js';
import { plantedCase, plantedCases, type PlantedCase } from '../../plantedReasons/reasons.js';
import { planReasons } from '../../plantedReasons/run.js';

const GRID = { rows: 8, columns: 8 };

function plain(planted: PlantedCase, seed: number): MaskStream {
  const { content, box } = planted;
  return new MaskStream({ seed, content, grid: GRID, probability: 0.1, sampler: 'plain', targets: [box] });
}

describe('planted reasons', function () {
  this.timeout(240_000);

  it('responses by hand: nothing is 0, all is 1, and the mean of one cell', () => {
    const place = { threshold: 0.3, width: 0.1 };
    assert.equal(response(place, 0), 0);
    assert.ok(Math.abs(response(place, 1) - 1) < 1e-12);
    assert.ok(Math.abs(meanResponse(place, [1], 0, 0.1) - 0.1) < 1e-12);
    // Two halves of a place: 0.81·h(0) + 0.18·h(½) + 0.01·h(1).
    const expected = 0.18 * response(place, 0.5) + 0.01;
    assert.ok(Math.abs(meanResponse(place, [0.5, 0.5], 0, 0.1) - expected) < 1e-12);
    assert.ok(Math.abs(meanResponse(place, [0.5], 0.5, 0.1) - (0.9 * response(place, 0.5) + 0.1)) < 1e-12);
  });

  it('the share of a place that is seen is the mean of the mask over it', () => {
    const planted = plantedCase('far away', 'medium', 1);
    const { region } = planted.places[0];
    const whole = {
      x1: Math.round(region.x1),
      y1: Math.round(region.y1),
      x2: Math.round(region.x2),
      y2: Math.round(region.y2),
    };
    const mask = plain(planted, 3).mask(5);
    const values = new Float64Array(512 * 512);
    sampleMask(mask, planted.content, planted.content, values);
    let [sum, count] = [0, 0];
    for (let y = whole.y1; y < whole.y2; y++)
      for (let x = whole.x1; x < whole.x2; x++, count++) sum += values[y * 512 + x];
    assert.ok(Math.abs(new SeenShare({ region: whole }).of(mask) - sum / count) < 1e-9);
  });

  it('exact maps are those of very many masks, within their standard error, for every kind', () => {
    for (const planted of plantedCases([4]).filter((_, i) => i % 3 === 0)) {
      const side = { width: 32, height: 32 };
      const exact = exactMap(planted, side, { grid: GRID, probability: 0.1, offsetStep: 4 });
      const mean = new RiseEstimate({ ...side, content: planted.content }, 0.1, 1);
      const score = new PlantedScore(planted);
      const stream = plain(planted, 77);
      for (let i = 0; i < 4000; i++) mean.add(stream.mask(i), [score.score(stream.mask(i))]);
      const [map, error] = [mean.map(0), mean.standardError(0)];
      assert.ok(pearson(map, exact.values) > 0.97, `${planted.id}: ${pearson(map, exact.values)}`);
      const off = map.reduce((sum, value, x) => sum + ((value - exact.values[x]) / error[x]) ** 2, 0) / map.length;
      assert.ok(off < 4, `${planted.id}: ${off}`);
    }
  });

  it('judges the exact map as perfect, and does not find what is not there', () => {
    const planted = plantedCase('box or cue', 'medium', 1);
    const exact = exactMap(planted, { width: 64, height: 64 }, { grid: GRID, probability: 0.1, offsetStep: 8 });
    const perfect = reasonFigures(planted, exact, exact, new Float32Array(4096).fill(1e-9));
    assert.deepEqual([perfect.top5, perfect.peak, perfect.coveredAtPlaces, perfect.coveredElsewhere], [1, 1, 1, 1]);
    for (const share of [perfect.pearson, perfect.box ?? 0, perfect.cue ?? 0]) assert.ok(Math.abs(share - 1) < 1e-6);
    const flat = reasonFigures(planted, { ...exact, values: new Float32Array(4096) }, exact);
    assert.deepEqual([flat.pearson, flat.top5, flat.box, flat.cue, flat.coveredAtPlaces], [0, 0, 0, 0, null]);
  });

  it('measures a case the same every time, puts the baselines beside it and fits them into a card', () => {
    const planted = plantedCase('far away', 'small', 1);
    const record = measureCase(planted);
    assert.deepEqual(JSON.parse(JSON.stringify(record)), JSON.parse(JSON.stringify(measureCase(planted))));
    const of = (method: string, passes: number) => meanFigure([record], method, passes, 'pearson') ?? NaN;
    assert.ok(of(BLOB, 0) < 0.5 && Math.abs(of(RANDOM, 500)) < 0.4);
    assert.ok(of('default: sparse Bayes', 100) > of('box prior (the old default)', 100));
    const text = cardMarkdown(reasonsCard([record]));
    assert.match(text, /blob at the box, no pass/);
    assert.doesNotMatch(text, /NaN|undefined/);
  });

  it('halves of the suite have no seed in common', () => {
    const seeds = (half: 'judging' | 'tuning') => new Set(planReasons(half, 4).cases.map(({ seed }) => seed));
    assert.deepEqual([...seeds('judging')], [1, 3, 5, 7]);
    assert.deepEqual([...seeds('tuning')], [0, 2, 4, 6]);
  });
});
