import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { packageRoot, SetupError } from './step.js';

/**
 * What tests need besides the npm packages and the compiled sources, the one place where it is said: the first pattern that a file's path
 * begins with counts. A room that is not named needs OpenCV's binding, as whatever starts a worker or `msal` does.
 *
 * - `opencv`: the binding, compiled
 * - `python`: independent readers and PyTorch of `test/requirements.txt` (`MSAL_TEST_PYTHON`)
 * - `browser`: a Chromium
 * - `ros`: a ROS 2, sourced or from wheels, with rclnodejs and our messages
 * - `training`: the training project's PyTorch, and what its smoke run leaves
 */
const NEEDS = [
  ...['geometry', 'onnx', 'maps', 'fusion', 'drift', 'tracking', 'messages', 'workers', 'files', 'frameLog'].map(
    (room) => [`test/${room}/`, []],
  ),
  ['test/setup/', []],
  ['test/printable.test.ts', []],
  ['test/outputError.test.ts', []],
  ['lab/test/numbers/', []],
  ['test/bag/writerPeers.test.ts', ['python']],
  ['test/bag/flavours.test.ts', ['python']],
  ['test/bag/damageCases.test.ts', ['opencv']],
  ['test/bag/', []],
  ['test/report/page/', []],
  ['test/report/', ['opencv', 'browser']],
  ['test/explain/queue/explainLoop.test.ts', ['opencv', 'python']],
  ['test/explain/run/riseReference.test.ts', ['opencv', 'python']],
  ['test/explain/estimates/', []],
  ['test/cli/replay', ['opencv', 'python', 'browser']],
  ['test/ros/play/', []],
  ['test/ros/', ['opencv', 'ros']],
  ['lab/test/study/evaluateSaliency.test.ts', ['opencv', 'browser']],
  ['lab/test/training/', ['training']],
];

export const ALL_NEEDS = ['opencv', 'python', 'browser', 'ros', 'training'];

/** @param {string} file relative to the package @returns {readonly string[]} */
export function needsOf(file) {
  const found = NEEDS.find(([prefix]) => file.startsWith(prefix));
  return found ? found[1] : ['opencv'];
}

/** @param {readonly string[]} files as `chosenTests` gives them */
export function needsOfAll(files) {
  return new Set(files.flatMap(needsOf));
}

/**
 * The test files that arguments name: a file as it is written or as it is compiled, or a folder.
 *
 * @param {readonly string[]} args
 * @returns {string[]} `.test.ts` files, relative to the package
 */
export function chosenTests(args, cwd = process.cwd()) {
  return [...new Set(args.flatMap((arg) => testsOf(arg, cwd)))];
}

function testsOf(arg, cwd) {
  const within = path.relative(packageRoot, path.resolve(cwd, arg)).replace(/^dist\//, '');
  const source = within.replace(/\.js$/, '.ts');
  const absolute = path.join(packageRoot, source);
  const remedy = 'name a test file or a folder of tests, such as test/geometry/nms.test.ts or test/geometry';
  if (!/^(lab\/)?test(\/|$)/.test(source)) throw new SetupError(`${arg} is no test of this package`, remedy);
  if (!existsSync(absolute)) throw new SetupError(`there is no ${source}`, remedy);
  if (!statSync(absolute).isDirectory()) {
    if (!source.endsWith('.test.ts')) throw new SetupError(`${source} is no test file`, remedy);
    return [source];
  }
  const found = readdirSync(absolute, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => path.join(source, name));
  if (found.length === 0) throw new SetupError(`there are no tests in ${source}`, remedy);
  return found.sort();
}
