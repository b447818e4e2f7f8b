import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fusionSchema } from '../../src/fusion/fusionSchema.js';
import { type BandDetections, SpectralFusion } from '../../src/fusion/spectralFusion.js';
import type { Spectrum } from '../../src/spectrum.js';

const CLASSES = ['Person', 'car'];
const SHIFT = [1, 0, 100, 0, 1, 50, 0, 0, 1];
const HALF = [2, 0, 0, 0, 2, 0, 0, 0, 1];
const box = (x1: number, y1: number, x2: number, y2: number) => ({ x1, y1, x2, y2 });

/** FIR pictures lie 100 right and 50 down in the reference view; NIR pictures have half its resolution. */
const fusion = (rest: object = {}): SpectralFusion =>
  new SpectralFusion(fusionSchema.parse({ homographies: { nir: HALF, fir: SHIFT }, ...rest }));

function band(spectrum: Spectrum, ...detections: BandDetections['detections']): BandDetections {
  const [width, height] = spectrum === 'nir' ? [320, 240] : [640, 480];
  return { spectrum, width, height, classes: CLASSES, detections };
}

const person = (x: number, y: number, score = 0.8, size = 40) => ({
  className: 'Person',
  score,
  box: box(x, y, x + size, y + size),
});

describe('SpectralFusion', () => {
  it('brings every band into the reference view and names who supports what', () => {
    const { detections, spectra, reference, unregistered } = fusion().fuse([
      band('fir', person(100, 50, 0.4)),
      band('rgb', person(200, 100, 0.8)),
      band('nir', person(100, 50, 0.6, 20)),
    ]);
    assert.deepEqual([reference, spectra, unregistered], ['rgb', ['rgb', 'nir', 'fir'], 0]);
    assert.equal(detections.length, 1);
    const [one] = detections;
    for (const [side, value] of Object.entries(box(200, 100, 240, 140)))
      assert.ok(Math.abs(one.box[side as 'x1'] - value) < 1e-9);
    assert.ok(Math.abs(one.score - 0.6) < 1e-12);
    assert.deepEqual(one.members, [
      { spectrum: 'rgb', index: 0, score: 0.8, box: box(200, 100, 240, 140) },
      { spectrum: 'nir', index: 0, score: 0.6, box: box(100, 50, 120, 70) },
      { spectrum: 'fir', index: 0, score: 0.4, box: box(100, 50, 140, 90) },
    ]);
    assert.deepEqual([one.supporting, one.silent, one.agreement], [['rgb', 'nir', 'fir'], [], 1]);
  });

  it('says which bands are silent about what they should see', () => {
    const [one] = fusion().fuse([band('rgb', person(200, 100)), band('nir'), band('fir')]).detections;
    assert.deepEqual([one.supporting, one.silent], [['rgb'], ['nir', 'fir']]);
    assert.ok(Math.abs((one.agreement ?? 0) - 1 / 3) < 1e-12);
    assert.ok(Math.abs(one.score - 0.8 / 3) < 1e-12);
  });

  it('expects nothing of a band that does not reach there, is too coarse, or does not know the class', () => {
    const silent = (candidate: ReturnType<typeof person>, rest: object = {}): readonly Spectrum[] =>
      fusion(rest).fuse([band('rgb', candidate), band('nir'), band('fir')]).detections[0].silent;
    assert.deepEqual(silent(person(20, 10)), ['nir'], 'left of and above all FIR pictures');
    assert.deepEqual(silent(person(95, 100)), ['nir', 'fir'], '35 of 40 columns are in FIR pictures');
    assert.deepEqual(silent(person(80, 100)), ['nir'], 'only half of it is');
    assert.deepEqual(silent(person(80, 100), { expect: { minimumVisible: 0.5 } }), ['nir', 'fir']);
    assert.deepEqual(silent(person(200, 100, 0.8, 24)), ['fir'], '12 pixels in NIR pictures');
    assert.deepEqual(silent(person(200, 100, 0.8, 24), { expect: { minimumSide: 12 } }), ['nir', 'fir']);
    assert.deepEqual(silent(person(200, 100), { expect: { classes: { nir: ['car'] } } }), ['fir']);
    assert.deepEqual(silent({ ...person(200, 100), className: 'tram' }), [], 'no other model has that class');
  });

  it('takes a box of the class that is off by parallax for having seen it', () => {
    const fused = (x: number, className = 'Person') =>
      fusion().fuse([band('rgb', person(200, 100)), band('fir', { ...person(x, 50, 0.7), className })]).detections;
    // In the reference view the other box begins at 250: 10 right of this one's end.
    const [beside] = fused(150);
    assert.deepEqual([beside.supporting, beside.silent, beside.agreement], [['rgb'], [], 1]);
    assert.deepEqual(fused(156)[0].silent, ['fir']);
    assert.deepEqual(fused(150, 'car')[0].silent, ['fir'], 'another class is no agreement');
  });

  it('knows no agreement where one band alone could see', () => {
    const [one] = fusion().fuse([band('rgb', person(200, 100))]).detections;
    assert.deepEqual([one.silent, one.agreement, one.score], [[], undefined, 0.8]);
    assert.deepEqual(fusion().fuse([]).detections, []);
  });

  it('leaves out bands without a homography, and boxes across the horizon', () => {
    const tilted = [1, 0, 0, 0, 1, 0, 0, 0.01, -1];
    const { detections, spectra, unregistered } = fusion({ homographies: { fir: tilted } }).fuse([
      band('mir', person(0, 0)),
      band('fir', person(0, 90), person(0, 200)),
    ]);
    assert.deepEqual([spectra, detections.length, unregistered], [['fir'], 1, 1]);
    assert.equal(detections[0].members[0].index, 1);
  });

  it('takes another threshold for a call', () => {
    const bands = [band('rgb', person(200, 100)), band('fir', person(110, 50))];
    assert.equal(fusion().fuse(bands).detections.length, 1);
    assert.equal(fusion().fuse(bands, 0.7).detections.length, 2);
  });

  describe('of any bands', () => {
    const detections = fc.array(
      fc.record({
        className: fc.constantFrom(...CLASSES),
        score: fc.double({ min: 0, max: 1, noNaN: true }),
        box: fc
          .tuple(fc.nat(200), fc.nat(150), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }))
          .map(([x, y, w, h]) => box(x, y, x + w, y + h)),
      }),
      { maxLength: 12 },
    );
    const three = fc
      .tuple(detections, detections, detections)
      .map(([rgb, nir, fir]) => [band('rgb', ...rgb), band('nir', ...nir), band('fir', ...fir)]);

    it('does not depend on the order of the bands', () => {
      fc.assert(
        fc.property(three, ([rgb, nir, fir]) => {
          assert.deepEqual(fusion().fuse([fir, rgb, nir]), fusion().fuse([rgb, nir, fir]));
        }),
      );
    });

    it('has every box once, and no band both supporting and silent', () => {
      fc.assert(
        fc.property(three, (bands) => {
          const fused = fusion().fuse(bands).detections;
          for (const { spectrum, detections: own } of bands) {
            const members = fused.flatMap((object) => object.members.filter((member) => member.spectrum === spectrum));
            assert.deepEqual(
              members.map(({ index }) => index).sort((a, b) => a - b),
              own.map((_, index) => index),
            );
            for (const { index, box: place, score } of members)
              assert.deepEqual({ box: place, score }, { box: own[index].box, score: own[index].score });
          }
          for (const { supporting, silent, agreement, members } of fused) {
            assert.equal(new Set([...supporting, ...silent]).size, supporting.length + silent.length);
            assert.deepEqual(new Set(supporting), new Set(members.map(({ spectrum }) => spectrum)));
            assert.ok(agreement === undefined ? silent.length === 0 : agreement > 0 && agreement <= 1);
            if (silent.length > 0) assert.ok((agreement ?? 1) < 1);
          }
        }),
      );
    });
  });
});
