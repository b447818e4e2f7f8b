import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type BandContribution, bandContributions } from '../../src/fusion/bandContributions.js';
import { fusionSchema } from '../../src/fusion/fusionSchema.js';
import { type BandDetections, type FusedSet, SpectralFusion } from '../../src/fusion/spectralFusion.js';
import { type Spectrum, SPECTRA } from '../../src/spectrum.js';

type Detection = BandDetections['detections'][number];

const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const fusion = new SpectralFusion(
  fusionSchema.parse({ homographies: { nir: IDENTITY, mir: IDENTITY, fir: IDENTITY } }),
);
const band = (spectrum: Spectrum, ...detections: Detection[]): BandDetections => {
  return { spectrum, width: 640, height: 480, classes: ['Person', 'car'], detections };
};
const seen = (score: number, x = 100, className = 'Person'): Detection => {
  return { className, score, box: { x1: x, y1: 100, x2: x + 40, y2: 180 } };
};

function contributions(...bands: BandDetections[]): { fused: FusedSet; values: BandContribution[][] } {
  const fused = fusion.fuse(bands);
  return { fused, values: bandContributions(fusion, bands, fused) };
}

function assertValues(actual: readonly BandContribution[], expected: readonly (readonly [string, number, number])[]) {
  assert.deepEqual(
    actual.map(({ spectrum }) => spectrum),
    expected.map(([spectrum]) => spectrum),
  );
  actual.forEach(({ shapley, leaveOneOut }, i) => {
    const [spectrum, phi, loss] = expected[i];
    assert.ok(Math.abs(shapley - phi) < 1e-9, `${spectrum}: Shapley value ${shapley}, not ${phi}`);
    assert.ok(Math.abs(leaveOneOut - loss) < 1e-9, `${spectrum}: ${leaveOneOut} less without it, not ${loss}`);
  });
}

describe('bandContributions', () => {
  it('takes from a silent band what its silence costs (worked by hand)', () => {
    // v(rgb) = 0.8, v(fir) = 0, v(both) = 0.8 / 2.
    const { values } = contributions(band('rgb', seen(0.8)), band('fir'));
    assertValues(values[0], [
      ['rgb', (0.8 + 0.4) / 2, 0.4],
      ['fir', (0 + (0.4 - 0.8)) / 2, -0.4],
    ]);
  });

  it('finds nobody indispensable where both see the same (worked by hand)', () => {
    // v = 0.8, 0.6 and (0.8 + 0.6) / 2 for both.
    const { values } = contributions(band('rgb', seen(0.8)), band('nir', seen(0.6)));
    assertValues(values[0], [
      ['rgb', (0.8 + (0.7 - 0.6)) / 2, 0.1],
      ['nir', (0.6 + (0.7 - 0.8)) / 2, -0.1],
    ]);
  });

  it('works out three bands (worked by hand)', () => {
    // v(S) = Σ_{i∈S} C_i / |S| with C = 0.9, 0.6, 0: v(rn) = 0.75, v(rf) = 0.45, v(nf) = 0.3, v(rnf) = 0.5.
    const { values } = contributions(band('fir'), band('rgb', seen(0.9)), band('nir', seen(0.6)));
    const phi = (alone: number, ...pairs: [number, number]): number => alone / 3 + pairs[0] / 6 + pairs[1] / 6;
    assertValues(values[0], [
      ['rgb', phi(0.9, 0.75 - 0.6, 0.45 - 0) + (0.5 - 0.3) / 3, 0.2],
      ['nir', phi(0.6, 0.75 - 0.9, 0.3 - 0) + (0.5 - 0.45) / 3, 0.05],
      ['fir', phi(0, 0.45 - 0.9, 0.3 - 0.6) + (0.5 - 0.75) / 3, -0.25],
    ]);
  });

  it('does not take another class or a box elsewhere for the same detection', () => {
    const { fused, values } = contributions(band('rgb', seen(0.8)), band('fir', seen(0.9, 100, 'car'), seen(0.5, 300)));
    const index = fused.detections.findIndex(({ supporting }) => supporting[0] === 'rgb');
    assertValues(values[index], [
      ['rgb', 0.6, 0.4],
      ['fir', -0.2, -0.4],
    ]);
  });

  it('finds the box again where other bands have moved it, down to half an overlap (worked by hand)', () => {
    const wide = (score: number, x: number): Detection => {
      return { className: 'car', score, box: { x1: x, y1: 0, x2: x + 60, y2: 60 } };
    };
    // 15 of 60 apart: IoU 45 / 75, fused half way, which each box alone overlaps by 52.5 / 67.5.
    const together = contributions(band('rgb', wide(0.6, 0)), band('nir', wide(0.6, 15)));
    assert.equal(together.fused.detections.length, 1);
    assertValues(together.values[0], [
      ['rgb', 0.3, 0],
      ['nir', 0.3, 0],
    ]);
    // 30 of 60 apart: IoU 30 / 90, two detections, and neither is the other one.
    const apart = contributions(band('rgb', wide(0.8, 0)), band('nir', wide(0.6, 30)));
    assert.equal(apart.fused.detections.length, 2);
    assertValues(apart.values[0], [
      ['rgb', 0.6, 0.4],
      ['nir', -0.2, -0.4],
    ]);
  });

  it('leaves out bands that take no part, and answers for one alone', () => {
    const onlyFir = new SpectralFusion(fusionSchema.parse({ homographies: { fir: IDENTITY } }));
    const bands = [band('rgb', seen(0.7)), band('mir', seen(0.7))];
    const values = bandContributions(onlyFir, bands, onlyFir.fuse(bands));
    assertValues(values[0], [['rgb', 0.7, 0.7]]);
    assert.deepEqual(contributions(band('rgb')).values, []);
  });

  it('uses the threshold that the set was fused with', () => {
    const bands = [band('rgb', seen(0.8)), band('nir', seen(0.6, 104))];
    const fused = fusion.fuse(bands, 0.9);
    assert.equal(fused.detections.length, 2);
    const [first] = bandContributions(fusion, bands, fused, 0.9);
    // Alone, the other band's box is the same detection; beside it, it is not.
    assertValues(first, [
      ['rgb', (0.8 + (0.4 - 0.6)) / 2, 0.4 - 0.6],
      ['nir', (0.6 + (0.4 - 0.8)) / 2, 0.4 - 0.8],
    ]);
  });

  describe('of any bands', () => {
    const detection = fc
      .record({
        className: fc.constantFrom('Person', 'car'),
        score: fc.double({ min: 0, max: 1, noNaN: true }),
        x: fc.nat(60),
        y: fc.nat(60),
        side: fc.integer({ min: 10, max: 50 }),
      })
      .map(({ className, score, x, y, side }) => ({
        className,
        score,
        box: { x1: x, y1: y, x2: x + side, y2: y + side },
      }));
    const four = fc
      .tuple(...SPECTRA.map(() => fc.array(detection, { maxLength: 5 })))
      .map((all) => all.map((own, i) => band(SPECTRA[i], ...own)));

    it('adds up to the fused score (efficiency), within [−1, 1]', () => {
      fc.assert(
        fc.property(four, (bands) => {
          const { fused, values } = contributions(...bands);
          assert.equal(values.length, fused.detections.length);
          values.forEach((own, d) => {
            const sum = own.reduce((total, { shapley }) => total + shapley, 0);
            assert.ok(Math.abs(sum - fused.detections[d].score) < 1e-9);
            for (const { shapley, leaveOneOut } of own)
              assert.ok(Math.abs(shapley) <= 1 + 1e-9 && Math.abs(leaveOneOut) <= 1 + 1e-9);
          });
        }),
      );
    });

    it('does not depend on the order of the bands', () => {
      fc.assert(
        fc.property(four, fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), (bands, order) => {
          const shuffled = order.map((i) => bands[i]);
          assert.deepEqual(contributions(...shuffled), contributions(...bands));
        }),
      );
    });

    it('gives bands that see the same the same (symmetry)', () => {
      fc.assert(
        fc.property(four, ([rgb, , , fir]) => {
          const scores = [...rgb.detections, ...fir.detections].map(({ score }) => score);
          // Of equal scores the band's name decides who comes first, and the clusters may differ.
          fc.pre(new Set(scores).size === scores.length);
          const { values } = contributions(rgb, band('nir', ...rgb.detections), fir);
          for (const [a, b] of values) {
            assert.ok(Math.abs(a.shapley - b.shapley) < 1e-9);
            assert.ok(Math.abs(a.leaveOneOut - b.leaveOneOut) < 1e-9);
          }
        }),
      );
    });

    it('is 0 throughout for detections without any score', () => {
      fc.assert(
        fc.property(four, (bands) => {
          const nothing = bands.map((own) => ({
            ...own,
            detections: own.detections.map((one) => ({ ...one, score: 0 })),
          }));
          for (const own of contributions(...nothing).values)
            assert.ok(own.every(({ shapley, leaveOneOut }) => shapley === 0 && leaveOneOut === 0));
        }),
      );
    });
  });
});
