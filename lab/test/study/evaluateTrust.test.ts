import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isLocked } from './isLocked.js';
import { z } from 'zod';
import { TRUST_FIGURES } from '../../study/trust/figures.js';
import { runMsal, type MsalRun } from '../../../test/cli/runMsal.js';
import { TINY } from './smallData.js';
import { SMALL_MINIMUM, writeSmallDrives, type SmallDrives } from './smallDrives.js';

const DRIVES = 4;
const FRAMES = 2;

const estimate = z.object({ value: z.number(), interval: z.object({ low: z.number(), high: z.number() }).nullable() });
const gain = z.object({ auroc: estimate, brier: estimate, p: z.number(), pCorrected: z.number(), adds: z.boolean() });
const schema = z.object({
  drives: z.number(),
  rows: z.array(
    z.object({
      name: z.string(),
      detections: z.number(),
      trueDetections: z.number(),
      drives: z.number(),
      alone: z.object({ auroc: estimate }),
      gain,
      gainBeyondContext: gain,
    }),
  ),
  curves: z.array(z.object({ roc: z.array(z.object({ falseRate: z.number(), trueRate: z.number() })) })),
});

describe('msal evaluate trust', function () {
  this.timeout(600_000);
  let folder = '';
  let drives: SmallDrives;
  let whole: MsalRun;
  const at = (name: string): string => path.join(folder, name);
  const command = (output: string, ...more: string[]): string[] => [
    ...['evaluate', 'trust', drives.data, '--networks', drives.networks.join(','), '--config', drives.config],
    ...[
      '--minimum-score',
      String(SMALL_MINIMUM),
      '--live-masks',
      '5',
      '--masks',
      '3',
      '--survival-masks',
      '4',
      '--full-images',
      '4',
    ],
    ...['--workers', '1', '--output', at(output), ...more],
  ];
  const lines = (output: string): number => {
    const file = path.join(at(output), 'journal.jsonl');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
  };

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'msal-trust-'));
    drives = await writeSmallDrives(folder, DRIVES, FRAMES);
    whole = await runMsal(command('whole'));
  });
  after(() => rm(folder, { recursive: true }));

  it('asks every figure of every detection and says what it found', async () => {
    assert.equal(whole.code, 0, whole.stderr);
    assert.match(whole.stdout, /\d+ true and \d+ false detections .* of 4 drives/);
    assert.match(whole.stdout, /The score alone\*\* tells them apart with an AUROC of 0\.\d+ \(0\.\d+ to 0\.\d+\)/);
    const results = schema.parse(JSON.parse(await readFile(at('whole/results.json'), 'utf8')));
    assert.equal(results.drives, DRIVES);
    const rowOf = (name: string) => results.rows.find((row) => row.name === name);
    for (const { name } of TRUST_FIGURES) assert.ok(rowOf(name), name);
    const [attention, frames, full] = ['studyEnergyInBox', 'followed', 'fullFound'].map(rowOf);
    assert.ok(attention && frames && full);
    // The first frame of each drive has none before; masks on the picture were passed for half of the pictures.
    assert.ok(frames.detections < attention.detections && full.detections < attention.detections);
    for (const {
      name,
      alone,
      gain: { auroc },
    } of results.rows) {
      assert.ok(alone.auroc.value >= 0 && alone.auroc.value <= 1, name);
      assert.ok(auroc.interval && auroc.interval.low <= auroc.interval.high, name);
    }
    assert.deepEqual(
      results.curves.map(({ roc }) => [roc[0], roc.at(-1)]),
      Array(4).fill([
        { falseRate: 0, trueRate: 0 },
        { falseRate: 1, trueRate: 1 },
      ]),
    );
  });

  it('writes every detection with its verdict: true where it is labelled', async () => {
    const [head = '', ...values] = (await readFile(at('whole/values.csv'), 'utf8')).trimEnd().split('\r\n');
    const names = head.split(',');
    const rows = values.map((line) => {
      const cells = line.split(',');
      return (name: string): string => cells[names.indexOf(name)];
    });
    for (const row of rows) {
      const index = Number(row('index'));
      // writeSmallDrives labelled every second detection, each tenth as one that is not asked for.
      assert.equal(row('verdict'), index % 2 ? 'false' : index % 10 ? 'true' : 'ignored');
      assert.ok(Number(row('score')) >= SMALL_MINIMUM);
      assert.equal(row('followed') === '', row('image').endsWith('-0'));
      assert.ok(Number(row('liveFound')) >= 0 && Number(row('liveFound')) <= 1);
    }
    // Masks on the picture were passed for whole pictures: half of each camera's, of which one or another has no detection.
    const pictureOf = (row: (name: string) => string): string => `${row('spectrum')} ${row('image')}`;
    const full = new Set(rows.filter((row) => row('fullFound') !== '').map(pictureOf));
    for (const row of rows) assert.equal(row('fullFound') !== '', full.has(pictureOf(row)));
    assert.ok(full.size >= 5 && full.size <= 8, String(full.size));
    // The cameras see nearly the same: many boxes are supported by the other one.
    const supported = rows.filter((row) => row('bandSupport') === '1').length;
    assert.ok(supported > rows.length / 10 && supported < rows.length, `${supported} of ${rows.length}`);
  });

  it('writes a page whose tables and charts are there', async () => {
    const page = await readFile(at('whole/README.md'), 'utf8');
    const linked = [...page.matchAll(/\]\((figures\/[^)]+)\)/g)].map(([, file = '']) => file);
    assert.deepEqual(linked, ['figures/gains.svg', 'figures/roc.svg', 'figures/reliability.svg']);
    for (const file of linked) {
      const svg = await readFile(at(`whole/${file}`), 'utf8');
      assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      assert.ok(svg.includes('<path') || svg.includes('<circle'), file);
      assert.ok(!svg.includes('NaN'), file);
    }
    for (const name of await readdir(at('whole/tables')))
      assert.ok(page.includes(await readFile(at(`whole/tables/${name}`), 'utf8')), name);
    for (const words of ['Live RISE: found again', 'SHA-256', 'Versions', '--survival-masks 4'])
      assert.ok(page.includes(words), words);
    assert.ok(!page.includes(folder) && !page.includes('NaN'));
  });

  it('has the same numbers after kills at any time, and with another number of workers', async () => {
    let kills = 0;
    for (let wanted = 1; wanted <= drives.pictures; wanted += 4) {
      const run = await runMsal(command('killed'), {
        whileRunning: (child) => {
          const watch = setInterval(() => {
            // A header and so many records are on disk; the next picture is being measured.
            if (lines('killed') >= 1 + wanted && child.exitCode === null) child.kill('SIGKILL');
          }, 5);
          child.on('close', () => clearInterval(watch));
        },
      });
      if (run.code === 0) break;
      kills++;
      // A write that the kill cut off.
      const journal = at('killed/journal.jsonl');
      await truncate(journal, readFileSync(journal).length - 3 * (kills % 2));
    }
    assert.ok(kills >= 2, `only ${kills} kills`);
    const last = await runMsal(command('killed', '--workers', '2'));
    assert.equal(last.code, 0, last.stderr);
    const tables = (await readdir(at('whole/tables'))).map((name) => `tables/${name}`);
    for (const name of ['results.json', 'values.csv', 'figures/gains.svg', ...tables])
      assert.equal(await readFile(at(`killed/${name}`), 'utf8'), await readFile(at(`whole/${name}`), 'utf8'), name);
    assert.equal(isLocked(at('killed')), false);
  });

  it('prints the results as JSON', async () => {
    const run = await runMsal(command('whole', '--json'));
    assert.equal(run.stdout, await readFile(at('whole/results.json'), 'utf8'));
  });

  it('says what is wrong with what it is given', async () => {
    const other = await runMsal(command('whole', '--masks', '6'));
    assert.equal(other.code, 2);
    assert.match(other.stderr, /belongs to a run with other settings/);
    const twice = await runMsal(['evaluate', 'trust', drives.data, '--networks', `${TINY},${drives.networks[0]}`]);
    assert.equal(twice.code, 2);
    assert.match(twice.stderr, /two networks are for rgb/);
    const config = at('no-fusion.yaml');
    await writeFile(config, 'cameras:\n  rgb: { model: rgb.json }\n');
    const lonely = await runMsal(['evaluate', 'trust', drives.data, '--config', config]);
    assert.equal(lonely.code, 2);
    assert.match(lonely.stderr, /has no fusion section/);
    const none = await runMsal(['evaluate', 'trust', folder, '--output', at('none')]);
    assert.equal(none.code, 3);
    assert.match(none.stderr, /holds neither/);
  });
});
