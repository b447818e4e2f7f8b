import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
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

/** What a pane's canvas shows, as a data address; equal pixels give equal texts. */
export async function canvasOf(page: Page, spectrum: string): Promise<string> {
  return page.evaluate<string>(`document.querySelector('.pane[data-spectrum="${spectrum}"] canvas').toDataURL()`);
}
