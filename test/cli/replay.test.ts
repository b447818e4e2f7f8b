import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BagWriter } from '../../src/bag/bagWriter.js';
import { describeBag } from '../../src/bag/describeBag.js';
import type { DetectionLine } from '../../src/replay/detectionLines.js';
import { toImage } from '../../src/messages/outputMessages.js';
import { packageRoot } from '../../src/packageRoot.js';
import type { ReplaySummary } from '../../src/replay/replaySummary.js';
import { type Spectrum, SPECTRA } from '../../src/spectrum.js';
import { runPython } from '../bag/python.js';
import { openReport, startBrowser } from '../report/browser.js';
import { topicOf, TINY_CONFIG, writeSmallDrive } from '../replay/smallDrive.js';
import { runMsal } from './runMsal.js';

describe('msal replay', function () {
  this.timeout(300_000);
  let folder: string;
  let config: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'msal-replay-'));
    config = path.join(folder, 'tiny.yaml');
    await writeFile(config, TINY_CONFIG);
  });
  after(() => rm(folder, { recursive: true }));

  async function summaryOf(output: string): Promise<ReplaySummary> {
    return JSON.parse(await readFile(path.join(output, 'summary.json'), 'utf8')) as ReplaySummary;
  }

  it('writes an annotated bag that other tools read, a report and a summary', async () => {
    const bag = path.join(folder, 'drive.mcap');
    const output = path.join(folder, 'out');
    await writeSmallDrive(bag, 8);
    const run = await runMsal(['replay', bag, '-o', output, '-c', config, '--jsonl', '--maps', '--json']);
    assert.equal(run.code, 0, run.stderr);
    const summary = await summaryOf(output);
    assert.deepEqual(JSON.parse(run.stdout), summary);
    assert.equal(summary.completed, true);
    assert.equal(summary.frameSets, 8);
    assert.equal(summary.partialSets, 0);
    for (const spectrum of SPECTRA) {
      assert.deepEqual(summary.frames[spectrum], { received: 8, perceived: 8, unusable: 0, dropped: 0 });
      assert.equal(summary.topics[spectrum], topicOf(spectrum));
      assert.match(summary.models[spectrum]?.sha256 ?? '', /^[0-9a-f]{64}$/);
    }
    const detections = Object.values(summary.detections).flatMap((classes) => Object.values(classes ?? {}));
    const total = detections.reduce((sum, count) => sum + count, 0);
    assert.ok(total > 0);

    const lines = (await readFile(path.join(output, 'detections.jsonl'), 'utf8')).trim().split('\n');
    assert.equal(lines.length, total);
    // Every detection is a step of one track; the tracks hold them all, and the summary what the steps say.
    const steps = lines.map((line) => JSON.parse(line) as DetectionLine);
    const tracks = (await readFile(path.join(output, 'tracks.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { track: number; spectrum: Spectrum; images: number; pairs: number });
    assert.equal(
      tracks.reduce((sum, { images }) => sum + images, 0),
      total,
    );
    assert.deepEqual(new Set(steps.map(({ track }) => track)), new Set(tracks.map(({ track }) => track)));
    for (const spectrum of SPECTRA) {
      const own = steps
        .filter((step) => step.spectrum === spectrum)
        .flatMap(({ mapCorrelation }) => mapCorrelation ?? []);
      const band = summary.tracks.bands[spectrum];
      assert.equal(band?.pairs, own.length);
      assert.equal(
        band.pairs,
        tracks.filter((track) => track.spectrum === spectrum).reduce((sum, { pairs }) => sum + pairs, 0),
      );
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      if (own.length > 0) assert.ok(Math.abs((band.stability ?? NaN) - mean) < 1e-9);
    }
    assert.ok(steps.some(({ mapCorrelation }) => mapCorrelation !== undefined));

    const read = (await runPython('../replay/read_annotated.py', bag, path.join(output, 'annotated.mcap'))) as {
      originalsUntouched: boolean;
      readers: Record<
        string,
        { detections: number; overlays: number; annotated: number; explained: number; mapsFit: boolean }
      >;
    };
    assert.equal(read.originalsUntouched, true);
    for (const reader of ['rosbags', 'mcap_ros2']) {
      const found = read.readers[reader];
      assert.deepEqual(
        found,
        { detections: total, overlays: 32, annotated: total, explained: total, mapsFit: true },
        reader,
      );
    }
    const report = await readFile(path.join(output, 'report.html'), 'utf8');
    assert.ok(report.startsWith('<!doctype html>') || report.startsWith('<!DOCTYPE html>'));
    const { metadata } = await describeBag(path.join(output, 'annotated.mcap'));
    const provenance = metadata.find(({ name }) => name === 'multispectral_saliency')?.values;
    assert.ok(provenance?.['models']?.includes(summary.models.rgb?.sha256 ?? 'missing'));
  });

  it('explains frame sets by masking: messages, files and the report', async () => {
    const bag = path.join(folder, 'why.mcap');
    const output = path.join(folder, 'why-out');
    await writeSmallDrive(bag, 4);
    const low = path.join(folder, 'low.yaml');
    await writeFile(low, TINY_CONFIG);
    const explain = ['--explain', '2', '--method', 'rise', '--passes', '30', '--seed', '5'];
    const run = await runMsal(['replay', bag, '-o', output, '-c', low, '--json', ...explain]);
    assert.equal(run.code, 0, run.stderr);
    const { explained } = JSON.parse(run.stdout) as ReplaySummary;
    assert.ok(explained);
    assert.deepEqual(
      { method: explained.method, sets: explained.sets, images: explained.images, seed: explained.seed },
      { method: 'rise', sets: 2, images: 8, seed: 5 },
    );
    assert.equal(explained.passes, 8 * 30);

    const read = (await runPython(
      '../explain/frame/read_explanations.py',
      path.join(output, 'annotated.mcap'),
    )) as Record<
      string,
      { explanations: { class_name: string; passes: number; map: { size: number; expected: number } }[] }
    >;
    for (const { explanations } of Object.values(read)) {
      assert.equal(explanations.length, explained.boxes);
      for (const { passes, map } of explanations) {
        assert.equal(passes, 30);
        assert.equal(map.size, map.expected);
      }
    }

    const folders = (await readdir(explained.files)).sort();
    assert.equal(folders.length, 8);
    const [first = ''] = folders;
    assert.match(first, /^\d{19}\.\w+$/);
    const files = await readdir(path.join(explained.files, first));
    for (const end of ['.map.png', '.map.npy', '.error.npy', '.overlay.png'])
      assert.ok(
        files.some((name) => name.endsWith(end)),
        `${end} among ${files.join(', ')}`,
      );

    const browser = await startBrowser();
    try {
      const { page, troubles } = await openReport(browser, path.join(output, 'report.html'));
      await page.getByLabel('explained only').check();
      assert.match((await page.locator('#frame-count').textContent()) ?? '', /^2 of 4 frame sets/);
      await page.locator('#map-kind').selectOption({ label: 'RISE, 30 masks' });
      await page.locator('#detections button').first().click();
      await page.waitForSelector('#second-opinion');
      assert.match(
        (await page.locator('#second-opinion').textContent()) ?? '',
        /^RISE, 30 masks: not found again in \d+ of 30 passes/,
      );
      assert.deepEqual(troubles, []);
    } finally {
      await browser.close();
    }
  });

  it('gives up an explanation on Ctrl-C and leaves valid outputs', async () => {
    const output = path.join(folder, 'why-stopped');
    const maps = path.join(output, 'explanations');
    let watch: NodeJS.Timeout | undefined;
    const run = await runMsal(
      [
        ...['replay', path.join(folder, 'why.mcap'), '-o', output, '-c', config, '--json'],
        ...['--explain', '4', '--passes', '1000000'],
      ],
      {
        // Once the first image is taken up, which would take hours.
        whileRunning: (child) => {
          watch = setInterval(() => {
            if (!existsSync(maps) || readdirSync(maps).length === 0) return;
            clearInterval(watch);
            child.kill('SIGINT');
          }, 200);
        },
      },
    );
    clearInterval(watch);
    assert.equal(run.code, 130, run.stderr);
    const { completed, explained } = JSON.parse(run.stdout) as ReplaySummary;
    assert.equal(completed, false);
    assert.deepEqual([explained?.sets, explained?.boxes], [0, 0]);
    assert.ok((await readFile(path.join(output, 'report.html'), 'utf8')).endsWith('</html>\n'));
  });

  it('refuses passes for a method that draws no masks', async () => {
    const run = await runMsal([
      ...['replay', path.join(folder, 'why.mcap'), '-o', path.join(folder, 'refused'), '-c', config],
      ...['--explain', '1', '--method', 'sidu', '--passes', '30'],
    ]);
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, /--passes means nothing to sidu/);
  });

  it('goes on past bad images and missing bands, and counts them', async () => {
    const bag = path.join(folder, 'faulty.mcap');
    const output = path.join(folder, 'faulty-out');
    await writeSmallDrive(bag, 6, {
      badStep: { spectrum: 'nir', frames: [1, 2] },
      missing: { spectrum: 'fir', frames: [3] },
    });
    const run = await runMsal(['replay', bag, '-o', output, '-c', config]);
    assert.equal(run.code, 0, run.stderr);
    const summary = await summaryOf(output);
    assert.deepEqual(summary.frames.nir, { received: 6, perceived: 4, unusable: 2, dropped: 0 });
    assert.deepEqual(summary.frames.fir, { received: 5, perceived: 5, unusable: 0, dropped: 0 });
    assert.equal(summary.partialSets, 1);
    const [trouble] = summary.troubles;
    assert.equal(trouble?.spectrum, 'nir');
    assert.match(trouble?.what ?? '', /step/);
    assert.match(run.stdout, /2 unusable/);
  });

  it('reads a truncated bag as far as it goes and says what was lost', async () => {
    const bag = path.join(folder, 'cut.mcap');
    const output = path.join(folder, 'cut-out');
    await writeSmallDrive(bag, 60);
    const { size } = await stat(bag);
    const file = await open(bag, 'r+');
    await file.truncate(Math.floor(size * 0.6));
    await file.close();
    const run = await runMsal(['replay', bag, '-o', output, '-c', config]);
    assert.equal(run.code, 0, run.stderr);
    const summary = await summaryOf(output);
    assert.ok(summary.frameSets > 0 && summary.frameSets < 60, `${String(summary.frameSets)} sets`);
    assert.ok(summary.losses.length > 0);
    assert.ok((await readFile(path.join(output, 'report.html'), 'utf8')).includes('cut.mcap'));
  });

  it('leaves valid outputs and exit code 130 on Ctrl-C', async () => {
    const bag = path.join(folder, 'long.mcap');
    const output = path.join(folder, 'long-out');
    await writeSmallDrive(bag, 3000);
    const run = await runMsal(['replay', bag, '-o', output, '-c', config], {
      whileRunning(child) {
        const interrupt = (text: string): void => {
          // The first line of progress: it is in the middle of the drive. A second signal would stop it at once.
          if (!String(text).includes('replaying')) return;
          child.stderr?.off('data', interrupt);
          child.kill('SIGINT');
        };
        child.stderr?.on('data', interrupt);
      },
    });
    assert.equal(run.code, 130, run.stderr);
    const summary = await summaryOf(output);
    assert.equal(summary.completed, false);
    assert.ok(summary.frameSets > 0 && summary.frameSets < 3000);
    const described = await describeBag(path.join(output, 'annotated.mcap'), true);
    assert.deepEqual(described.losses, []);
    assert.ok(described.messages > summary.frameSets);
  });

  it('says that the disk is full, with exit code 4, and what was written stays readable', async () => {
    const bag = path.join(folder, 'big.mcap');
    const output = path.join(folder, 'big-out');
    await writeSmallDrive(bag, 100);
    const run = await runMsal(['replay', bag, '-o', output, '-c', config], { fileBlocks: 600 });
    assert.equal(run.code, 4, run.stderr);
    assert.match(run.stderr, /annotated\.mcap[^]*what to do: raise the limit.*can be read/);
    const described = await describeBag(path.join(output, 'annotated.mcap'), true);
    assert.ok(described.messages > 0);
  });

  it('does not replace the bag that it reads, whichever name leads to it', async () => {
    const output = path.join(folder, 'own');
    const bag = path.join(output, 'annotated.mcap');
    await mkdir(output);
    await writeSmallDrive(bag, 2);
    await symlink(bag, path.join(folder, 'link.mcap'));
    const before = await readFile(bag);
    for (const args of [
      ['replay', bag, '-o', output, '--overwrite', '-c', config],
      ['replay', path.join(folder, 'link.mcap'), '-o', output, '--overwrite', '-c', config],
      ['replay', bag, '-o', path.join(folder, 'elsewhere'), '--baseline', path.join(folder, 'link.mcap'), '-c', config],
    ]) {
      const run = await runMsal(args);
      assert.equal(run.code, 2, run.stderr);
      assert.match(run.stderr, /belongs to the bag that is replayed[^]*write into another folder/);
      assert.deepEqual(await readFile(bag), before);
    }
  });

  it('puts its results in the place of older ones, in the bag and in the folder', async () => {
    const first = path.join(folder, 'first');
    const second = path.join(folder, 'second');
    const bag = path.join(folder, 'twice.mcap');
    await writeSmallDrive(bag, 2);
    assert.equal((await runMsal(['replay', bag, '-o', first, '-c', config, '--jsonl'])).code, 0);
    await mkdir(second);
    await writeFile(path.join(second, 'detections.jsonl'), 'of another drive');
    const annotated = path.join(first, 'annotated.mcap');
    const run = await runMsal(['replay', annotated, '-o', second, '-c', config, '--overwrite']);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /left out: 32 older messages on 16 topics/);
    const [once, again] = await Promise.all(
      [annotated, path.join(second, 'annotated.mcap')].map((file) => describeBag(file, true)),
    );
    assert.deepEqual(again?.topics, once?.topics);
    const { notCopied } = await summaryOf(second);
    assert.equal(notCopied['/multispectral_saliency/fir/detections'], 2);
    assert.deepEqual((await readdir(second)).sort(), ['annotated.mcap', 'report.html', 'summary.json']);
  });

  it('ends with exit code 3 where no image can be used, and says why', async () => {
    const bag = path.join(folder, 'unusable.mcap');
    const output = path.join(folder, 'unusable-out');
    await writeSmallDrive(bag, 2, { badStep: { spectrum: 'rgb', frames: [0, 1] } });
    const onlyRgb = path.join(folder, 'rgb.yaml');
    const model = path.join(packageRoot, 'test/fixtures/efficientdet-tiny.json');
    await writeFile(onlyRgb, `cameras: { rgb: { model: ${model} } }\n`);
    const run = await runMsal(['replay', bag, '-o', output, '-c', onlyRgb]);
    assert.equal(run.code, 3, run.stderr);
    assert.match(run.stderr, /no image of .*unusable\.mcap could be used\n {2}what to do: /);
    assert.match(run.stdout, /rgb {2}\/camera\/rgb\/image_raw: 0 of 2 frames, 2 unusable/);
    assert.match(run.stdout, /no band takes \/camera\/fir\/image_raw/);
    const { completed, otherImageTopics } = await summaryOf(output);
    assert.equal(completed, true);
    assert.deepEqual(
      otherImageTopics,
      ['fir', 'mir', 'nir'].map((band) => `/camera/${band}/image_raw`),
    );
  });

  it('shows names that steer a terminal as text, and quotes long ones in part', async () => {
    const bag = path.join(folder, 'hostile.mcap');
    const topic = '/rgb/\u001b[2J\u202e/image';
    const writer = await BagWriter.create(bag);
    await writer.addTopic({ name: topic, type: 'sensor_msgs/msg/Image' });
    const header = { stampNs: 1n, frameId: 'rgb' };
    const encoding = `\u001b]0;harm\u0007\n${'x'.repeat(5000)}`;
    await writer.writeMessage(topic, 1n, toImage(header, { width: 1, height: 1, encoding, data: new Uint8Array(1) }));
    await writer.close();
    const runs = [
      await runMsal(['replay', bag, '-o', path.join(folder, 'hostile-out'), '-c', config]),
      await runMsal(['info', bag]),
    ];
    for (const { stdout, stderr } of runs) {
      assert.ok(stdout.includes('/rgb/\\u001b[2J\\u202e/image'), stdout);
      assert.doesNotMatch(stdout + stderr, /[^\P{Cc}\n]|\p{Bidi_Control}/u);
      assert.ok(stdout.length < 2000, `${String(stdout.length)} characters`);
    }
    assert.match(runs[0]?.stdout ?? '', /image encoding '\\u001b\]0;harm\\u0007\\u000ax+…' is not known/);
  });

  it('says what a bag without images holds, and what of it could not be read', async () => {
    const bag = path.join(folder, 'text.mcap');
    const writer = await BagWriter.create(bag);
    await writer.addTopic({ name: '/note', type: 'std_msgs/msg/String' });
    await writer.writeMessage('/note', 1n, { data: 'nothing to see' });
    await writer.close();
    const sound = await readFile(bag);
    const run = await runMsal(['replay', bag, '-o', path.join(folder, 'text-out'), '-c', config]);
    assert.equal(run.code, 3);
    assert.match(
      run.stderr,
      /holds no images: only \/note \(std_msgs\/msg\/String\)\n {2}what to do: record the cameras/,
    );
    await writeFile(bag, sound.subarray(0, 40));
    const cut = await runMsal(['replay', bag, '-o', path.join(folder, 'text-out'), '-c', config]);
    assert.equal(cut.code, 3);
    assert.match(cut.stderr, /holds no images: no topic that can be read; not readable: .*text\.mcap/);
  });

  const refusals: [name: string, args: (folder: string) => string[], code: number, message: RegExp][] = [
    ['a bag that is not there', (f) => ['replay', path.join(f, 'no.mcap'), '-o', path.join(f, 'x1')], 3, /no\.mcap/],
    ['no output folder', (f) => ['replay', path.join(f, 'drive.mcap')], 2, /--output/],
    ['an output folder that is in use', (f) => ['replay', path.join(f, 'drive.mcap'), '-o', f], 4, /not empty/],
    [
      'an unknown field in the configuration',
      (f) => ['replay', path.join(f, 'drive.mcap'), '-o', path.join(f, 'x2'), '-c', path.join(f, 'wrong.yaml')],
      2,
      /scoreTreshold/,
    ],
    [
      'a model that is not there',
      (f) => ['replay', path.join(f, 'drive.mcap'), '-o', path.join(f, 'x3'), '-c', path.join(f, 'nomodel.yaml')],
      5,
      /nothing\.json/,
    ],
    ['a score that is none', (f) => ['replay', f, '-o', f, '--score-threshold', '7'], 2, /from 0 to 1/],
  ];
  for (const [name, args, code, message] of refusals) {
    it(`refuses ${name} with exit code ${String(code)} and says what to do`, async () => {
      await writeFile(path.join(folder, 'wrong.yaml'), `${TINY_CONFIG.replace('scoreThreshold', 'scoreTreshold')}`);
      await writeFile(path.join(folder, 'nomodel.yaml'), 'cameras: { rgb: { model: nothing.json } }\n');
      const run = await runMsal(args(folder));
      assert.equal(run.code, code, run.stderr);
      assert.match(run.stderr, message);
    });
  }
});
