import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { decode } from 'fast-png';
import { chromium, type Browser, type Page } from 'playwright-core';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
];

/** Starts the Chromium that set-up installs, or the one that `MSAL_TEST_CHROMIUM` names. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = process.env['MSAL_TEST_CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(
      `the report's tests need Chromium and there is none at ${executablePath}: run \`npm run setup\`, ` +
        'or set MSAL_TEST_CHROMIUM to a Chromium or Chrome executable',
    );
  }
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A report that is open in a page, with everything that went wrong in it so far. */
export interface OpenReport {
  readonly page: Page;
  /** Console errors and warnings, uncaught exceptions. */
  readonly troubles: string[];
  /** Addresses that the page asked for, other than the file itself. */
  readonly requests: string[];
}

/** Opens `file` by its `file://` address and waits until its controls work. */
export async function openReport(
  browser: Browser,
  file: string,
  view: { width?: number; height?: number; colorScheme?: 'light' | 'dark' } = {},
): Promise<OpenReport> {
  const { width = 1400, height = 1000, colorScheme = 'light' } = view;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  const troubles: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text());
  });
  page.on('pageerror', (error) => troubles.push(String(error)));
  const address = pathToFileURL(file).href;
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== address) requests.push(request.url());
  });
  await page.goto(address);
  await page
    .waitForSelector('html[data-ready="true"]', { state: 'attached', timeout: 60_000 })
    .catch((error: unknown) => {
      throw new Error(`the report did not get ready: ${troubles.join('; ')}`, { cause: error });
    });
  return { page, troubles, requests };
}

/** Waits until the pictures of the set that is shown are decoded and drawn. */
export async function picturesShown(page: Page, n?: number): Promise<void> {
  await page.waitForSelector(n === undefined ? '#panes[data-decoded]' : `#panes[data-decoded="${n}"]`);
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
}

/** Waits until a JavaScript expression is true in the page. (Playwright's own waiting is refused by the page's policy.) */
export async function until(page: Page, expression: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await page.evaluate<boolean>(expression))) {
    if (Date.now() > deadline) throw new Error(`this never came true: ${expression}`);
    await page.waitForTimeout(20);
  }
}

/** The pixels of the first canvas that `selector` finds. */
export async function pixelsOf(page: Page, selector: string): Promise<Uint8Array> {
  const address = await page.evaluate<string>(`document.querySelector(${JSON.stringify(selector)}).toDataURL()`);
  return Uint8Array.from(decode(Buffer.from(address.split(',')[1] ?? '', 'base64')).data);
}

/** The pixels that a spectrum's pane shows. */
export function paneOf(page: Page, spectrum: string): Promise<Uint8Array> {
  return pixelsOf(page, `.pane[data-spectrum="${spectrum}"] canvas`);
}

/**
 * Whether two pictures of equal size differ visibly: more than 0.02 % of their values by more than 12 levels. (Chromium
 * rounds differently when it moves a canvas from one kind of memory to another, so equal drawings differ by a few levels.)
 */
export function differ(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) throw new Error('pictures of different sizes');
  const changed = a.reduce((count, value, index) => count + Number(Math.abs(value - (b[index] ?? 0)) > 12), 0);
  return changed > a.length * 2e-4;
}
