import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { ExpectedError } from '../../src/errors.js';
import type { ReportHeader, SetPictures, SetRow } from '../../src/report/page/format.js';
import type { ReportFrameSet } from '../../src/report/reportInput.js';
import { ReportWriter } from '../../src/report/reportWriter.js';
import { SAMPLE_OPTIONS, writeSample } from './sampleReport.js';
import { inTemporaryFolder } from './temporaryFolder.js';

/** What the data elements of a report hold, read without a browser. */
async function readReport(file: string): Promise<{
  html: string;
  header: ReportHeader;
  numbers: SetRow[];
  pictures: SetPictures[];
}> {
  const html = await readFile(file, 'utf8');
  const texts = (attributes: string): string[] =>
    [...html.matchAll(new RegExp(`<script type="application/json" ${attributes}>([^<]*)</script>`, 'g'))].map(
      ([, text = '']) => text,
    );
  const numbers = texts('class="report-numbers"').flatMap((text) =>
    inflateRawSync(Buffer.from(text, 'base64')).toString('utf8').split('\n'),
  );
  const pictures = texts('class="report-pictures" data-sets="[\\d ]+"').flatMap((text) => text.split('\n'));
  return {
    html,
    header: JSON.parse(texts('id="report-header"')[0] ?? '') as ReportHeader,
    numbers: numbers.map((line) => JSON.parse(line) as SetRow),
    pictures: pictures.map((line) => JSON.parse(line) as SetPictures),
  };
}

/** A set of one frame whose picture is `bytes` long and does not compress. */
function plainSet(index: number, bytes: number): ReportFrameSet {
  const picture = new Uint8Array(bytes).map((_, at) => (at * 2_654_435_761 + index) >>> 16);
  const frame = { spectrum: 'fir', topic: '/fir', width: 64, height: 48, picture, detections: [] } as const;
  return { index, stampNs: BigInt(index) * 100_000_000n, frames: [frame] };
}

describe('ReportWriter', () => {
  it('keeps every number and picture of a short drive', () =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'report.html');
      const result = await writeSample(file, { sets: 20, shrink: 4 });
      const { header, numbers, pictures } = await readReport(file);
      assert.equal(result.bytes, (await stat(file)).size);
      assert.deepEqual([result.sets, result.numbersKept, result.picturesKept], [20, 20, 20]);
      assert.deepEqual(
        numbers.map(({ i }) => i),
        Array.from({ length: 20 }, (_, index) => 1000 + index),
      );
      assert.equal(pictures.length, 20);
      assert.equal(header.totals.sets, 20);
      assert.equal(header.totals.losses, 3);
      assert.deepEqual(header.totals.frames, [20, 20, 19, 20]);
      const counted = numbers.flatMap(({ f }) => f.flatMap((frame) => frame[4])).length;
      assert.equal(
        header.totals.detections.flat().reduce((sum, found) => sum + found, 0),
        counted,
      );
      assert.deepEqual(await readdir(folder), ['report.html']);
    }));

  it('writes the same bytes for the same input', () =>
    inTemporaryFolder(async (folder) => {
      await writeSample(path.join(folder, 'a.html'), { sets: 5, shrink: 4 });
      await writeSample(path.join(folder, 'b.html'), { sets: 5, shrink: 4 });
      assert.deepEqual(await readFile(path.join(folder, 'a.html')), await readFile(path.join(folder, 'b.html')));
    }));

  it('records what it was given: stamps, boxes, figures, stages in order of first use', () =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'report.html');
      const writer = await ReportWriter.create(file, SAMPLE_OPTIONS);
      const box = { x1: 1.04, y1: 2, x2: 30.26, y2: NaN };
      const map = { width: 2, height: 1, values: Float32Array.of(1, 2) };
      const attention = { energyInBox: 0.33333, energyGain: 2.5, peakInBox: true };
      const detections = [{ className: 'car', score: 0.87654, box, level: 4, attention, map }];
      const frame = { spectrum: 'nir', topic: '/nir', width: 64, height: 48, detections } as const;
      await writer.addFrameSet({
        index: 7,
        stampNs: 1_000_000_000_000_000_000n,
        frames: [],
        latencyMs: { decode: 1.5 },
      });
      await writer.addFrameSet({
        index: 8,
        stampNs: 999_999_999_900_500_000n,
        frames: [frame],
        latencyMs: { inference: 40.12345, decode: 2 },
        partial: true,
        dropped: 3,
      });
      await writer.close({ completed: false });
      const { header, numbers, pictures } = await readReport(file);
      assert.equal(header.startNs, '1000000000000000000');
      assert.equal(header.completed, false);
      assert.deepEqual(header.stages, ['decode', 'inference']);
      assert.deepEqual(numbers, [
        { n: 0, i: 7, t: 0, p: 0, d: 0, x: 0, l: [1.5], f: [] },
        {
          n: 1,
          i: 8,
          t: -99.5,
          p: 1,
          d: 3,
          x: 0,
          l: [2, 40.123],
          f: [[1, 0, 64, 48, [[0, 0.8765, 1, 2, 30.3, null, 4, 0.3333, 2.5, 1]]]],
        },
      ]);
      const [kept] = pictures;
      assert.deepEqual(kept?.frames[0]?.mapSizes, [[2, 1]]);
      assert.deepEqual([...inflateRawSync(Buffer.from(kept.frames[0].maps, 'base64'))], [128, 255]);
    }));

  it('reads buffers before it returns, so the caller may use them again', () =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'report.html');
      const writer = await ReportWriter.create(file, SAMPLE_OPTIONS);
      const set = plainSet(0, 6);
      const picture = set.frames[0]?.picture ?? new Uint8Array();
      const before = Buffer.from(picture).toString('base64');
      const added = writer.addFrameSet(set);
      picture.fill(0);
      await added;
      await writer.close({ completed: true });
      assert.equal((await readReport(file)).pictures[0]?.frames[0]?.picture, before);
    }));

  it('honours the size cap: pictures thinned evenly, numbers all kept', () =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'report.html');
      const writer = await ReportWriter.create(file, { ...SAMPLE_OPTIONS, sizeCapBytes: 1_000_000 });
      for (let index = 0; index < 500; index++) {
        await writer.addFrameSet(plainSet(index, 15_000));
        const spooled = await Promise.all((await readdir(folder)).map((name) => stat(path.join(folder, name))));
        assert.ok(spooled.every(({ size }) => size <= 2_000_000 + 20_200));
      }
      const { bytes, sets, numbersKept, picturesKept } = await writer.close({ completed: true });
      assert.ok(bytes <= 1_000_000, `${bytes} bytes`);
      assert.ok(bytes > 900_000, `a cap of 1 MB leaves ${bytes} bytes used`);
      assert.deepEqual([sets, numbersKept], [500, 500]);
      const { header, pictures, numbers } = await readReport(file);
      assert.equal(numbers.length, 500);
      assert.equal(pictures.length, picturesKept);
      assert.deepEqual(header.thinning, {
        capBytes: 1_000_000,
        sets: 500,
        numbersKept: 500,
        setsWithPictures: 500,
        picturesKept,
      });
      const gaps = pictures.slice(1).map(({ n }, at) => n - (pictures[at]?.n ?? 0));
      assert.ok(Math.max(...gaps) <= 2 * Math.min(...gaps), `gaps from ${Math.min(...gaps)} to ${Math.max(...gaps)}`);
    }));

  it('honours the cap even where the numbers alone would not fit, and still counts exactly', () =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'report.html');
      const writer = await ReportWriter.create(file, { ...SAMPLE_OPTIONS, sizeCapBytes: 1_000_000 });
      let state = 1;
      const noise = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
      for (let index = 0; index < 400; index++) {
        const detections = Array.from({ length: 200 }, () => ({
          className: `class ${Math.floor(noise() * 9)}`,
          score: noise(),
          box: { x1: noise() * 640, y1: noise() * 480, x2: noise() * 640, y2: noise() * 480 },
          level: 3,
        }));
        const frame = { spectrum: 'rgb', topic: '/rgb', width: 640, height: 480, detections } as const;
        await writer.addFrameSet({ index, stampNs: BigInt(index), frames: [frame] });
      }
      const { bytes, numbersKept } = await writer.close({ completed: true });
      assert.ok(bytes <= 1_000_000, `${bytes} bytes`);
      assert.ok(numbersKept < 400 && numbersKept >= 50, `${numbersKept} kept`);
      const { header, numbers } = await readReport(file);
      assert.equal(numbers.length, numbersKept);
      assert.equal(header.totals.sets, 400);
      assert.equal(
        header.totals.detections.flat().reduce((sum, found) => sum + found, 0),
        80_000,
      );
    }));

  it('keeps only the numbers of a set whose pictures are out of all proportion', () =>
    inTemporaryFolder(async (folder) => {
      const writer = await ReportWriter.create(path.join(folder, 'report.html'), {
        ...SAMPLE_OPTIONS,
        sizeCapBytes: 1_000_000,
      });
      await writer.addFrameSet(plainSet(0, 400_000));
      await writer.addFrameSet(plainSet(1, 1000));
      const { numbersKept, picturesKept } = await writer.close({ completed: true });
      assert.deepEqual([numbersKept, picturesKept], [2, 1]);
    }));

  it('merges equal losses and bounds their list, but counts all', () =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'report.html');
      const writer = await ReportWriter.create(file, SAMPLE_OPTIONS);
      writer.addLoss({ what: 'bad step', topic: '/fir', count: 2 });
      writer.addLoss({ what: 'bad step', topic: '/fir' });
      for (let index = 0; index < 1000; index++) writer.addLoss({ what: `message ${index} is damaged` });
      await writer.close({ completed: true });
      const { header } = await readReport(file);
      assert.deepEqual(header.losses[0], { atMs: null, topic: '/fir', what: 'bad step', count: 3 });
      assert.deepEqual([header.losses.length, header.totals.losses], [200, 1003]);
    }));

  it('writes a report of nothing', () =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'report.html');
      const writer = await ReportWriter.create(file, SAMPLE_OPTIONS);
      const { sets } = await writer.close({ completed: false });
      assert.equal(sets, 0);
      assert.equal((await readReport(file)).header.startNs, null);
    }));

  it('lets no text become markup, and allows exactly its own script and style', () =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'report.html');
      const hostile = '</script></title><script>alert(1)</script><img src=x onerror=alert(1)>';
      await writeSample(
        file,
        { sets: 2, shrink: 4, classNames: [hostile], topicOf: () => hostile },
        { title: hostile, source: hostile, method: hostile },
      );
      const { html, header } = await readReport(file);
      assert.equal(header.title, hostile);
      assert.equal(html.includes('<img'), false);
      assert.equal(html.includes('<script>alert'), false);
      const script = /<script>([^]*?)<\/script>/.exec(html)?.[1] ?? '';
      const style = /<style>([^]*?)<\/style>/.exec(html)?.[1] ?? '';
      const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
      const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
      assert.match(policy, /default-src 'none'/);
      assert.ok(policy.includes(`script-src ${hash(script)};`));
      assert.ok(policy.includes(`style-src ${hash(style)};`));
      assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    }));

  it('replaces an older report only when it is done, and leaves it alone when given up', () =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'report.html');
      await writeFile(file, 'older');
      const writer = await ReportWriter.create(file, SAMPLE_OPTIONS);
      await writer.addFrameSet(plainSet(0, 100));
      await writer.abort();
      assert.equal(await readFile(file, 'utf8'), 'older');
      assert.deepEqual(await readdir(folder), ['report.html']);
      await assert.rejects(writer.close({ completed: true }), /closed/);
    }));

  it('says what to do where it cannot write', () =>
    inTemporaryFolder(async (folder) => {
      const missing = path.join(folder, 'missing', 'report.html');
      await assert.rejects(ReportWriter.create(missing, SAMPLE_OPTIONS), (error) => {
        assert.ok(error instanceof ExpectedError);
        assert.equal(error.kind, 'output');
        assert.ok(error.message.includes(missing));
        assert.match(error.remedy, /create the folder/);
        return true;
      });
      await mkdir(path.join(folder, 'report.html'));
      const writer = await ReportWriter.create(path.join(folder, 'report.html'), SAMPLE_OPTIONS);
      await assert.rejects(writer.close({ completed: true }), { name: 'ExpectedError', kind: 'output' });
      assert.deepEqual(await readdir(folder), ['report.html']);
    }));

  it('refuses a cap that no report fits in, a spectrum twice and a map that does not fit', () =>
    inTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'report.html');
      await assert.rejects(ReportWriter.create(file, { ...SAMPLE_OPTIONS, sizeCapBytes: 1000 }), {
        name: 'ExpectedError',
        kind: 'usage',
      });
      const writer = await ReportWriter.create(file, SAMPLE_OPTIONS);
      const [frame] = plainSet(0, 10).frames;
      assert.ok(frame);
      await assert.rejects(
        writer.addFrameSet({ index: 3, stampNs: 0n, frames: [frame, frame] }),
        /frame set 3 has a spectrum twice/,
      );
      const map = { width: 3, height: 3, values: new Uint8Array(8) };
      const detection = { className: 'car', score: 1, box: { x1: 0, y1: 0, x2: 1, y2: 1 }, level: 3, map };
      await assert.rejects(
        writer.addFrameSet({ index: 4, stampNs: 0n, frames: [{ ...frame, detections: [detection] }] }),
        /3 × 3 cannot have 8 values/,
      );
      await writer.addFrameSet(plainSet(5, 10));
      const { sets } = await writer.close({ completed: true });
      assert.equal(sets, 1);
    }));
});
