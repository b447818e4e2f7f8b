#!/usr/bin/env node
/**
 * Entry point of `npm run demo`, `npm test`, `npm run bench` and `npm run setup`: sees to everything that they need, then starts
 * them. What is there already is not done again, so a second run starts at once.
 */
import path from 'node:path';
import { setUpRos } from './ros.js';
import { isRosSourced } from './ros/environment.js';
import { withSetupLock } from './setup/lock.js';
import { setUpOpenCv } from './setup/opencv.js';
import { checkNode, compile, installPackages } from './setup/packages.js';
import { setUpPython, virtualEnvironment } from './setup/python.js';
import { packageRoot, runShown, SetupError } from './setup/step.js';
import { hasProgram, systemPackages } from './setup/systemPackages.js';

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

/** What the tests need besides: independent readers, PyTorch, a browser and a ROS 2. */
async function setUpForTests() {
  await setUpCore();
  await setUpPython();
  const tools = await virtualEnvironment('test-tools', '.venv', 'test/requirements.txt');
  const training = await virtualEnvironment('training-tools', 'training/.venv', 'training/requirements.lock');
  await systemPackages(
    'chromium',
    ['chromium'],
    () => process.env.MSAL_TEST_CHROMIUM !== undefined || hasProgram('chromium'),
  );
  await setUpRos({ log: tellRos });
  return { ...process.env, MSAL_TEST_PYTHON: tools, MSAL_TRAINING_PYTHON: training };
}

const msal = path.join(packageRoot, 'bin/msal.js');
const [command = 'setup', ...args] = process.argv.slice(2);
const commands = {
  // What the products need: with a ROS 2 sourced, its bindings too. `--tests`: also what only the tests need.
  async setup() {
    await withSetupLock(args.includes('--tests') ? setUpForTests : setUpProduct);
    return 0;
  },
  /** TypeScript and the report's page, into `dist/`. */
  async build() {
    await withSetupLock(compile);
    return 0;
  },
  async demo() {
    await withSetupLock(setUpCore);
    return runShown(msal, ['demo', ...args]);
  },
  async test() {
    const env = await withSetupLock(setUpForTests);
    return runShown(process.execPath, ['scripts/test.js', ...args], env);
  },
  async 'bench:ros'() {
    await withSetupLock(setUpForTests);
    return runShown(process.execPath, ['dist/lab/bench/ros.js', ...args]);
  },
  async 'bench:explain'() {
    await withSetupLock(setUpCore);
    return runShown(process.execPath, ['dist/lab/bench/main.js', '--only', 'explain', 'siduAndLive', ...args]);
  },
  async 'bench:fidelity'() {
    await withSetupLock(setUpCore);
    return runShown(process.execPath, ['dist/lab/bench/fidelity.js', ...args]);
  },
  async 'bench:window'() {
    await withSetupLock(setUpCore);
    return runShown(process.execPath, ['dist/lab/bench/window.js', ...args]);
  },
  async 'bench:explain-node'() {
    await withSetupLock(setUpForTests);
    return runShown(process.execPath, ['dist/lab/bench/rosExplain.js', ...args]);
  },
  async bench() {
    await withSetupLock(setUpCore);
    return runShown(process.execPath, ['dist/lab/bench/main.js', ...args]);
  },
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
