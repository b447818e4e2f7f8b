import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bandMismatch, loadBaseline, saveBaseline, settingsMismatch } from '../../src/drift/baseline.js';
import { ExpectedError } from '../../src/errors.js';
import { observations, recorded, SETTINGS, SHA } from './observations.js';

describe('drift baselines', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'msal-baseline-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('count what was seen (worked by hand)', () => {
    const attention = { energyInBox: 0.25, energyGain: 4, peakInBox: true };
    const detections = [
      { className: 'car', score: 0.51, attention },
      { className: 'car', score: 0.99, attention: { ...attention, energyInBox: 0.5 } },
      { className: 'tram', score: 0.4 },
    ];
    const { bands, agreement, frameSets } = recorded([
      { bands: [{ spectrum: 'fir', classes: [], detections }], agreements: [1, 0.5] },
      { bands: [{ spectrum: 'rgb', classes: [], detections }], agreements: [] },
    ]);
    assert.equal(frameSets, 2);
    assert.deepEqual(Object.keys(bands), ['fir'], 'there is no model for the other');
    const fir = bands.fir;
    assert.ok(fir);
    const filled = (counts: readonly number[]) => counts.flatMap((count, bin) => (count > 0 ? [[bin, count]] : []));
    assert.deepEqual(fir.classCounts, [0, 2, 0]);
    assert.deepEqual(filled(fir.figures.score), [
      [20, 1],
      [25, 1],
      [49, 1],
    ]);
    assert.deepEqual(filled(fir.figures.count), [[3, 1]]);
    // 0.25 and 0.5 lie ten and eleven octaves above 2^-12, in quarters.
    assert.deepEqual(filled(fir.figures.energyInBox), [
      [40, 1],
      [44, 1],
    ]);
    // 4 lies six octaves above 2^-4, in eighths; 0.25 lies fourteen above 2^-16.
    assert.deepEqual(filled(fir.figures.energyGain), [[48, 2]]);
    assert.deepEqual(filled(fir.figures.lowestEnergyInBox), [[112, 1]]);
    assert.deepEqual(filled(agreement), [
      [6, 1],
      [11, 1],
    ]);
  });

  it('are read as they were written', async () => {
    const file = path.join(folder, 'baseline.json');
    const baseline = recorded(observations(1, 50));
    await saveBaseline(file, baseline);
    assert.deepEqual(await loadBaseline(file), baseline);
  });

  it('are refused with the reason', async () => {
    const baseline = recorded(observations(1, 5));
    const fir = baseline.bands.fir;
    assert.ok(fir);
    const cases: [content: string, message: RegExp][] = [
      ['{', /cannot be read: .*JSON/],
      ['[]', /cannot be used: \(whole file\)/],
      [JSON.stringify({ ...baseline, schemaVersion: 2 }), /cannot be used: schemaVersion/],
      [JSON.stringify({ ...baseline, agreement: [1] }), /cannot be used: agreement: must have 12 counts/],
      [
        JSON.stringify({ ...baseline, bands: { fir: { ...fir, classCounts: [1] } } }),
        /bands\.fir\.classCounts: must have/,
      ],
      [JSON.stringify({ ...baseline, bands: { fir: { ...fir, classCounts: [1, -1, 0] } } }), /classCounts\.1/],
      [' '.repeat((1 << 20) + 1), /larger than 1048576 bytes/],
    ];
    for (const [content, message] of cases) {
      const file = path.join(folder, 'bad.json');
      writeFileSync(file, content);
      await assert.rejects(loadBaseline(file), (error) => {
        assert.ok(error instanceof ExpectedError);
        assert.equal(error.kind, 'usage');
        assert.match(error.message, message);
        return error.message.includes(file);
      });
    }
    await assert.rejects(loadBaseline(path.join(folder, 'absent.json')), /absent\.json cannot be read/);
  });

  it('are not held against what was made otherwise', () => {
    const baseline = recorded(observations(1, 5));
    assert.equal(settingsMismatch(baseline, SETTINGS), undefined);
    assert.match(
      settingsMismatch(baseline, { ...SETTINGS, scoreThreshold: 0.5 }) ?? '',
      /score threshold is 0.5.*with 0.3/,
    );
    assert.match(settingsMismatch(baseline, { ...SETTINGS, gradCam: 'off' }) ?? '', /Grad-CAM is off/);
    assert.match(settingsMismatch(baseline, { ...SETTINGS, fusionIouThreshold: 0.4 }) ?? '', /fusion is 0.4/);
    const { scoreThreshold, iouThreshold, maxDetections, gradCam } = SETTINGS;
    const unfused = { scoreThreshold, iouThreshold, maxDetections, gradCam };
    assert.equal(settingsMismatch(baseline, unfused), undefined);
    assert.equal(settingsMismatch(recorded([], unfused), SETTINGS), undefined);
    assert.equal(bandMismatch(baseline, 'fir', SHA), undefined);
    assert.match(
      bandMismatch(baseline, 'fir', 'cd'.repeat(32)) ?? '',
      /fir has another model than the baseline \(fir-model\)/,
    );
    assert.match(bandMismatch(baseline, 'rgb', SHA) ?? '', /rgb is not in the baseline/);
  });
});
