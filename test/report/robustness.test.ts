import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import type { ReportFrameSet } from '../../src/report/reportInput.js';
import { ReportWriter } from '../../src/report/reportWriter.js';
import { openReport, picturesShown, pixelsOf, startBrowser, until } from './browser.js';
import { SAMPLE_OPTIONS, writeSample } from './sampleReport.js';
import { syntheticDrive } from './syntheticDrive.js';

describe('the report in Chromium: what it must withstand', function () {
  this.timeout(180_000);
  let browser: Browser;
  let folder: string;
  let file: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'msal-report-'));
    file = path.join(folder, 'report.html');
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('shows hostile names as the text they are', async () => {
    const hostile = '</script><img src=x onerror="window.harmed=1"><script>window.harmed=1</script>&lt;b&gt;';
    const texts = {
      title: hostile,
      source: hostile,
      method: hostile,
      provenance: [{ label: hostile, value: hostile }],
    };
    const models = [{ name: hostile, sha256: hostile, spectra: [hostile], detail: hostile }];
    const writer = await ReportWriter.create(file, { ...SAMPLE_OPTIONS, ...texts, models });
    for (const set of syntheticDrive({ sets: 3, shrink: 4, classNames: [hostile, 'car'], topicOf: () => hostile })) {
      await writer.addFrameSet({ ...set, latencyMs: { [hostile]: 3 } });
    }
    writer.addLoss({ what: hostile, topic: hostile });
    await writer.close({ completed: true, cards: [{ label: hostile, value: hostile }], notes: [hostile] });
    const { page, troubles, requests } = await openReport(browser, file);
    await picturesShown(page, 0);
    await page.locator('#detections button').first().click();
    await page.waitForSelector('canvas.own-map');
    assert.equal(await page.evaluate('window.harmed'), undefined);
    assert.equal(await page.locator('img, b').count(), 0);
    assert.equal(await page.title(), hostile);
    const places = [
      'h1',
      '#detections button',
      '.pane-topic',
      '#lanes th',
      '#latency-rows th',
      '#loss-rows td',
      '#selected h4',
    ];
    for (const place of [...places, '#notes', '#models th', '#provenance dd', '#only-class', '.u-legend']) {
      const shown = await page.locator(place).allTextContents();
      assert.ok(
        shown.some((text) => text.includes(hostile)),
        `${place} shows ${shown.join()}`,
      );
    }
    assert.deepEqual(troubles, []);
    assert.deepEqual(requests, []);
    await page.close();
  });

  it('would not run injected markup: no script, no handler, no string made into markup', async () => {
    await writeSample(file, { sets: 2, shrink: 4 });
    const { page, troubles } = await openReport(browser, file);
    await page.evaluate(`{
      const script = document.createElement('script');
      script.append('window.harmed = 1');
      document.body.append(script);
      const image = document.createElement('img');
      try { image.setAttribute('onerror', 'window.harmed = 1'); } catch {}
      image.setAttribute('src', 'data:,');
      document.body.append(image);
      try { document.body.insertAdjacentHTML('beforeend', '<p id="made">'); } catch {}
    }`);
    await page.waitForTimeout(100);
    assert.equal(await page.evaluate('window.harmed'), undefined);
    assert.equal(await page.locator('#made').count(), 0);
    assert.ok(
      troubles.length >= 3 && troubles.every((text) => /Content Security Policy|Trusted(HTML|Script)/.test(text)),
      troubles.join('\n'),
    );
    await page.close();
  });

  it('says what it left out to honour the cap, and steps over it unless asked', async () => {
    const { bytes, picturesKept } = await writeSample(
      file,
      { sets: 30, times: 10, shrink: 2 },
      { sizeCapBytes: 1_000_000 },
    );
    assert.ok(bytes <= 1_000_000 && picturesKept < 300);
    const { page, troubles } = await openReport(browser, file);
    await picturesShown(page, 0);
    const notes = (await page.locator('#notes').textContent()) ?? '';
    assert.ok(
      notes.includes(
        `To stay under 1 MB, this report holds the pictures and maps of ${picturesKept} of 300 frame sets`,
      ),
      notes,
    );
    assert.match(notes, /figures of every frame set are kept/);
    assert.equal(await page.locator('#frame-count').textContent(), `${picturesKept} of 300 frame sets`);
    await page.keyboard.press('ArrowRight');
    await picturesShown(page);
    assert.equal(await page.locator('.pane-note').first().textContent(), '');
    await page.locator('#only-pictures').uncheck();
    assert.equal(await page.locator('#frame-count').textContent(), '300 of 300 frame sets');
    await page.locator('h1').click();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await until(page, `document.querySelector('.pane-note').textContent !== ''`);
    assert.equal(await page.locator('.pane-note').first().textContent(), 'Picture left out to keep the report small');
    assert.ok((await page.locator('#detections button').count()) > 0);
    await page.locator('#detections button').first().click();
    await page.getByText('Its map is not in the report.').waitFor();
    assert.deepEqual(troubles, []);
    await page.close();
  });

  it('stays small in the tree and steps anywhere with 2,000 frame sets', async () => {
    await writeSample(file, { sets: 20, times: 100, shrink: 8 });
    const { page, troubles } = await openReport(browser, file);
    await picturesShown(page, 0);
    const elements = (): Promise<number> => page.evaluate<number>('document.querySelectorAll("*").length');
    const atStart = await elements();
    assert.ok(atStart < 1500, `${atStart} elements`);
    await page.keyboard.press('End');
    await picturesShown(page, 1999);
    assert.match((await page.locator('#where').textContent()) ?? '', /2000 of 2000/);
    assert.equal(await page.locator('.frame-row[aria-selected="true"]').isVisible(), true);
    await page.locator('#sort-key').selectOption('energyInBox');
    await page.evaluate(
      `{ const list = document.getElementById('frame-list'); list.scrollTop = list.scrollHeight / 2; }`,
    );
    await until(page, `Number(document.querySelector('.frame-row').getAttribute('aria-posinset')) > 900`);
    assert.ok((await elements()) < 1500);
    assert.deepEqual(troubles, []);
    await page.close();
  });

  it('says which picture cannot be decoded, and shows the rest', async () => {
    const [set] = syntheticDrive({ sets: 1, shrink: 4 });
    assert.ok(set);
    const writer = await ReportWriter.create(file, SAMPLE_OPTIONS);
    const frames = set.frames.map((frame) =>
      frame.spectrum === 'nir' ? { ...frame, picture: Uint8Array.of(255, 216, 1, 2) } : frame,
    );
    await writer.addFrameSet({ ...set, frames });
    await writer.close({ completed: true });
    const { page, troubles } = await openReport(browser, file);
    await picturesShown(page, 0);
    const notes = await page.locator('.pane-note').allTextContents();
    assert.deepEqual(notes, ['', 'This picture cannot be decoded', '', '']);
    assert.deepEqual(troubles, []);
    await page.close();
  });

  it('opens a report of nothing, one of boxes only, and one whose numbers are missing', async () => {
    const nothing: ReportFrameSet[] = [];
    const bare: ReportFrameSet = {
      index: 0,
      stampNs: -5n,
      frames: [
        {
          spectrum: 'mir',
          topic: '/mir',
          width: 320,
          height: 256,
          detections: [{ className: 'bump', score: NaN, box: { x1: NaN, y1: 0, x2: 10, y2: 10 }, level: 3 }],
        },
      ],
    };
    for (const sets of [nothing, [bare]]) {
      const writer = await ReportWriter.create(file, SAMPLE_OPTIONS);
      for (const set of sets) await writer.addFrameSet(set);
      await writer.close({ completed: false });
      const { page, troubles } = await openReport(browser, file);
      assert.equal(await page.locator('#interrupted').isVisible(), true);
      for (const key of ['ArrowRight', 'End', 'Space', 'n', 'Escape']) await page.keyboard.press(key);
      if (sets.length > 0) {
        await page.locator('#detections button').first().click();
        await page.getByText('There is no map of this detection.').waitFor();
      }
      assert.deepEqual(troubles, []);
      await page.close();
    }
  });

  it('fits its width at 800, 1,280 and 1,920 pixels, in both themes, long names and all', async () => {
    const name = 'a very long class name that somebody gave to a thing_without_a_space_that_goes_on_and_on';
    await writeSample(file, { sets: 12, shrink: 4, classNames: [name, 'car'], topicOf: () => `/${name}` });
    const grounds = new Set<string>();
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const [width, columns] of [
        [1920, 4],
        [1280, 4],
        [800, 2],
      ] as const) {
        const { page, troubles } = await openReport(browser, file, { width, colorScheme });
        await picturesShown(page, 0);
        assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width);
        const lefts = await page.evaluate<number[]>(
          `[...document.querySelectorAll('.pane')].map((pane) => pane.getBoundingClientRect().left)`,
        );
        assert.equal(new Set(lefts).size, columns);
        const table = await page.evaluate<{ needs: number; has: number }>(`(() => {
          const { parentElement } = document.getElementById('detections').closest('table');
          return { needs: parentElement.scrollWidth, has: parentElement.clientWidth };
        })()`);
        assert.ok(table.needs <= table.has, `the detections need ${table.needs} pixels of ${table.has}`);
        await page.keyboard.press('1');
        const shown = await page.evaluate<number[]>(
          `[...document.querySelectorAll('.pane:not([hidden])')].map((pane) => pane.getBoundingClientRect().left)`,
        );
        assert.equal(new Set(shown).size, columns === 4 ? 3 : 2);
        grounds.add(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'));
        assert.deepEqual(troubles, []);
        await page.close();
      }
    }
    assert.equal(grounds.size, 2);
  });

  it('shows small shares of attention, and the last set of the timeline as wide as the others', async () => {
    const drive = [...syntheticDrive({ sets: 4, shrink: 4, classNames: ['car'] })];
    const writer = await ReportWriter.create(file, SAMPLE_OPTIONS);
    for (const set of drive) {
      const frames = set.frames.map((frame) => ({
        ...frame,
        detections: frame.detections.map((detection) => ({
          ...detection,
          attention: { energyInBox: 0.02, energyGain: 2, peakInBox: true },
        })),
      }));
      await writer.addFrameSet({ ...set, frames });
    }
    await writer.close({ completed: true });
    const { page, troubles } = await openReport(browser, file);
    await picturesShown(page, 0);
    // Lines have a colour, the grid is grey: with 2 % in every box, lines run through the upper half.
    const coloured = (pixels: Uint8Array): boolean[] =>
      Array.from({ length: pixels.length / 4 }, (_, at) => {
        const [red = 0, green = 0, blue = 0, alpha = 0] = pixels.subarray(at * 4, at * 4 + 4);
        return alpha > 128 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60;
      });
    const chart = coloured(await pixelsOf(page, '#attention-chart canvas'));
    assert.ok(chart.slice(0, chart.length / 2).some(Boolean));
    const width = await page.evaluate<number>(`document.querySelector('canvas.lane').width`);
    const lane = coloured(await pixelsOf(page, 'canvas.lane'));
    const fir = lane.slice(-Math.floor(width * 3)).slice(0, width);
    assert.ok(fir.slice(Math.ceil(width * 0.77), Math.floor(width * 0.97)).every(Boolean));
    assert.deepEqual(troubles, []);
    await page.close();
  });

  it('leaves out what takes several spectra where there is one', async () => {
    const writer = await ReportWriter.create(file, SAMPLE_OPTIONS);
    for (const set of syntheticDrive({ sets: 3, shrink: 4 }))
      await writer.addFrameSet({ ...set, frames: set.frames.filter(({ spectrum }) => spectrum === 'fir') });
    await writer.close({ completed: true });
    const { page, troubles } = await openReport(browser, file);
    await picturesShown(page, 0);
    assert.equal(await page.locator('#dissimilarity').isVisible(), false);
    assert.equal(await page.locator('#sort-key option[value=dissimilarity]').count(), 0);
    assert.doesNotMatch((await page.locator('#where').textContent()) ?? '', /dissimilarity/);
    assert.deepEqual(troubles, []);
    await page.close();
  });

  it('names every control', async () => {
    await writeSample(file, { sets: 3, shrink: 4 });
    const { page } = await openReport(browser, file);
    const nameless = await page.evaluate<
      string[]
    >(`[...document.querySelectorAll('button, input, select, canvas[role=img]')]
      .filter((control) => !control.getAttribute('aria-label') && !control.textContent.trim() && !control.closest('label'))
      .map((control) => control.outerHTML)`);
    assert.deepEqual(nameless, []);
    await page.close();
  });

  it('says clearly that Chromium is missing', async () => {
    const before = process.env['MSAL_TEST_CHROMIUM'];
    process.env['MSAL_TEST_CHROMIUM'] = path.join(folder, 'no-browser');
    try {
      await assert.rejects(startBrowser(), /need Chromium and there is none at .*no-browser: run `npm run setup`/);
    } finally {
      if (before === undefined) delete process.env['MSAL_TEST_CHROMIUM'];
      else process.env['MSAL_TEST_CHROMIUM'] = before;
    }
  });
});
