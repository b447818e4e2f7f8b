import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { packageRoot } from '../packageRoot.js';

/** The page around the data: `head`, then data elements, then `tail`. */
export interface PageShell {
  readonly head: string;
  readonly tail: string;
}

const PAGE_FOLDER = path.join(packageRoot, 'src', 'report', 'page');
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
  const licence = await readFile(path.join(packageRoot, 'node_modules', 'uplot', 'LICENSE'), 'utf8');
  const { outputFiles } = await build({
    entryPoints: [path.join(PAGE_FOLDER, 'main.ts'), path.join(PAGE_FOLDER, 'main.css')],
    outdir: PAGE_FOLDER,
    write: false,
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['chrome103', 'firefox113', 'safari16.4'],
    charset: 'utf8',
    banner: { js: `/*! Charts: uPlot.\n${licence.replaceAll('\r', '')}*/` },
    logLevel: 'silent',
  });
  const text = (extension: string): string => {
    const file = outputFiles.find(({ path: name }) => name.endsWith(extension));
    if (file === undefined) throw new Error(`the page's bundle has no ${extension} file`);
    return file.text;
  };
  const template = await readFile(path.join(PAGE_FOLDER, 'shell.html'), 'utf8');
  return { script: text('.js'), style: text('.css'), template };
}

function sourceHash(text: string): string {
  return `sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
