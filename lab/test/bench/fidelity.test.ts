import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FidelityReport } from '../../bench/fidelity/table.js';
import { packageRoot } from '../../../src/packageRoot.js';
import { fixture } from '../../../test/detector/reference.js';

const PASSES = 61;

describe('the bench of fidelity', function () {
  this.timeout(600_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'msal-fidelity-'));
    for (const file of ['models', 'data/rgb']) await mkdir(path.join(folder, file), { recursive: true });
    await copyFile(fixture('efficientdet-tiny.json'), path.join(folder, 'models/efficientdet-d0-rgb.json'));
    await copyFile(fixture('efficientdet-tiny.onnx'), path.join(folder, 'models/efficientdet-tiny.onnx'));
    await copyFile(fixture('picture.png'), path.join(folder, 'data/rgb/picture.png'));
    const { width, height } = await pngSize(fixture('picture.png'));
    const coco = {
      images: [{ id: 1, file_name: 'picture.png', width, height }],
      annotations: [{ id: 1, image_id: 1, category_id: 1, bbox: [2, 2, 20, 20], area: 400, iscrowd: 0 }],
      categories: [{ id: 1, name: 'Person' }],
    };
    await writeFile(path.join(folder, 'data/rgb/annotations.json'), JSON.stringify(coco));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Runs the bench on the tiny network; `kill` ends it hard once so many pieces are recorded. */
  async function run(
    output: string,
    args: readonly string[],
    kill = Infinity,
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const program = path.join(packageRoot, 'dist/lab/bench/fidelity.js');
    const tiny = ['--spectra', 'rgb', '--pictures', '1', '--boxes', '2', '--any-box', '--min-score', '0'];
    const size = ['--reference', String(2 * PASSES), '--passes', String(PASSES), '--steps', '2', '--workers', '2'];
    const where = ['--data', path.join(folder, 'data'), '--models', path.join(folder, 'models'), '--output', output];
    const child = spawn(process.execPath, [program, ...tiny, ...size, ...where, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const watch = setInterval(() => {
      void recordedLines(output).then(({ length }) => length > kill && child.kill('SIGKILL'));
    }, 20);
    const [code] = (await once(child, 'close')) as [number | null];
    clearInterval(watch);
    return { code, stdout, stderr };
  }

  it('measures everything it names, goes on after a kill, and says when it was cut short', async () => {
    const output = path.join(folder, 'out');
    const planned = await run(output, ['--plan']);
    assert.equal(planned.code, 0, planned.stderr);
    assert.match(planned.stderr, /1 pictures of 1 spectra with 2 boxes;/);
    assert.match(planned.stderr, /Still to do: passes worth \d+ of the whole network at .* on 2 threads \d+:\d\d\./);

    const killed = await run(output, [], 6);
    assert.equal(killed.code, null);
    const before = await recordedLines(output);
    assert.ok(before.length > 6);

    const none = await run(output, ['--judge-only', '--json']);
    assert.equal(none.code, 0, none.stderr);
    assert.equal((JSON.parse(none.stdout) as FidelityReport).complete, false);
    assert.match(await readFile(path.join(output, 'fidelity.md'), 'utf8'), /cut short/);

    const whole = await run(output, ['--json']);
    assert.equal(whole.code, 0, whole.stderr);
    assert.deepEqual((await recordedLines(output)).slice(0, before.length), before);
    const report = JSON.parse(whole.stdout) as FidelityReport;
    assert.equal(report.complete, true);
    assert.deepEqual([report.judgedPictures, report.plannedPictures, report.reference], [1, 1, 2 * PASSES]);
    const methods = new Set(report.rows.map(({ method }) => method));
    for (const method of [
      ...['plain, mean', 'plain, regression', 'importance, mean', 'importance, regression', 'live, importance, mean'],
      ...['plain, after suppression, mean', 'importance, p = 0.25, regression'],
      ...['importance, 6×6, mean', 'importance, 12×12, regression', 'importance, box-prior', 'plain, sparse-bayes'],
      ...['live, importance, sparse-bayes', 'corrected'],
    ])
      assert.ok(methods.has(method), `${method} is missing`);
    for (const { pearson, top5, lost } of report.rows) {
      assert.ok(pearson >= -1 && pearson <= 1 && top5 >= 0 && top5 <= 1 && lost >= 0 && lost <= 1);
    }
    assert.ok(report.curves.some(({ map }) => map === `reference, mean, ${2 * PASSES}`));
    const tables = await readFile(path.join(output, 'fidelity.md'), 'utf8');
    assert.doesNotMatch(tables, /cut short|NaN|undefined/);
    assert.match(tables, /### Deletion and insertion/);
  });

  it('does not mix records of different pictures or networks', async () => {
    const output = path.join(folder, 'out');
    const plan = path.join(output, 'plan.json');
    const text = await readFile(plan, 'utf8');
    await writeFile(plan, text.replace(/"model": "[0-9a-f]/, '"model": "x'));
    const run1 = await run(output, ['--judge-only']);
    assert.equal(run1.code, 2, run1.stderr);
    assert.match(run1.stderr, /planned with another network/);
    await writeFile(plan, text.replace('"score": 0', '"score": 1'));
    const run2 = await run(output, ['--judge-only']);
    assert.equal(run2.code, 2, run2.stderr);
    assert.match(run2.stderr, /belongs to a run with other settings/);
  });
});

async function recordedLines(output: string): Promise<string[]> {
  const file = path.join(output, 'records.jsonl');
  return existsSync(file) ? (await readFile(file, 'utf8')).trim().split('\n') : [];
}

/** From the header of a PNG file. */
async function pngSize(file: string): Promise<{ width: number; height: number }> {
  const bytes = await readFile(file);
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}
