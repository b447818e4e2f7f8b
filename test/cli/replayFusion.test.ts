import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadBaseline } from '../../src/drift/baseline.js';
import { loadConfig } from '../../src/perception/config.js';
import type { FusedLine } from '../../src/replay/fusedLines.js';
import type { ReplaySummary } from '../../src/replay/replaySummary.js';
import { SPECTRA } from '../../src/spectrum.js';
import { runPython } from '../bag/python.js';
import { START_NS, TINY_CONFIG, writeSmallDrive } from '../replay/smallDrive.js';
import { runMsal } from './runMsal.js';

interface Fused {
  readonly supported: readonly {
    readonly stamp: readonly [number, number];
    readonly frameId: string;
    readonly reference: string;
    readonly spectra: readonly string[];
    readonly detections: readonly {
      readonly className: string;
      readonly score: number;
      readonly supporting: readonly string[];
      readonly silent: readonly string[];
      readonly shapley: readonly number[];
      readonly leaveOneOut: readonly number[];
      readonly members: readonly (readonly [spectrum: string, index: number, score: number])[];
    }[];
  }[];
  readonly detections: readonly (readonly string[])[];
  readonly annotations: readonly number[];
}

/** FIR is the reference view; MIR has no map and takes no part. */
const FUSION = `
fusion:
  reference: fir
  homographies:
    rgb: [1, 0, 0, 0, 1, 0, 0, 0, 1]
    nir: [1, 0, 0.5, 0, 1, -0.5, 0, 0, 1]
`;

describe('msal replay, fusing', function () {
  this.timeout(120_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'msal-fusion-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('writes fused detections with who supports them, and sums them up', async () => {
    const [bag, output, config] = ['drive.mcap', 'out', 'tiny.yaml'].map((name) => path.join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(config, TINY_CONFIG + FUSION);
    await writeSmallDrive(bag, 5, { missing: { spectrum: 'fir', frames: [3] } });
    const baselineFile = path.join(folder, 'baseline.json');
    const run = await runMsal(['replay', bag, '-o', output, '-c', config, '--baseline', baselineFile, '--jsonl']);
    assert.equal(run.code, 0, run.stderr);
    const summary = JSON.parse(await readFile(path.join(output, 'summary.json'), 'utf8')) as ReplaySummary;
    const { fusion, detections } = summary;
    assert.ok(fusion);
    assert.match(run.stdout, /fused {2}\d+ detections/);
    const report = await readFile(path.join(output, 'report.html'), 'utf8');
    assert.match(report, /Fused detections, in the view of the fir camera/);
    assert.match(run.stdout, /Fused detections that a band carried, by its Shapley value: rgb \d+/);

    const readers = (await runPython('../replay/read_fused.py', path.join(output, 'annotated.mcap'))) as Record<
      'mcap_ros2' | 'rosbags',
      Fused
    >;
    const { supported, annotations, detections: plain } = readers.mcap_ros2;
    assert.deepEqual(readers.rosbags.supported, supported);
    assert.equal(supported.length, 5);
    const fused = supported.flatMap((message) => message.detections);
    assert.ok(fused.length > 0);
    assert.deepEqual(
      supported.map((message) => message.detections.map(({ className }) => className)),
      plain,
    );
    assert.deepEqual(
      annotations,
      supported.map((message) => message.detections.length),
    );

    // Nothing is lost: every box of a band that takes part is a member once.
    for (const spectrum of ['rgb', 'nir', 'fir'] as const) {
      const members = fused.flatMap((object) => object.members).filter(([band]) => band === spectrum);
      const own = Object.values(detections[spectrum] ?? {}).reduce((sum, count) => sum + count, 0);
      assert.equal(members.length, own, spectrum);
    }
    assert.ok(fused.every(({ supporting, silent }) => ![...supporting, ...silent].includes('mir')));
    for (const { score, supporting, members } of fused) {
      assert.deepEqual(
        supporting,
        SPECTRA.filter((spectrum) => members.some(([band]) => band === spectrum)),
      );
      assert.ok(score > 0 && score <= Math.max(...members.map(([, , own]) => own)) + 1e-6);
    }
    const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + count, 0);
    // Which band carried each: in the message, in the lines and, summed up, in the summary.
    for (const { spectra, detections: some } of supported)
      for (const { score, shapley, leaveOneOut } of some) {
        assert.deepEqual([shapley.length, leaveOneOut.length], [spectra.length, spectra.length]);
        assert.ok(Math.abs(sum(shapley) - score) < 1e-5);
      }
    const lines = (await readFile(path.join(output, 'fused.jsonl'), 'utf8')).trimEnd().split('\n');
    const contributions = lines.map((line) => (JSON.parse(line) as FusedLine).contributions);
    assert.deepEqual(
      contributions.map((own) => Object.values(own).map(({ shapley }) => Math.fround(shapley))),
      fused.map(({ shapley }) => shapley),
    );
    const ofRgb = contributions.map((own) => own['rgb']?.shapley ?? NaN);
    assert.ok(Math.abs((fusion.contributions.rgb?.shapley ?? NaN) - sum(ofRgb) / ofRgb.length) < 1e-9);
    assert.equal(sum(Object.values(fusion.contributions).map(({ carried }) => carried)), fused.length);
    assert.equal(summary.outputs['fused'], path.join(output, 'fused.jsonl'));

    assert.equal(sum(Object.values(fusion.detections)), fused.length);
    assert.equal(sum(fusion.supportedBy), fused.length);
    assert.equal(sum(Object.values(fusion.silent)), sum(fused.map(({ silent }) => silent.length)));
    assert.equal(fusion.unregistered, 0);

    const baseline = await loadBaseline(baselineFile);
    assert.equal(summary.outputs['baseline'], baselineFile);
    assert.deepEqual([baseline.source, baseline.frameSets], [bag, 5]);
    assert.equal(baseline.settings.fusionIouThreshold, 0.55);
    for (const spectrum of SPECTRA) {
      const band = baseline.bands[spectrum];
      assert.equal(band?.model.sha256, summary.models[spectrum]?.sha256);
      const seen = Object.entries(detections[spectrum] ?? {});
      assert.equal(sum(band?.figures.score ?? []), sum(seen.map(([, count]) => count)));
      assert.equal(sum(band?.figures.count ?? []), summary.frames[spectrum]?.perceived);
      for (const [className, count] of seen)
        assert.equal(band?.classCounts[band.classes.indexOf(className)], count, `${spectrum} ${className}`);
    }

    // The header is that of the reference band's image; without one, the set's stamp and the last frame id.
    assert.ok(supported.every(({ reference, frameId }) => reference === 'fir' && frameId === 'fir_optical_frame'));
    const nanoseconds = supported.map(({ stamp: [sec, nanosec] }) => BigInt(sec) * 1_000_000_000n + BigInt(nanosec));
    assert.deepEqual(
      nanoseconds.map((stamp) => (stamp - START_NS) / 1_000_000n),
      [3n, 103n, 203n, 300n, 403n],
    );
    assert.deepEqual(supported[3]?.spectra, ['rgb', 'nir']);
  });

  it('says at once where a baseline cannot be written', async () => {
    const output = path.join(folder, 'none');
    const file = path.join(folder, 'absent', 'baseline.json');
    const bag = path.join(folder, 'drive.mcap');
    const run = await runMsal(['replay', bag, '-o', output, '-c', path.join(folder, 'tiny.yaml'), '--baseline', file]);
    assert.equal(run.code, 4, run.stderr);
    assert.match(run.stderr, /absent/);
  });

  it('can do so for generated drives with the configuration that `msal scenes` writes', async () => {
    const rig = path.join(folder, 'rig.yaml');
    const written = await runMsal(['scenes', rig, '--layout', 'rig']);
    assert.equal(written.code, 0, written.stderr);
    const { cameras, fusion } = await loadConfig(rig);
    assert.deepEqual(Object.keys(cameras), [...SPECTRA]);
    assert.equal(fusion?.reference, 'rgb');
    assert.deepEqual(Object.keys(fusion?.homographies ?? {}), ['nir', 'mir', 'fir']);
    const again = await runMsal(['scenes', rig, '--layout', 'rig']);
    assert.equal(again.code, 4);
    assert.match(again.stderr, /rig\.yaml/);
    assert.equal((await runMsal(['scenes', rig, '--layout', 'rig', '--overwrite'])).code, 0);
  });
});
