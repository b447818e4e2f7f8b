import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'npyjs';
import type { ExplainSummary } from '../../src/explain/frame/explanationFiles.js';
import { readEncodedHeader } from '../../src/images/encodedHeader.js';
import { packageRoot } from '../../src/packageRoot.js';
import { logFrames, TINY_LOG_CONFIG } from '../frameLog/frameLogs.js';
import { PERIOD_NS, START_NS, writeSmallDrive } from '../replay/smallDrive.js';
import { runMsal, type MsalRun } from './runMsal.js';

type Box = Pick<ExplainSummary['boxes'][number], 'number' | 'className' | 'score'> & {
  readonly files?: Readonly<Record<string, string>>;
  readonly map?: {
    readonly width: number;
    readonly height: number;
    readonly minimum: number;
    readonly maximum: number;
  };
  readonly scores?: Readonly<Record<string, number>>;
  readonly lost?: number;
};

/** The file of the one set in a frame log, whatever it is called. */
function onlyBag(log: string): string {
  const bags = readdirSync(log).filter((name) => name.endsWith('.mcap'));
  assert.equal(bags.length, 1);
  return bags[0];
}

describe('msal explain', function () {
  this.timeout(300_000);
  let folder: string;
  let config: string;
  let picture: string;
  let outputs = 0;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'msal-explain-'));
    config = path.join(folder, 'tiny.yaml');
    picture = path.join(folder, 'picture.png');
    await writeFile(config, TINY_LOG_CONFIG);
    await copyFile(path.join(packageRoot, 'test/fixtures/picture.png'), picture);
  });
  after(() => rm(folder, { recursive: true }));

  const newOutput = (): string => path.join(folder, `out${outputs++}`);

  async function explain(args: readonly string[]): Promise<{ run: MsalRun; output: string; summary: ExplainSummary }> {
    const output = newOutput();
    const run = await runMsal(['explain', ...args, '-o', output, '-c', config]);
    assert.equal(run.code, 0, run.stderr);
    const summary = JSON.parse(await readFile(path.join(output, 'explanation.json'), 'utf8')) as ExplainSummary;
    return { run, output, summary };
  }

  it('writes maps that are pictures and NumPy arrays, their errors, overlays, and what made them', async () => {
    const { run, output, summary } = await explain([picture, '--passes', '60', '--seed', '3', '--json']);
    assert.deepEqual(JSON.parse(run.stdout), summary);
    assert.deepEqual([summary.complete, summary.interrupted, summary.method, summary.seed], [true, false, 'rise', 3]);
    assert.ok(summary.passes > 0);
    assert.match(summary.model.sha256, /^[0-9a-f]{64}$/);
    assert.match(summary.image.sha256, /^[0-9a-f]{64}$/);
    assert.ok(summary.versions['onnxruntime-node']);
    assert.ok(summary.boxes.length > 1);
    const { width, height } = readEncodedHeader(await readFile(picture));
    for (const box of summary.boxes as readonly Box[]) {
      const files: Readonly<Record<string, string>> = box.files ?? {};
      const { map } = box;
      assert.ok(map && Number(box.scores?.['energy_in_box']) >= 0);
      for (const name of [files['map'], files['overlay'], files['standardError']]) {
        const png = readEncodedHeader(await readFile(path.join(output, name ?? 'missing')));
        assert.deepEqual([png.codec, png.width, png.height], ['png', width, height]);
      }
      for (const name of [files['mapValues'], files['standardErrorValues']]) {
        const bytes = await readFile(path.join(output, name ?? 'missing'));
        const { data, shape, dtype } = parse(Uint8Array.from(bytes).buffer);
        assert.deepEqual([shape, dtype], [[map.height, map.width], 'f4']);
        if (name === files['mapValues']) assert.equal(Math.max(...(data as Float32Array)), map.maximum);
      }
    }
    const left = (await readdir(output)).filter((name) => name.endsWith('.unfinished'));
    assert.deepEqual(left, []);
  });

  it('gives the same maps for the same seed, and others for another', async () => {
    const mapOf = async (seed: string): Promise<Buffer> => {
      const { output, summary } = await explain([picture, '--passes', '20', '--seed', seed, '--box', '1']);
      assert.equal(summary.boxes.length, 1);
      return readFile(path.join(output, (summary.boxes[0] as Box).files?.['mapValues'] ?? ''));
    };
    const first = await mapOf('1');
    assert.deepEqual(await mapOf('1'), first);
    assert.notDeepEqual(await mapOf('2'), first);
  });

  it('explains an image of a bag, by its number or its time', async () => {
    const bag = path.join(folder, 'drive.mcap');
    await writeSmallDrive(bag, 6);
    const byNumber = await explain(['--bag', bag, '--frame', '4', '--spectrum', 'fir', '--method', 'grad-cam']);
    const stampNs = START_NS + 4n * PERIOD_NS + 3_000_000n;
    assert.equal(byNumber.summary.image.stampNs, String(stampNs));
    assert.equal(byNumber.summary.image.spectrum, 'fir');
    const byTime = await explain([
      '--bag',
      bag,
      '--at',
      '0.41',
      '--spectrum',
      'fir',
      '--method',
      'grad-cam',
      '--box',
      '2',
    ]);
    assert.equal(byTime.summary.image.stampNs, String(stampNs));
    assert.deepEqual(byTime.summary.boxes, [byNumber.summary.boxes[1]]);
  });

  it('lays the same masks over the images before, as many as there are, and says which', async () => {
    const bag = path.join(folder, 'window.mcap');
    await writeSmallDrive(bag, 4);
    const at = ['--bag', bag, '--spectrum', 'fir', '--passes', '12'];
    const { run, summary } = await explain([...at, '--frame', '2', '--window', '3']);
    const stampOf = (frame: bigint): string => String(START_NS + frame * PERIOD_NS + 3_000_000n);
    assert.equal(summary.image.stampNs, stampOf(2n));
    assert.deepEqual(
      summary.window?.images.map(({ stampNs }) => stampNs),
      [stampOf(0n), stampOf(1n)],
    );
    assert.ok(summary.window.images.every(({ boxes }) => boxes.length === summary.boxes.length));
    assert.match(run.stdout, /rise, 12 passes over 3 images/);
    const first = await explain([...at, '--frame', '0', '--window', '3', '--box', '1']);
    assert.deepEqual(first.summary.window, { images: [] });
    const alone = await explain([...at, '--frame', '0', '--box', '1']);
    assert.equal(alone.summary.window, undefined);
    assert.deepEqual(first.summary.boxes, alone.summary.boxes);
  });

  it('explains the logged boxes of a file of a frame log', async () => {
    const log = path.join(folder, 'log');
    await logFrames(log, [0]);
    const { run, summary } = await explain([path.join(log, onlyBag(log)), '--spectrum', 'fir', '--method', 'grad-cam']);
    assert.equal(summary.detections.from, 'the frame log');
    assert.deepEqual(
      summary.boxes.map(({ number, className, score }) => [number, className, score]),
      [
        [1, 'Person', 0.75],
        [2, 'car', 0.5],
      ],
    );
    assert.match(run.stdout, /1 {2}Person 0\.75, \d+ % of its map inside the box/);
  });

  it('leaves whole files, marked as not complete, and exit code 130 on Ctrl-C', async () => {
    const output = newOutput();
    const run = await runMsal(
      ['explain', picture, '-o', output, '-c', config, '--passes', '1000000', '--preset', 'paper'],
      {
        whileRunning(child) {
          // A preview is there: the work is in the middle.
          const look = setInterval(() => {
            void readFile(path.join(output, 'explanation.json')).then(
              () => {
                clearInterval(look);
                child.kill('SIGINT');
              },
              () => undefined,
            );
          }, 200);
          child.on('close', () => clearInterval(look));
        },
      },
    );
    assert.equal(run.code, 130, run.stderr);
    assert.match(run.stdout, /interrupted after \d+ of 1000000 passes/);
    const summary = JSON.parse(await readFile(path.join(output, 'explanation.json'), 'utf8')) as ExplainSummary;
    assert.deepEqual([summary.complete, summary.interrupted], [false, true]);
    assert.ok(summary.passes > 0 && summary.passes < 1_000_000);
    const bytes = await readFile(path.join(output, (summary.boxes[0] as Box).files?.['mapValues'] ?? ''));
    assert.ok(Math.max(...(parse(Uint8Array.from(bytes).buffer).data as Float32Array)) > 0);
  });

  const refusals: [name: string, args: () => string[], code: number, message: RegExp][] = [
    ['no image', () => [], 2, /no image was named/],
    ['an image and a bag', () => [picture, '--bag', picture], 2, /both/],
    ['an image that is not there', () => [path.join(folder, 'no.png')], 3, /no\.png/],
    ['a time in a single image', () => [picture, '--at', '3'], 2, /is one image/],
    ['a window of a single image', () => [picture, '--window', '3'], 2, /is one image/],
    ['a box that is not there', () => [picture, '--box', '99'], 2, /there is no box 99; there are 1: /],
    [
      'an estimator of a method without masks',
      () => [picture, '--method', 'sidu', '--estimator', 'mean'],
      2,
      /--estimator/,
    ],
    ['passes of a method that draws no masks', () => [picture, '--method', 'sidu', '--passes', '5'], 2, /--passes/],
    ['an image without detections', () => [picture, '--score-threshold', '1'], 3, /nothing is detected/],
    ['a model that is not there', () => [picture, '--model', path.join(folder, 'no.json')], 5, /no\.json/],
  ];
  for (const [name, args, code, message] of refusals) {
    it(`refuses ${name} with exit code ${code}`, async () => {
      const run = await runMsal(['explain', ...args(), '-o', newOutput(), '-c', config]);
      assert.equal(run.code, code, run.stderr);
      assert.match(run.stderr, message);
      assert.match(run.stderr, /what to do/);
    });
  }
});
