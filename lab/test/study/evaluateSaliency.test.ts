import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isLocked } from './isLocked.js';
import { decode } from 'fast-png';
import type { Browser } from 'playwright-core';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { runMsal, type MsalRun } from '../../../test/cli/runMsal.js';
import { startBrowser } from '../../../test/report/browser.js';
import { TINY, writeSmallData } from './smallData.js';

const PICTURES = 4;

/** What must not depend on kills, workers or time. */
const NUMBERS = ['results.json', 'values.csv', 'curves.csv', 'tables/table-2.md', 'tables/differences.tex'];

describe('msal evaluate saliency', function () {
  this.timeout(600_000);
  let folder = '';
  let data = '';
  const at = (name: string): string => path.join(folder, name);
  const command = (output: string, ...more: string[]): string[] => [
    ...[
      'evaluate',
      'saliency',
      data,
      '--images',
      '9',
      '--methods',
      'grad-cam,grad-cam-none,rise,box',
      '--networks',
      TINY,
    ],
    ...[
      '--masks',
      '12',
      '--steps',
      '6',
      '--blur',
      '2',
      '--pictures',
      '2',
      '--workers',
      '1',
      '--output',
      at(output),
      ...more,
    ],
  ];
  const lines = (output: string): number => {
    const file = path.join(at(output), 'journal.jsonl');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
  };
  let whole: MsalRun;

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'msal-saliency-'));
    data = at('data');
    await writeSmallData(data, PICTURES);
    whole = await runMsal(command('whole'));
  });
  after(() => rm(folder, { recursive: true }));

  it('measures every picture by every method and says what it found', async () => {
    assert.equal(whole.code, 0, whole.stderr);
    assert.match(whole.stdout, /\| Grad-CAM \| RGB \| 0\.22 ± 0\.24 \| \d\.\d\d ± \d\.\d\d \|/);
    assert.match(whole.stdout, /\d+ forward passes; workers were busy for \d+ s, \d+\.\d\d × the \d+ s/);
    const values = (await readFile(at('whole/values.csv'), 'utf8')).trimEnd().split('\r\n');
    assert.equal(values.length, 1 + 4 * PICTURES);
    const schema = z.object({
      networks: z.array(z.object({ pictures: z.number(), withoutTarget: z.number(), withMask: z.number() })),
      rows: z.array(z.object({ method: z.string(), figures: z.record(z.string(), z.object({ count: z.number() })) })),
    });
    const results = schema.parse(JSON.parse(await readFile(at('whole/results.json'), 'utf8')));
    // The last picture has no labels: its target is measured, but not against a mask.
    assert.deepEqual(results.networks, [{ pictures: PICTURES, withoutTarget: 0, withMask: PICTURES - 1 }]);
    for (const { figures } of results.rows) {
      assert.equal(figures['deletion']?.count, PICTURES);
      assert.equal(figures['averagePrecision']?.count, PICTURES - 1);
    }
    assert.equal(isLocked(at('whole')), false);
  });

  it('has the same numbers after kills at any time, and with another number of workers', async () => {
    let kills = 0;
    for (let wanted = 1; wanted <= PICTURES; wanted++) {
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
      await truncate(journal, readFileSync(journal).length - 3 * (wanted % 2));
    }
    assert.ok(kills >= 2, `only ${kills} kills`);
    const last = await runMsal(command('killed', '--workers', '2'));
    assert.equal(last.code, 0, last.stderr);
    for (const name of NUMBERS)
      assert.equal(await readFile(at(`killed/${name}`), 'utf8'), await readFile(at(`whole/${name}`), 'utf8'), name);
  });

  it('does not mix two runs', async () => {
    let second: Promise<MsalRun> | undefined;
    const short = command('locked', '--images', '2', '--methods', 'box');
    const first = runMsal(short, {
      whileRunning: (child) => {
        const watch = setInterval(() => {
          if (second || !isLocked(at('locked'))) return;
          second = runMsal(short);
          void second.then(() => clearInterval(watch));
        }, 5);
        child.on('close', () => clearInterval(watch));
      },
    });
    assert.equal((await first).code, 0);
    const refused = await second;
    assert.equal(refused?.code, 2);
    assert.match(refused?.stderr ?? '', /another run \(process \d+\) is writing there/);
    const other = await runMsal(command('whole', '--seed', '2'));
    assert.equal(other.code, 2);
    assert.match(other.stderr, /belongs to a run with other settings/);
  });

  it('says what is wrong with what it is given', async () => {
    const none = await runMsal(['evaluate', 'saliency', folder, '--output', at('none')]);
    assert.equal(none.code, 3);
    assert.match(none.stderr, /holds neither/);
    const method = await runMsal(['evaluate', 'saliency', data, '--methods', 'lime', '--output', at('none')]);
    assert.equal(method.code, 2);
    assert.match(method.stderr, /there is no method lime/);
    const network = await runMsal(['evaluate', 'saliency', data, '--networks', data, '--output', at('none')]);
    assert.equal(network.code, 5);
  });

  it('writes every figure as SVG and as PNG with text in it', async () => {
    const figures = await readdir(at('whole/figures'));
    const named = figures.filter((name) => name.endsWith('.svg')).map((name) => path.parse(name).name);
    for (const name of ['overview', 'curves-efficientdet-tiny', 'maps-example', 'maps-single-spectrum', 'maps-relu'])
      assert.ok(named.includes(name), `${name} of ${named.join(', ')}`);
    for (const name of named) {
      const png = decode(await readFile(at(`whole/figures/${name}.png`)));
      assert.equal(png.width, 1600);
      let dark = 0;
      for (let i = 0; i < png.data.length; i += png.channels) if (png.data[i] < 60) dark++;
      assert.ok(dark > 500, `${name}: ${dark} dark pixels`);
    }
  });

  describe('its page', () => {
    let browser: Browser;
    before(async () => {
      browser = await startBrowser();
    });
    after(() => browser.close());

    for (const width of [1400, 420])
      it(`shows tables, curves and maps ${width} pixels wide, asks for nothing and complains of nothing`, async () => {
        const page = await browser.newPage({ viewport: { width, height: 900 } });
        const troubles: string[] = [];
        const requests: string[] = [];
        const address = pathToFileURL(at('whole/report.html')).href;
        page.on('console', (message) => troubles.push(message.text()));
        page.on('pageerror', (error) => troubles.push(String(error)));
        page.on('request', (request) => {
          if (!request.url().startsWith('data:') && request.url() !== address) requests.push(request.url());
        });
        await page.goto(address);
        assert.deepEqual([troubles, requests], [[], []]);
        const seen = await page.evaluate<Record<string, number>>(`({
          overflow: document.documentElement.scrollWidth - innerWidth,
          tables: document.querySelectorAll('table').length,
          rows: document.querySelectorAll('#table tbody tr').length,
          flat: [...document.querySelectorAll('figure > svg')].filter((svg) => svg.getBoundingClientRect().height < 60).length,
          charts: document.querySelectorAll('figure > svg').length,
          maps: document.querySelectorAll('svg image').length,
        })`);
        assert.ok(seen['overflow'] <= 0, JSON.stringify(seen));
        assert.deepEqual([seen['rows'], seen['flat']], [4, 0]);
        assert.ok(seen['tables'] >= 6 && seen['charts'] >= 6 && seen['maps'] >= 15, JSON.stringify(seen));
        const broken =
          await page.evaluate<number>(`Promise.all([...document.querySelectorAll('svg image')].map((element) => {
          const image = new Image();
          image.src = element.getAttribute('href');
          return image.decode().then(() => image.naturalWidth > 0 ? 0 : 1, () => 1);
        })).then((all) => all.reduce((sum, one) => sum + one, 0))`);
        assert.equal(broken, 0);
        const text = await page.evaluate<string>('document.body.innerText');
        for (const words of ['The absolute values can therefore not be compared', '6 steps', 'Holm', 'RISE'])
          assert.ok(text.includes(words), words);
        await page.close();
      });
  });
});
