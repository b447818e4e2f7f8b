import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../packageRoot.js';

/** The page around the data: `head`, then data elements, then `tail`. */
export interface PageShell {
  readonly head: string;
  readonly tail: string;
}

/** Made by `npm run build`; see `scripts/setup/bundlePage.js`. */
const PAGE_FOLDER = path.join(packageRoot, 'dist', 'report-page');
/** `<!-- {{name}} -->` stands for an element, `{{name}}` for text. */
const PLACEHOLDER = /<!-- \{\{(\w+)\}\} -->|\{\{(\w+)\}\}/g;
let bundle: Promise<{ script: string; style: string; template: string }> | undefined;

/**
 * The page with everything inlined. Its content security policy allows exactly this one script and this one style sheet
 * (by hash) and nothing else: no network, no other script, no inline handler, and no assignment of markup from strings.
 */
export async function pageShell(title: string): Promise<PageShell> {
  const { script, style, template } = await (bundle ??= loadBundle());
  const policy = [
    "default-src 'none'",
    `script-src '${sourceHash(script)}'`,
    `style-src '${sourceHash(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  const parts = new Map([
    ['policy', policy],
    ['title', escapeText(title)],
    ['style', `<style>${style}</style>`],
    ['script', `<script>${script}</script>`],
  ]);
  const filled = (text: string): string =>
    text.replaceAll(
      PLACEHOLDER,
      (_, inComment?: string, inText?: string) => parts.get(inComment ?? inText ?? '') ?? '',
    );
  const [head, tail] = template.split('<!-- {{data}} -->');
  if (head === undefined || tail === undefined) throw new Error('page/shell.html has no place for the data');
  return { head: filled(head), tail: filled(tail) };
}

async function loadBundle(): Promise<{ script: string; style: string; template: string }> {
  const read = (name: string): Promise<string> => readFile(path.join(PAGE_FOLDER, name), 'utf8');
  const [script, style, template] = await Promise.all([read('main.js'), read('main.css'), read('shell.html')]);
  return { script, style, template };
}

function sourceHash(text: string): string {
  return `sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
