#!/usr/bin/env node
/**
 * Runs all tests: lint and formatting, mocha, and the training project's own. Ends with one line of counts over all of them.
 * With arguments, mocha alone runs on the test files given. `npm test -- --help` says more.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { packageRoot, runShown } from './setup/step.js';
import { compiledFile, roomOf, rooms } from './setup/testRooms.js';

const results = path.join(packageRoot, '.cache/test-results');
const bin = (name) => path.join(packageRoot, 'node_modules', name);
const counts = { passed: 0, failed: 0, skipped: 0 };
/** Said once more at the end: of a long output often only the last part is kept. */
const failures = [];
const unsteady = [];
/** Tests that the machine's clock decides, with the reason of each. */
const clockBound = [];

/** A check that either holds or does not. */
async function check(name, program, args, env = process.env) {
  process.stdout.write(`\n== ${name}\n`);
  const code = await runShown(program, args, env);
  counts[code === 0 ? 'passed' : 'failed'] += 1;
  if (code !== 0) fail(`${name} (exit ${String(code)})`);
}

function fail(what) {
  failures.push(what);
  process.stdout.write(`FAILED: ${what}\n`);
}

/**
 * Mocha over compiled test files, in a process of its own. A file with a failure is not run again; single tests that are marked as bound to
 * the machine's clock (test/clockBound.ts) have a second try, and are named at the end.
 */
async function mocha(name, files) {
  process.stdout.write(`\n== ${name}\n`);
  const report = path.join(results, `${name.replaceAll('/', '-')}.json`);
  rmSync(report, { force: true });
  const reporters = [
    '--reporter',
    path.join(packageRoot, 'scripts/setup/reporter.cjs'),
    '--reporter-option',
    `output=${report}`,
  ];
  const code = await runShown(process.execPath, [
    '--enable-source-maps',
    bin('mocha/bin/mocha.js'),
    ...reporters,
    ...files,
  ]);
  const told = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  if (!told || (code !== 0 && told.failed.length === 0)) {
    counts.failed += 1;
    fail(`${name} ended with ${String(code)} ${told ? 'after its last test' : 'before it had finished'}`);
    return;
  }
  counts.passed += told.passed;
  counts.skipped += told.skipped;
  counts.failed += told.failed.length;
  for (const { name: test, error } of told.failed) failures.push(`${name}: ${test}\n${error}`);
  for (const { name: test, error } of told.unsteady) unsteady.push(`${name}: ${test}\n${error}`);
  clockBound.push(...told.clockBound);
}

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
// One seed for every random test of the run; a run of one file alone with it draws the same.
process.env.MSAL_SEED ??= String(Math.floor(Math.random() * 2 ** 31));
const chosen = process.argv.slice(2);
if (chosen.length > 0) {
  for (const room of new Set(chosen.map(roomOf)))
    await mocha(room, chosen.filter((file) => roomOf(file) === room).map(compiledFile));
} else {
  await check('types and lint', process.execPath, [bin('eslint/bin/eslint.js'), '.']);
  await check('formatting', process.execPath, [
    bin('prettier/bin/prettier.cjs'),
    '--check',
    '--log-level',
    'warn',
    '.',
  ]);
  const training = process.env.MSAL_TRAINING_PYTHON;
  if (training) {
    const env = {
      ...process.env,
      PYTHONPATH: ['training', 'training/tests'].map((folder) => path.join(packageRoot, folder)).join(':'),
    };
    const smoke = path.join(results, 'training-smoke');
    await check(
      'training: unit tests',
      training,
      ['-W', 'ignore', '-m', 'unittest', 'discover', '-s', 'training/tests', '-t', 'training/tests'],
      env,
    );
    await check(
      'training: a few steps, export, PyTorch = ONNX Runtime',
      training,
      ['-W', 'ignore', '-m', 'msal_training.smoke', smoke],
      env,
    );
    // The room `training` compares the exported model with what PyTorch gave.
    process.env.MSAL_SMOKE_FOLDER = smoke;
  } else {
    counts.failed += 1;
    fail('MSAL_TRAINING_PYTHON is not set; `npm test` sees to that');
  }
  for (const [room, files] of rooms()) await mocha(room, files);
}
for (const test of unsteady) process.stdout.write(`\nUNSTEADY (bound to the clock, tried twice): ${test}\n`);
for (const failure of failures) process.stdout.write(`\nFAILED: ${failure}\n`);
process.stdout.write(`\nTests marked as bound to the machine's clock: ${clockBound.length}\n`);
for (const { name, why } of clockBound) process.stdout.write(`  ${name}: ${why}\n`);
if (counts.failed > 0) {
  const files = chosen.length > 0 ? chosen.join(' ') : 'FILE';
  process.stdout.write(`\nThe same random cases again: npm test -- --seed ${process.env.MSAL_SEED} ${files}\n`);
}
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
