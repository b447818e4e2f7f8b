import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { ReportFrameSet } from '../../src/report/reportInput.js';
import { ReportWriter } from '../../src/report/reportWriter.js';
import { differ, openReport, picturesShown, pixelsOf, startBrowser, until } from './browser.js';
import { SAMPLE_OPTIONS, writeSample } from './sampleReport.js';
import { followedDrive } from './wholeSets.js';

describe('the report in Chromium: fused detections and tracks', function () {
  this.timeout(120_000);
  let browser: Browser;
  let folder: string;
  let page: Page;
  let troubles: string[];

  async function write(name: string, sets: Iterable<ReportFrameSet>): Promise<string> {
    const file = path.join(folder, name);
    const writer = await ReportWriter.create(file, SAMPLE_OPTIONS);
    for (const set of sets) await writer.addFrameSet(set);
    await writer.close({ completed: true });
    return file;
  }

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'msal-report-'));
    browser = await startBrowser();
    await write('report.html', followedDrive(16));
  });
  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    ({ page, troubles } = await openReport(browser, path.join(folder, 'report.html')));
    await picturesShown(page, 0);
  });
  afterEach(async () => {
    await page.close();
    assert.deepEqual(troubles, []);
  });

  const text = (selector: string): Promise<string[]> => page.locator(selector).allTextContents();

  it('shows what each spectrum did for a fused score, as a number and a bar', async () => {
    assert.deepEqual(await text('#fused-head th'), ['Class', 'Fused score', 'rgb', 'nir', 'mir', 'fir']);
    assert.deepEqual(await text('#fused-rows .share-value'), [
      ...['+0.30', '+0.20', '+0.15', '−0.05'],
      ...['+0.44', '−0.08', '−0.08', '−0.08'],
    ]);
    assert.match((await text('#fused-rows td:nth-child(4)'))[0] ?? '', /without it −0\.02/);
    assert.match((await text('#fused-rows tr:nth-child(2) td:nth-child(4)'))[0] ?? '', /no box in it/);
    const bars = await page.evaluate<[number, number, number][]>(
      `[...document.querySelectorAll('#fused-rows tr:first-child .share-track')].map((track) => {
        const [outer, inner] = [track, track.firstChild].map((part) => part.getBoundingClientRect());
        return [(inner.left - outer.left) / outer.width, inner.width / outer.width, outer.width];
      })`,
    );
    // One scale for the set, whose largest value is 0.44: half the width. From the middle to the right, against it to the left.
    [0.3, 0.2, 0.15, -0.05].forEach((value, i) => {
      const [left, share, width] = bars[i] ?? [0, 0, 0];
      assert.ok(width > 60, `${width} px`);
      assert.ok(Math.abs(share - (0.5 * Math.abs(value)) / 0.44) < 0.03, `bar ${i} takes ${share}`);
      assert.ok(Math.abs((value > 0 ? left : left + share) - 0.5) < 0.03, `bar ${i} begins at ${left}`);
    });
  });

  it('selects the strongest box of a fused detection', async () => {
    await page.locator('#fused-rows button').first().click();
    assert.match((await page.locator('#selected h4').textContent()) ?? '', /car/);
    assert.match((await page.locator('#selected dd').first().textContent()) ?? '', /^rgb/);
  });

  it('says where a spectrum took no part, and follows the viewer', async () => {
    await page.getByRole('slider', { name: 'Frame set' }).fill('11');
    assert.match((await text('#fused-rows tr:first-child td:nth-child(5)'))[0] ?? '', /took no part/);
  });

  it('lists tracks by their stability', async () => {
    const stability = async (): Promise<number[]> => (await text('#track-rows td:nth-child(5)')).map(Number);
    const least = await stability();
    assert.ok(least.length > 8);
    assert.deepEqual(
      least,
      [...least].sort((a, b) => a - b),
    );
    assert.equal(least[0], 0.5);
    assert.ok(!(await text('#track-rows th')).join().includes('animal'), 'maps that are all empty have no stability');
    await page.locator('#track-order').selectOption('most');
    const most = await stability();
    assert.deepEqual(most, least.toReversed());
    await page.locator('#track-order').selectOption('longest');
    const lengths = (await text('#track-rows td:nth-child(4)')).map(Number);
    assert.deepEqual(
      lengths,
      [...lengths].sort((a, b) => b - a),
    );
  });

  it('shows a chosen track as a strip of its boxes and maps and as a chart, and goes where it is told', async () => {
    await page.locator('#track-rows tr', { hasText: 'bike' }).filter({ hasText: 'fir' }).locator('button').click();
    await until(page, `document.querySelectorAll('.crop canvas[data-drawn]').length >= 3`);
    assert.match((await page.locator('#track-title').textContent()) ?? '', /^Track 32: bike, fir, \+/);
    assert.ok((await page.locator('.crop').count()) <= 12);
    const crop = await pixelsOf(page, '.crop canvas');
    assert.ok(differ(crop, new Uint8Array(crop.length)));
    assert.ok(differ(crop, await pixelsOf(page, '.crop:last-child canvas')));
    const chart = await pixelsOf(page, '#track-chart canvas');
    await page.locator('.crop').nth(2).click();
    await picturesShown(page);
    assert.match((await page.locator('#selected h4').textContent()) ?? '', /bike/);
    assert.match((await page.locator('#track-title').textContent()) ?? '', /^Track 32/);
    await page.locator('#track-rows tr', { hasText: 'color_cone' }).first().locator('button').click();
    await until(page, `document.getElementById('track-title').textContent.includes('color_cone')`);
    assert.ok(differ(await pixelsOf(page, '#track-chart canvas'), chart));
  });

  it('shows the track of a detection that is selected', async () => {
    await page.locator('#detections tr', { hasText: 'car' }).first().locator('button').click();
    assert.match((await page.locator('#track-title').textContent()) ?? '', /: car, /);
  });

  it('leaves both out where there is nothing to show', async () => {
    const file = path.join(folder, 'plain.html');
    await writeSample(file, { sets: 4, shrink: 4 });
    const plain = await openReport(browser, file);
    assert.equal(await plain.page.locator('#fused').isVisible(), false);
    assert.equal(await plain.page.locator('#tracks').isVisible(), false);
    await plain.page.close();
  });

  it('takes odd values for nothing, and class names for text', async () => {
    const [set] = followedDrive(1);
    assert.ok(set?.fused && set.tracks);
    const odd: ReportFrameSet = {
      ...set,
      tracks: set.tracks.map((steps) => steps.map((step) => ({ ...step, correlation: NaN, centre: { x: NaN, y: 1 } }))),
      fused: {
        ...set.fused,
        detections: set.fused.detections.map((detection) => ({
          ...detection,
          className: '<img src=x onerror=alert(1)>',
          members: [],
          contributions: detection.contributions.map(() => ({ shapley: NaN, leaveOneOut: Infinity })),
        })),
      },
    };
    const hostile = await openReport(
      browser,
      await write('odd.html', [odd, { ...odd, index: 1 }, { ...odd, index: 2 }]),
    );
    assert.equal(await hostile.page.locator('#fused-rows .share-value').first().textContent(), '–');
    assert.equal(await hostile.page.locator('#fused-rows img').count(), 0);
    assert.match((await hostile.page.locator('#fused-rows').textContent()) ?? '', /<img src=x/);
    await hostile.page.locator('#fused-rows button').first().click();
    assert.equal(await hostile.page.locator('#tracks').isVisible(), false);
    assert.deepEqual(hostile.troubles, []);
    await hostile.page.close();
  });
});
