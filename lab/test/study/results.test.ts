import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { LabelledImage } from '../../scenes/labelled.js';
import { parseManifest, type ModelManifest } from '../../../src/detector/manifest.js';
import { curvesCsv, valuesCsv } from '../../study/csv.js';
import { studyMethods } from '../../study/methods.js';
import type { StudyPlan } from '../../study/plan.js';
import { curveFigures, overviewFigure } from '../../study/publish/charts.js';
import { PUBLISHED_TABLE } from '../../study/publish/publishedTable.js';
import { tableHtml, tableLatex, tableMarkdown } from '../../study/publish/table.js';
import { tableTwo } from '../../study/publish/tables.js';
import type { MeasuredRecord, MethodFigures, StudyRecord } from '../../study/record.js';
import { studyResults } from '../../study/results.js';
import { DEFAULT_CURVES } from '../../study/settings.js';
import { choosePictures } from '../../study/studyData.js';
import { TINY } from './smallData.js';

const manifest = (name: string, spectra: ModelManifest['spectra']): ModelManifest => {
  return { ...parseManifest(JSON.parse(readFileSync(TINY, 'utf8')), TINY), name, spectra };
};
const plan: StudyPlan = {
  settings: {
    seed: 4,
    images: 8,
    methods: studyMethods(['grad-cam', 'rise'], 500),
    curves: { ...DEFAULT_CURVES, steps: 2 },
    randomised: false,
    pictures: 0,
  },
  networks: [
    { manifestPath: 'a.json', manifest: manifest('mir-only', ['mir']) },
    { manifestPath: 'b.json', manifest: manifest('both', ['rgb', 'mir']) },
  ],
  pictures: [],
  identity: 'x',
};

function figures(deletion: number, insertion: number): MethodFigures {
  const common = { energyInBox: 0.5, energyGain: 2, pointingBox: 1, gini: 0.5, passes: 10, lost: 3 };
  const deletionCurve = [0.8, deletion, 0];
  return { deletion, insertion, deletionCurve, insertionCurve: [0, insertion, 0.8], ...common };
}
function record(network: string, spectrum: 'rgb' | 'mir', n: number, gradCam: number, rise: number): MeasuredRecord {
  return {
    outcome: 'measured',
    network,
    spectrum,
    image: `p${n}`,
    group: `drive ${n}`,
    target: { className: 'a, "b"', score: 0.8, box: { x1: 0, y1: 0, x2: 9, y2: 9 }, correct: n % 2 === 0 },
    methods: { 'grad-cam': figures(gradCam, 0.5), rise: figures(rise, 0.6) },
    agreement: [{ a: 'grad-cam', b: 'rise', pearson: 0.25, topOverlap: 0.1 }],
    cost: { busyMs: 1, passes: 1, bareMs: 1 },
  };
}
const mir = Array.from({ length: 8 }, (_, n) => record('mir-only', 'mir', n, 0.4 + 0.01 * n, 0.2));
const both = Array.from({ length: 8 }, (_, n) => [
  record('both', 'rgb', n, 0.1, 0.1),
  record('both', 'mir', n, 0.3, 0.2),
]).flat();
const empty: StudyRecord = { outcome: 'no target', network: 'both', spectrum: 'rgb', image: 'p9', group: 'g' };
const records: StudyRecord[] = [...mir, ...both, empty];

describe('studyResults', () => {
  const results = studyResults(plan, records);

  it('has the means of every network and method, whole and by spectrum', () => {
    const row = (network: string, method: string) => {
      const found = results.rows.find((other) => other.network === network && other.method === method);
      assert.ok(found);
      return found;
    };
    const close = (actual: number | undefined, expected: number): void =>
      assert.ok(actual !== undefined && Math.abs(actual - expected) < 1e-12, `${actual}, expected ${expected}`);
    close(row('mir-only', 'grad-cam').figures['deletion']?.mean, 0.435);
    close(row('mir-only', 'grad-cam').figures['deletionRelative']?.mean, 0.435 / 0.8);
    close(row('both', 'grad-cam').figures['deletion']?.mean, 0.2);
    close(row('both', 'grad-cam').bySpectrum['rgb']?.['deletion']?.mean, 0.1);
    close(row('both', 'grad-cam').bySpectrum['mir']?.['deletion']?.mean, 0.3);
    assert.deepEqual(row('mir-only', 'rise').bySpectrum, {});
    assert.equal(row('mir-only', 'rise').figures['averagePrecision'], undefined);
    const [curve] = row('both', 'rise').curves;
    assert.equal(curve.kind, 'deletion');
    [0.8, 0.15, 0].forEach((expected, step) => close(curve.mean[step], expected));
  });

  it('counts pictures without a target apart', () => {
    const { pictures, withoutTarget, correctTargets, withMask, groups } = results.networks[1];
    assert.deepEqual([pictures, withoutTarget, correctTargets, withMask, groups], [17, 1, 8, 0, 8]);
  });

  it('tests methods on the same pictures, and joint against single networks', () => {
    const deletion = results.comparisons.find(({ network, figure }) => network === 'mir-only' && figure === 'deletion');
    assert.ok(deletion);
    assert.ok(Math.abs(deletion.mean - 0.235) < 1e-12);
    // Eight drives of one sign: 2 of 256 signs; two networks were asked, so Holm doubles the smaller.
    assert.equal(deletion.p, 2 / 256);
    assert.equal(deletion.pCorrected, 4 / 256);
    const joint = results.networkComparisons.find(
      ({ method, figure }) => method === 'grad-cam' && figure === 'deletionRelative',
    );
    assert.ok(joint);
    assert.deepEqual([joint.a, joint.b, joint.spectrum, joint.pairs], ['both', 'mir-only', 'mir', 8]);
    assert.ok(Math.abs(joint.mean - (0.3 - 0.435) / 0.8) < 1e-12);
  });

  it('are the same each time', () => {
    assert.deepEqual(studyResults(plan, records), results);
  });

  it('become Table 2 with the study’s numbers beside, in three languages', () => {
    const table = tableTwo(results);
    const row = table.rows.find(([method, spectrum]) => method === 'Grad-CAM' && spectrum === 'MIR');
    assert.deepEqual(row?.slice(2, 4), ['0.47 ± 0.26', '0.44 ± 0.02']);
    const joint = table.rows.find(([method, spectrum]) => method === 'RISE' && spectrum === 'RGB+MIR');
    assert.equal(joint?.[5], '0.64 ± 0.22');
    assert.match(tableMarkdown(table), /\| RISE \| RGB\+MIR \| 0\.25 ± 0\.12 \|/);
    assert.match(tableLatex(table), /RISE & RGB\+MIR & 0\.25 \$\\pm\$ 0\.12 &/);
    assert.match(tableHtml(table), /<th scope="row">RISE<\/th><th scope="row">RGB\+MIR<\/th><td>0\.25 ± 0\.12<\/td>/);
    const hostile = { ...table, caption: '<script>&"', rows: [['a|b', 'x_y%', ...Array<string>(7).fill('')]] };
    assert.match(tableHtml(hostile), /&lt;script&gt;&amp;&quot;/);
    assert.match(tableMarkdown(hostile), /a\\\|b/);
    assert.match(tableLatex(hostile), /x\\_y\\%/);
  });

  it('become charts without a browser: an SVG document each, a line for each method and curve', () => {
    const figures = curveFigures(results);
    assert.deepEqual(
      figures.map(({ name }) => name),
      ['curves-mir-only', 'curves-both'],
    );
    const svgs = [...figures, overviewFigure(results)].map(({ svg }) => svg);
    for (const svg of svgs) {
      assert.ok(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"'));
      assert.ok(svg.includes('Grad-CAM') && svg.includes('RISE'));
      assert.ok(!/NaN|undefined/.test(svg), svg.match(/.{40}(NaN|undefined).{40}/)?.[0]);
    }
    assert.equal([...svgs[0].matchAll(/<path[^>]* d="M[^"]*L[^"]*"/g)].length >= 4, true);
  });

  it('become CSV files that quote what has to be quoted', () => {
    const lines = valuesCsv(records).trimEnd().split('\r\n');
    assert.equal(lines.length, 1 + 2 * 24 + 1);
    assert.ok(lines[1].includes('"a, ""b"""'));
    const commas = (line: string): number => line.replace(/"([^"]|"")*"/g, '').split(',').length;
    assert.deepEqual([...new Set(lines.map(commas))], [commas(lines[0])]);
    assert.equal(curvesCsv(records, 2).trimEnd().split('\r\n').length, 1 + 4 * 24);
  });
});

describe('the published table', () => {
  it('has three methods for each of five networks, SIDU best on deletion everywhere', () => {
    assert.equal(PUBLISHED_TABLE.length, 15);
    const spectra = [...new Set(PUBLISHED_TABLE.map((row) => row.spectra))];
    assert.deepEqual(spectra, ['rgb', 'nir', 'mir', 'fir', 'rgb+mir']);
    for (const own of spectra.map((name) => PUBLISHED_TABLE.filter((row) => row.spectra === name))) {
      const order = own.toSorted((a, b) => a.deletion.mean - b.deletion.mean).map(({ method }) => method);
      assert.deepEqual(order, ['sidu', 'rise', 'grad-cam']);
    }
  });
});

describe('choosePictures', () => {
  const image = (id: string): LabelledImage => ({ id, file: `/${id}.png`, width: 1, height: 1, objects: [] });
  const images = Array.from({ length: 50 }, (_, i) => image(`p${i}`));
  const ids = (chosen: readonly LabelledImage[]): string[] => chosen.map(({ id }) => id);

  it('does not depend on the order, keeps the smaller choice in the larger, and follows the seed', () => {
    const ten = ids(choosePictures(images, 10, 1));
    assert.equal(new Set(ten).size, 10);
    assert.deepEqual(ids(choosePictures(images.toReversed(), 10, 1)), ten);
    assert.deepEqual(ids(choosePictures(images, 20, 1)).slice(0, 10), ten);
    assert.notDeepEqual(ids(choosePictures(images, 10, 2)), ten);
    assert.equal(choosePictures([image('a'), image('a')], 10, 1).length, 1);
  });
});
