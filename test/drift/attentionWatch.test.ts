import assert from 'node:assert/strict';
import { Random } from '../../lab/scenes/random.js';
import { AttentionWatch } from '../../src/drift/attentionWatch.js';
import type { BandObservation } from '../../src/drift/figures.js';
import type { Spectrum } from '../../src/spectrum.js';
import { observations, recorded } from './observations.js';

function image(energyInBox: number, energyGain: number, spectrum: Spectrum = 'fir'): BandObservation {
  const usual = { className: 'car', score: 0.9, attention: { energyInBox: 0.9, energyGain: 8, peakInBox: true } };
  const odd = { className: 'Person', score: 0.9, attention: { energyInBox, energyGain, peakInBox: false } };
  return { spectrum, classes: ['Person', 'car'], detections: [usual, odd] };
}

/** Images whose extremes vary by a third. */
function* usual(seed: number, count: number): Generator<BandObservation> {
  const random = new Random(seed, 'usual');
  for (let i = 0; i < count; i++) yield image(random.range(0.3, 0.4), random.range(6, 8));
}

describe('AttentionWatch', () => {
  it('finds attention unlike that of the images before, and says which', () => {
    const watch = new AttentionWatch();
    for (const one of usual(1, 200)) watch.look(one, 0.01);
    assert.equal(watch.look(image(0.35, 7), 0.01), undefined);
    assert.deepEqual(watch.look(image(0.01, 7), 0.01), {
      spectrum: 'fir',
      text: 'energy in box 0.010 of Person in fir: lower than in 100.00 % of images',
    });
    assert.match(watch.look(image(0.35, 0.2), 0.01)?.text ?? '', /^energy gain 0\.20 of Person in fir: lower/);
    assert.match(watch.look(image(0.35, 900), 0.01)?.text ?? '', /^energy gain 9\.0e\+2 of Person in fir: higher/);
    assert.equal(watch.look(image(0.01, 7, 'rgb'), 0.01), undefined, 'every band has a past of its own');
  });

  it('says nothing before it has seen 1 / share − 1 images', () => {
    const watch = new AttentionWatch();
    for (const one of usual(2, 98)) watch.look(one, 0.01);
    assert.equal(watch.look(image(0.001, 7), 0.01), undefined);
    const later = new AttentionWatch();
    for (const one of usual(2, 99)) later.look(one, 0.01);
    assert.notEqual(later.look(image(0.001, 7), 0.01), undefined);
  });

  it('gets used to what comes often', () => {
    const watch = new AttentionWatch();
    for (const one of usual(3, 200)) watch.look(one, 0.01);
    const found = Array.from({ length: 10 }, () => watch.look(image(0.01, 7), 0.01) !== undefined);
    // (k + 1) / (n + 1) ≤ 0.01 holds for k = 0 at n = 200, k = 1 at n = 201, and no longer for k = 2.
    assert.deepEqual(found.slice(0, 4), [true, true, false, false]);
  });

  it('is off at a share of 0, where nothing is detected, and without Grad-CAM', () => {
    const watch = new AttentionWatch();
    for (const one of usual(4, 500)) assert.equal(watch.look(one, 0), undefined);
    assert.equal(watch.look(image(0.001, 7), 0), undefined);
    const blind = { spectrum: 'fir' as const, classes: [] };
    assert.equal(watch.look({ ...blind, detections: [] }, 0.5), undefined);
    assert.equal(watch.look({ ...blind, detections: [{ className: 'car', score: 1 }] }, 0.5), undefined);
  });

  it('finds no more than about its share where nothing changes', () => {
    const watch = new AttentionWatch();
    let found = 0;
    for (const one of usual(5, 20_000)) if (watch.look(one, 0.01)) found++;
    // Three extremes, two of which vary.
    assert.ok(found <= 20_000 * 0.02 * 1.2, `${found}`);
  });

  it('holds images against a baseline from the first one on, where it is large enough', () => {
    const baseline = recorded(observations(1, 500));
    const odd = image(0.01, 4);
    assert.notEqual(new AttentionWatch(baseline, ['fir']).look(odd, 0.01), undefined);
    assert.equal(new AttentionWatch(baseline, []).look(odd, 0.01), undefined, 'of another model');
    assert.equal(new AttentionWatch(baseline, ['fir']).look(odd, 0.001), undefined, '500 images cannot tell');
  });
});
