#!/usr/bin/env node
/**
 * Entry point of `npm run demo`, `npm test`, `npm run bench` and `npm run setup`: sees to everything that they need, then starts
 * them. What is there already is not done again, so a second run starts at once.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { setUpRos } from './ros.js';
import { isRosSourced } from './ros/environment.js';
import { withSetupLock } from './setup/lock.js';
import { setUpOpenCv } from './setup/opencv.js';
import { checkNode, compile, installPackages } from './setup/packages.js';
import { setUpPython, virtualEnvironment } from './setup/python.js';
import { packageRoot, runShown, SetupError } from './setup/step.js';
import { hasProgram, systemPackages } from './setup/systemPackages.js';
import { ALL_NEEDS, chosenTests, needsOfAll } from './setup/testNeeds.js';

async function setUpToCompile() {
  checkNode();
  await installPackages();
  await compile();
}

/** What every command needs. */
async function setUpCore() {
  checkNode();
  await installPackages();
  await setUpOpenCv();
  await compile();
}

/** What the commands and, where there is a ROS 2, the nodes need. */
async function setUpProduct() {
  await setUpCore();
  if (isRosSourced()) await setUpRos({ log: tellRos });
}

const tellRos = (line) => process.stderr.write(`set-up: ${line}\n`);

/**
 * What the tests need besides: independent readers, PyTorch, a browser and a ROS 2.
 *
 * @param {ReadonlySet<string>} needs see setup/testNeeds.js
 */
async function setUpForTests(needs = new Set(ALL_NEEDS)) {
  checkNode();
  await installPackages();
  if (needs.has('opencv')) await setUpOpenCv();
  await compile();
  const env = { ...process.env };
  if (needs.has('python') || needs.has('ros') || needs.has('training')) await setUpPython();
  if (needs.has('python'))
    env.MSAL_TEST_PYTHON = await virtualEnvironment('test-tools', '.venv', 'test/requirements.txt');
  if (needs.has('training'))
    env.MSAL_TRAINING_PYTHON = await virtualEnvironment(
      'training-tools',
      'training/.venv',
      'training/requirements.lock',
    );
  if (needs.has('browser'))
    await systemPackages(
      'chromium',
      ['chromium'],
      () => process.env.MSAL_TEST_CHROMIUM !== undefined || hasProgram('chromium'),
    );
  if (needs.has('ros')) await setUpRos({ log: tellRos });
  return env;
}

/** What the benches of the nodes need: a ROS 2, no PyTorch. */
const setUpForRosBench = () => setUpForTests(new Set(['opencv', 'ros']));

/** A bench of lab/bench; those who only ask for its options wait for nothing but the compiler. */
async function bench(file, args, setUp = setUpCore) {
  const asksOnly = args.includes('--help') || args.includes('-h');
  await withSetupLock(asksOnly ? setUpToCompile : setUp);
  return runShown(process.execPath, ['--enable-source-maps', `dist/lab/bench/${file}`, ...args]);
}

const TEST_HELP = `npm test                                   everything: lint, formatting, all tests, the training project's
npm test -- FILE_OR_FOLDER …               these tests alone, with only what they need fetched and built
npm test -- --seed N FILE_OR_FOLDER …      with the seed that a failure has printed
npm test -- --reversed FILE_OR_FOLDER …    the last test of each block first, to find those that need the ones before

Example: npm test -- test/geometry/nms.test.ts
`;

function testArguments(given) {
  const fail = (message) => {
    throw new SetupError(message, 'see npm test -- --help');
  };
  try {
    const parsed = parseArgs({
      args: given,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        seed: { type: 'string' },
        reversed: { type: 'boolean' },
      },
    });
    const { seed } = parsed.values;
    if (seed !== undefined && !/^-?\d+$/.test(seed)) fail(`--seed must be a whole number, not ${seed}`);
    return parsed;
  } catch (error) {
    if (error instanceof SetupError) throw error;
    return fail(error.message);
  }
}

const msal = path.join(packageRoot, 'bin/msal.js');
const [command = 'setup', ...args] = process.argv.slice(2);
const commands = {
  // What the products need: with a ROS 2 sourced, its bindings too. `--tests`: also what only the tests need.
  async setup() {
    await withSetupLock(args.includes('--tests') ? () => setUpForTests() : setUpProduct);
    return 0;
  },
  /** TypeScript and the report's page, into `dist/`. */
  async build() {
    await withSetupLock(setUpToCompile);
    return 0;
  },
  /** Compiles again whatever is saved, until it is interrupted. */
  async watch() {
    await withSetupLock(setUpToCompile);
    return runShown(process.execPath, ['node_modules/typescript/bin/tsc', '-b', '--watch', '--preserveWatchOutput']);
  },
  async demo() {
    await withSetupLock(setUpCore);
    return runShown(process.execPath, ['--enable-source-maps', msal, 'demo', ...args]);
  },
  async test() {
    const { values, positionals } = testArguments(args);
    if (values.help) {
      process.stdout.write(TEST_HELP);
      return 0;
    }
    const files = chosenTests(positionals);
    const needs = files.length > 0 ? needsOfAll(files) : undefined;
    const env = await withSetupLock(() => setUpForTests(needs));
    if (values.seed !== undefined) env.MSAL_SEED = values.seed;
    if (values.reversed) env.MSAL_TEST_ORDER = 'reversed';
    return runShown(process.execPath, ['scripts/test.js', ...files], env);
  },
  bench: () => bench('main.js', args),
  kills: () => bench('../kills/main.js', args),
  'bench:explain': () => bench('main.js', ['--only', 'explain', 'siduAndLive', ...args]),
  'bench:fidelity': () => bench('fidelity.js', args),
  'bench:window': () => bench('window.js', args),
  'bench:ros': () => bench('ros.js', args, setUpForRosBench),
  'bench:explain-node': () => bench('rosExplain.js', args, setUpForRosBench),
  soak: () => bench('soak.js', args, setUpForRosBench),
};

try {
  const chosen = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (!chosen) throw new SetupError(`there is no command ${command}`, `use one of ${Object.keys(commands).join(', ')}`);
  process.exitCode = await chosen();
} catch (error) {
  if (!('remedy' in error)) throw error;
  process.stderr.write(`set-up: ${error.message}\n  what to do: ${error.remedy}\n`);
  process.exitCode = 6;
}
