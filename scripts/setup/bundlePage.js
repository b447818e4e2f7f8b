import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { packageRoot } from './step.js';

/**
 * The report's page as one script and one style sheet, beside the compiled sources: what is installed needs no bundler.
 *
 * @param {string} [root] folder with `src`, `node_modules` and `dist`
 */
export async function bundlePage(root = packageRoot) {
  // The bundler that belongs to these sources.
  const { build } = createRequire(path.join(root, 'package.json'))('esbuild');
  const source = path.join(root, 'src/report/page');
  const target = path.join(root, 'dist/report-page');
  const licence = readFileSync(path.join(root, 'node_modules/uplot/LICENSE'), 'utf8');
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
