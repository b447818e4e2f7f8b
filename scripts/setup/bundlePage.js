import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from './step.js';

/** The report's page as one script and one style sheet, beside the compiled sources: what is installed needs no bundler. */
export async function bundlePage() {
  const { build } = await import('esbuild');
  const source = path.join(packageRoot, 'src/report/page');
  const target = path.join(packageRoot, 'dist/report-page');
  const licence = readFileSync(path.join(packageRoot, 'node_modules/uplot/LICENSE'), 'utf8');
  mkdirSync(target, { recursive: true });
  await build({
    entryPoints: [path.join(source, 'main.ts'), path.join(source, 'main.css')],
    outdir: target,
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['chrome103', 'firefox113', 'safari16.4'],
    charset: 'utf8',
    banner: { js: `/*! Charts: uPlot.\n${licence.replaceAll('\r', '')}*/` },
    logLevel: 'silent',
  });
  cpSync(path.join(source, 'shell.html'), path.join(target, 'shell.html'));
}
