import { existsSync } from 'node:fs';
import path from 'node:path';
import { packageRoot, runLogged, SetupError, step } from './step.js';

const MINIMUM_NODE = [20, 19];

/** Refuses a Node that is too old, before anything fails in a stranger way. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])) return;
  throw new SetupError(
    `Node.js ${process.versions.node} is too old`,
    `install Node.js ${MINIMUM_NODE.join('.')} or later`,
  );
}

/** The npm packages. Their install scripts stay off: OpenCV's and ROS's bindings are compiled by steps of their own. */
export async function installPackages() {
  const present = () => existsSync(path.join(packageRoot, 'node_modules/typescript/bin/tsc'));
  await step('npm-packages', { files: ['package-lock.json'], present }, (log) =>
    runLogged('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], log),
  );
}

/** Compiles TypeScript and bundles the report's page where a source is newer than what was made of it. */
export async function compile() {
  const { newestSource, compiledAt } = await import('./sources.js');
  if (newestSource() <= compiledAt()) return;
  const started = Date.now();
  process.stderr.write('set-up: compiling …\n');
  await runLogged(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-b'],
    path.join(packageRoot, '.cache/compile.log'),
  );
  const { bundlePage } = await import('./bundlePage.js');
  await bundlePage();
  const { markCompiled } = await import('./sources.js');
  markCompiled();
  process.stderr.write(`set-up: compiling done in ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
}
