import assert from 'node:assert/strict';
import { DriftWatch } from '../../src/ros/driftWatch.js';
import { runtimeSchema } from '../../src/ros/parameterSchema.js';
import { disagreement } from '../../src/ros/setAnalysis.js';
import type { FusedDetection } from '../../src/fusion/spectralFusion.js';
import type { Spectrum } from '../../src/spectrum.js';
import { CLASSES, type Drift, observations, recorded, SETTINGS, SHA } from '../drift/observations.js';

const limits = runtimeSchema.parse({});
const baseline = recorded(observations(1, 2000));
const model = { name: 'fir-model', sha256: SHA, provider: 'cpu', classes: CLASSES } as const;

function watch(models: [Spectrum, string][] = [['fir', SHA]]): DriftWatch {
  const drift = new DriftWatch(baseline, 'usual.json', 300);
  drift.modelsLoaded(new Map(models.map(([spectrum, sha256]) => [spectrum, { ...model, sha256 }])));
  return drift;
}

const SECOND = 1_000_000_000n;
/** Later than any time that these tests watch: nothing has left the window by then. */
const LATER = 200n * SECOND;

function drive(drift: DriftWatch, seed: number, change: Drift = {}, settings = SETTINGS): void {
  for (const set of observations(seed, 400, change)) drift.observe(set, settings, 0, 0n);
}

describe('drift in /diagnostics', () => {
  it('is left out without a baseline', () => {
    const drift = new DriftWatch(undefined, '', 300);
    drift.modelsLoaded(new Map([['fir', model]]));
    drive(drift, 2);
    assert.equal(drift.status('node', limits, LATER), undefined);
  });

  it('says when all is as in the baseline, with the figures', () => {
    const drift = watch();
    assert.equal(drift.status('node', limits, LATER)?.message, 'too little seen for a verdict');
    drive(drift, 2);
    const status = drift.status('node', limits, LATER);
    assert.deepEqual([status?.level, status?.name, status?.message], [0, 'node: drift', 'as in the baseline']);
    assert.equal(status?.values.get('baseline'), 'usual.json');
    assert.match(status?.values.get('fir scores (stability index)') ?? '', /^0\.0\d\d of \d{4} values$/);
  });

  it('names what has drifted', () => {
    const drift = watch();
    drive(drift, 3, { score: 0.2, agreement: 0.5 });
    const status = drift.status('node', limits, LATER);
    assert.equal(status?.level, 1);
    assert.match(
      status?.message ?? '',
      /^drift of fir scores from the baseline: stability index \d\.\d\d; drift of agreement between bands from the baseline: stability index \d\.\d\d$/,
    );
  });

  it('compares nothing that was made otherwise, and starts anew when it is comparable again', () => {
    const drift = watch();
    drive(drift, 4, { score: 0.2 });
    drive(drift, 5, {}, { ...SETTINGS, scoreThreshold: 0.5 });
    const status = drift.status('node', limits, LATER);
    assert.deepEqual(
      [status?.level, status?.message],
      [1, 'not compared: the score threshold is 0.5, the baseline was recorded with 0.3'],
    );
    drive(drift, 6);
    assert.equal(drift.status('node', limits, LATER)?.message, 'as in the baseline');
  });

  it('names bands whose model is not that of the baseline', () => {
    const drift = watch([
      ['rgb', SHA],
      ['fir', 'cd'.repeat(32)],
    ]);
    drive(drift, 7, { score: 0.2 });
    assert.equal(
      drift.status('node', limits, LATER)?.message,
      'not compared: rgb is not in the baseline; not compared: fir has another model than the baseline (fir-model)',
    );
  });
});

describe('disagreement between bands', () => {
  const detection = (score: number, supporting: Spectrum[], silent: Spectrum[]): FusedDetection => {
    const box = { x1: 0, y1: 0, x2: 1, y2: 1 };
    const members = supporting.map((spectrum) => ({ spectrum, index: 0, score, box }));
    return { className: 'Person', score, box, members, supporting, silent, agreement: 0.5 };
  };
  const said = (...detections: FusedDetection[]): string | undefined =>
    disagreement({ reference: 'rgb', spectra: ['rgb', 'nir', 'fir'], unregistered: 0, detections }, 0.6);

  it('is about the most certain box of one band alone that others should see', () => {
    assert.equal(
      said(detection(0.7, ['rgb'], ['fir']), detection(0.83, ['fir'], ['rgb', 'nir']), detection(0.95, ['fir'], [])),
      'only fir sees a Person (0.83), rgb, nir should',
    );
  });

  it('is not about what several see, what nobody else should see, or what is not certain', () => {
    assert.equal(
      said(detection(0.9, ['rgb', 'nir'], ['fir']), detection(0.9, ['rgb'], []), detection(0.6, ['rgb'], ['fir'])),
      undefined,
    );
  });
});
