import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { differ, openReport, paneOf, picturesShown, pixelsOf, startBrowser, until } from './browser.js';
import type { ReportFrameSet, ReportMap } from '../../src/report/reportInput.js';
import { ReportWriter } from '../../src/report/reportWriter.js';
import { SAMPLE_OPTIONS, writeSample } from './sampleReport.js';
import { syntheticDrive } from './syntheticDrive.js';

const SPECTRA = ['rgb', 'nir', 'mir', 'fir'];

async function canvases(page: Page): Promise<Uint8Array[]> {
  return Promise.all(SPECTRA.map((spectrum) => paneOf(page, spectrum)));
}

/** Which set is shown, as the page says it. */
async function where(page: Page): Promise<string> {
  return (await page.locator('#where').textContent()) ?? '';
}

describe('the report in Chromium: viewer', function () {
  this.timeout(120_000);
  let browser: Browser;
  let folder: string;
  let page: Page;
  let troubles: string[];
  let requests: string[];

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'msal-report-'));
    browser = await startBrowser();
    await writeSample(path.join(folder, 'report.html'), { sets: 30, shrink: 2 });
  });

  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    ({ page, troubles, requests } = await openReport(browser, path.join(folder, 'report.html')));
    await picturesShown(page, 0);
  });

  afterEach(async () => {
    await page.close();
    assert.deepEqual(troubles, []);
    assert.deepEqual(requests, []);
  });

  it('says what, when and with which model', async () => {
    assert.equal(await page.title(), 'Campus drive at dusk');
    assert.equal(await page.locator('h1').textContent(), 'Campus drive at dusk');
    assert.match(
      (await page.locator('#subtitle').textContent()) ?? '',
      /campus-dusk\.mcap · 2025-11-23 .* UTC · 2\.9 s/,
    );
    assert.match((await page.locator('#models-line').textContent()) ?? '', /efficientdet-d0-rgb \(sha256 0{12}…\)/);
    assert.equal(await page.locator('#models code').first().textContent(), '0'.repeat(64));
    assert.match((await page.locator('#cards').textContent()) ?? '', /Frame sets30/);
    assert.match((await page.locator('#loss-rows').textContent()) ?? '', /truncated chunk.*\/camera\/mir\/image_raw/);
  });

  it('shows four different spectra side by side', async () => {
    const tops = await page.evaluate<number[]>(
      `[...document.querySelectorAll('.pane')].map((pane) => pane.getBoundingClientRect().top)`,
    );
    assert.deepEqual(new Set(tops).size, 1);
    const [rgb, nir, mir, fir] = await canvases(page);
    assert.ok(differ(rgb, fir) && differ(nir, mir));
  });

  it('offers no other maps where nothing was explained besides', async () => {
    assert.equal(await page.locator('#map-kind').isVisible(), false);
    assert.equal(await page.locator('#only-explained').isVisible(), false);
  });

  it('changes the heat map with the slider, and + and - do the same', async () => {
    const slider = page.getByRole('slider', { name: 'Heat map opacity' });
    const at60 = await canvases(page);
    await slider.fill('0');
    await picturesShown(page);
    const at0 = await canvases(page);
    await slider.fill('60');
    await picturesShown(page);
    const again = await canvases(page);
    assert.ok(at60.every((pixels, index) => differ(pixels, at0[index])));
    assert.ok(!again.some((pixels, index) => differ(pixels, at60[index])));
    await page.locator('h1').click();
    await page.keyboard.press('-');
    assert.equal(await page.locator('#opacity-value').textContent(), '55 %');
    await picturesShown(page);
    assert.ok(differ((await canvases(page))[0], at0[0]));
    await page.keyboard.press('+');
    await picturesShown(page);
    assert.ok(!(await canvases(page)).some((pixels, index) => differ(pixels, at60[index])));
  });

  it('steps with the arrow keys, Home and End', async () => {
    const first = await canvases(page);
    assert.match(await where(page), /^Set 1000 \(1 of 30\)/);
    await page.keyboard.press('ArrowRight');
    await picturesShown(page, 1);
    assert.match(await where(page), /^Set 1001 \(2 of 30\)/);
    assert.ok((await canvases(page)).every((pixels, index) => differ(pixels, first[index])));
    await page.keyboard.press('End');
    await picturesShown(page, 29);
    assert.match(await where(page), /^Set 1029 \(30 of 30\)/);
    await page.keyboard.press('ArrowRight');
    assert.match(await where(page), /30 of 30/);
    await page.keyboard.press('Shift+ArrowLeft');
    assert.match(await where(page), /20 of 30/);
    await page.keyboard.press('Home');
    await picturesShown(page, 0);
    assert.ok(!(await canvases(page)).some((pixels, index) => differ(pixels, first[index])));
  });

  it('steps with the scrubber and by clicking a timeline', async () => {
    await page.getByRole('slider', { name: 'Frame set' }).fill('12');
    await picturesShown(page, 12);
    assert.match(await where(page), /^Set 1012 /);
    const lane = page.locator('canvas.lane').first();
    const { width = 0 } = (await lane.boundingBox()) ?? {};
    await lane.click({ position: { x: width - 1, y: 4 } });
    assert.match(await where(page), /^Set 1029 /);
    await page.locator('#dissimilarity-chart .u-over').click({ position: { x: 1, y: 40 } });
    assert.match(await where(page), /^Set 1000 /);
  });

  it('plays with space until the end', async () => {
    await page.locator('#speed').selectOption('8');
    await page.locator('h1').click();
    await page.keyboard.press('Space');
    assert.match((await page.locator('#play').textContent()) ?? '', /Pause/);
    await until(page, `document.getElementById('where').textContent.includes('30 of 30')`);
    await until(page, `document.getElementById('play').textContent.includes('Play')`);
  });

  it('hides and shows spectra with 1 to 4', async () => {
    for (const [index, spectrum] of SPECTRA.entries()) {
      const pane = page.locator(`.pane[data-spectrum="${spectrum}"]`);
      await page.keyboard.press(String(index + 1));
      assert.equal(await pane.isVisible(), false);
      const listed = await page.locator('#detections td:nth-child(2)').allTextContents();
      assert.ok(listed.length > 0 && !listed.includes(spectrum));
      await page.keyboard.press(String(index + 1));
      assert.equal(await pane.isVisible(), true);
    }
  });

  it('keeps a single picture in proportion, however low the window', async () => {
    await page.setViewportSize({ width: 1400, height: 500 });
    for (const key of ['2', '3', '4']) await page.keyboard.press(key);
    await picturesShown(page);
    const { width = 0, height = 0 } = (await page.locator('.pane[data-spectrum="rgb"] canvas').boundingBox()) ?? {};
    assert.ok(height > 300 && height <= 400, `${height} px high`);
    assert.ok(Math.abs(width / height - 4 / 3) < 0.01, `${width} × ${height}`);
  });

  it('lists its keys on ?', async () => {
    await page.keyboard.press('?');
    const dialog = page.getByRole('dialog', { name: 'Keys' });
    assert.equal(await dialog.isVisible(), true);
    assert.match((await dialog.textContent()) ?? '', /Play or pause/);
    await page.keyboard.press('Escape');
    assert.equal(await dialog.isVisible(), false);
  });

  it('shows the map and the figures of a detection chosen in the list', async () => {
    const all = await canvases(page);
    const rows = page.locator('#detections tr', { hasText: 'fir' }).locator('button');
    const maps: Uint8Array[] = [];
    const pictures: Uint8Array[][] = [];
    for (const row of [0, 1]) {
      await rows.nth(row).click();
      await page.waitForSelector('canvas.own-map');
      await picturesShown(page);
      assert.equal(await rows.nth(row).getAttribute('aria-pressed'), 'true');
      maps.push(await pixelsOf(page, 'canvas.own-map'));
      pictures.push(await canvases(page));
    }
    assert.ok(differ(maps[0], maps[1]));
    assert.ok(pictures[0]?.some((pixels, index) => differ(pixels, pictures[1]?.[index])));
    assert.ok(pictures[0]?.every((pixels, index) => differ(pixels, all[index])));
    assert.match(
      (await page.locator('#attention-words').textContent()) ?? '',
      /^\d+ % of the map’s energy lies inside the box, [\d.]+ times what an even map would put there\. Its highest point lies (in|out)side the box\.$/,
    );
    await page.keyboard.press('Escape');
    await picturesShown(page);
    assert.ok(!(await canvases(page)).some((pixels, index) => differ(pixels, all[index])));
  });

  it('shows the map of a detection clicked in a picture, and lets go on a click beside the boxes', async () => {
    const all = await paneOf(page, 'fir');
    const canvas = page.locator('.pane[data-spectrum="fir"] canvas');
    const { width = 0, height = 0 } = (await canvas.boundingBox()) ?? {};
    const boxText = async (): Promise<string> => {
      const fact = page.locator('#selected dd').nth(2);
      return (await fact.textContent()) ?? '';
    };
    await page.locator('#detections tr', { hasText: 'fir' }).first().locator('button').click();
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, , of = 0] = (await boxText()).match(/-?\d+/g)?.map(Number) ?? [];
    assert.equal(of, 120);
    const chosen = await boxText();
    await canvas.click({ position: { x: width / 2, y: 2 } });
    assert.equal(await page.locator('canvas.own-map').count(), 0);
    await picturesShown(page);
    assert.ok(!differ(await paneOf(page, 'fir'), all));
    const middle = [Math.min(160, Math.max(0, (x1 + x2) / 2)), (y1 + y2) / 2] as const;
    await canvas.click({ position: { x: (middle[0] / 160) * width, y: (middle[1] / 120) * height } });
    await page.waitForSelector('canvas.own-map');
    await picturesShown(page);
    assert.equal(await boxText(), chosen);
    assert.ok(differ(await paneOf(page, 'fir'), all));
  });

  it('walks through detections with n and p, strongest first', async () => {
    const pressed = (): Promise<number> =>
      page.evaluate<number>(
        `[...document.querySelectorAll('#detections button')].findIndex((b) => b.getAttribute('aria-pressed') === 'true')`,
      );
    await page.keyboard.press('n');
    assert.equal(await pressed(), 0);
    await page.keyboard.press('n');
    assert.equal(await pressed(), 1);
    await page.keyboard.press('p');
    await page.keyboard.press('p');
    assert.equal(await pressed(), (await page.locator('#detections button').count()) - 1);
  });

  it('sorts the frame list by dissimilarity, highest first, and filters it by class', async () => {
    await page.locator('#sort-key').selectOption('dissimilarity');
    const figures = (await page.locator('.frame-figure').allTextContents()).map((text) =>
      Number(text.split('differ ')[1]),
    );
    assert.ok(figures.length > 3);
    assert.deepEqual(
      figures,
      [...figures].sort((a, b) => b - a),
    );
    const highest = await where(page);
    await page.locator('#sort-direction').click();
    const lowest = (await page.locator('.frame-figure').allTextContents()).map((text) =>
      Number(text.split('differ ')[1]),
    );
    assert.deepEqual(
      lowest,
      [...lowest].sort((a, b) => a - b),
    );
    assert.notEqual(await where(page), highest);
    await page.locator('#only-class').selectOption({ label: 'animal' });
    const [shown = 0] = ((await page.locator('#frame-count').textContent()) ?? '').match(/\d+/g)?.map(Number) ?? [];
    assert.ok(shown > 0 && shown <= 30);
    for (let step = 0; step < 3; step++) {
      assert.match((await page.locator('#detections').textContent()) ?? '', /animal/);
      await page.keyboard.press('ArrowRight');
    }
  });

  it('says where a spectrum has no frame', async () => {
    await page.getByRole('slider', { name: 'Frame set' }).fill('11');
    assert.match(await where(page), /partial/);
    assert.equal(await page.locator('.pane[data-spectrum="mir"] .pane-note').textContent(), 'No frame in this set');
  });

  it('draws attention over time by the figure that is chosen', async () => {
    const energy = await pixelsOf(page, '#attention-chart canvas');
    await page.locator('#attention-figure').selectOption('energyGain');
    await picturesShown(page);
    assert.ok(differ(await pixelsOf(page, '#attention-chart canvas'), energy));
    assert.equal(await page.locator('#latency-rows tr').count(), 4);
  });
});

describe('the report in Chromium: a second method', function () {
  this.timeout(120_000);
  let browser: Browser;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'msal-report-'));
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('shows its maps and their standard errors where a set has them, and finds such sets', async () => {
    const file = path.join(folder, 'report.html');
    const writer = await ReportWriter.create(file, { ...SAMPLE_OPTIONS, explainedBy: 'RISE <b>, 30 masks' });
    for (const [n, set] of [...syntheticDrive({ sets: 6, shrink: 2 })].entries())
      await writer.addFrameSet(n % 3 === 1 ? explainedSet(set) : set);
    await writer.close({ completed: true });
    const { page, troubles } = await openReport(browser, file);
    const choose = async (label: string): Promise<Uint8Array> => {
      await page.locator('#map-kind').selectOption({ label });
      await picturesShown(page);
      return paneOf(page, 'rgb');
    };
    await picturesShown(page, 0);
    const own = await paneOf(page, 'rgb');
    const before = await choose('RISE <b>, 30 masks');
    assert.ok(differ(own, before), 'a set that was not explained shows no heat');
    assert.match(
      (await page.locator('.pane-note').first().textContent()) ?? '',
      /^Not explained by RISE <b>, 30 masks$/,
    );

    await page.getByLabel('explained only').check();
    assert.match((await page.locator('#frame-count').textContent()) ?? '', /^2 of 6/);
    await picturesShown(page, 1);
    const maps = [await choose('Grad-CAM'), await choose('RISE <b>, 30 masks')];
    maps.push(await choose('RISE <b>, 30 masks: standard error'));
    assert.ok(differ(maps[0], maps[1]) && differ(maps[1], maps[2]) && differ(maps[0], maps[2]));
    assert.equal(await page.locator('.pane-note').first().textContent(), '');

    await page.locator('#detections button').first().click();
    await until(page, `document.querySelector('#second-opinion') !== null`);
    assert.equal(
      await page.locator('#second-opinion').textContent(),
      'RISE <b>, 30 masks: not found again in 7 of 30 passes, 25 % of its map in the box.',
    );
    assert.deepEqual(troubles, []);
    await page.close();
  });
});

/** The set with explanations whose maps look left and whose errors look down. */
function explainedSet(set: ReportFrameSet): ReportFrameSet {
  const map = (at: (x: number, y: number) => number): ReportMap => ({
    width: 8,
    height: 8,
    values: Float32Array.from({ length: 64 }, (_, i) => at(i % 8, Math.floor(i / 8))),
  });
  const explanation = {
    map: map((x) => 7 - x),
    standardError: map((_, y) => y),
    lost: 7,
    passes: 30,
    energyInBox: 0.25,
  };
  const frames = set.frames.map((frame) => ({
    ...frame,
    detections: frame.detections.map((detection) => ({ ...detection, explanation })),
  }));
  return { ...set, frames };
}
