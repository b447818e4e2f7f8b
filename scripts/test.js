#!/usr/bin/env node
/**
 * Runs all tests: lint and formatting, mocha, and the training project's own. Ends with one line of counts over all of them.
 * With arguments, mocha alone runs on the files given.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { packageRoot, runShown } from './setup/step.js';

const results = path.join(packageRoot, '.cache/test-results');
const bin = (name) => path.join(packageRoot, 'node_modules', name);
const counts = { passed: 0, failed: 0, skipped: 0 };
/** Said once more at the end: of a long output often only the last part is kept. */
const failures = [];
const unsteady = [];

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
 * Mocha over compiled test files, in a process of its own. Files with a failure run once more, in another process: on a busy machine a test with
 * other processes and clocks in it may fail once. What holds the second time only is named at the end as unsteady.
 */
async function mocha(name, files) {
  process.stdout.write(`\n== ${name}\n`);
  const first = await mochaOnce(name, files);
  if (!first) return;
  const again = new Set(first.failed.map(({ file }) => file));
  if (again.size === 0 || again.has(undefined)) count(name, first);
  else {
    process.stdout.write(`\n== ${name}, once more\n`);
    const second = await mochaOnce(name, [...again]);
    if (!second) return;
    const kept = (tests) => tests.filter((file) => !again.has(file));
    count(name, {
      passed: [...kept(first.passed), ...second.passed],
      skipped: [...kept(first.skipped), ...second.skipped],
      failed: second.failed,
    });
    const failing = new Set(second.failed.map((test) => test.name));
    for (const test of first.failed) if (!failing.has(test.name)) unsteady.push(`${name}: ${test.name}\n${test.error}`);
  }
}

/** @returns undefined where the process ended badly, which is counted as a failure */
async function mochaOnce(name, files) {
  const report = path.join(results, `${name.replaceAll('/', '-')}.json`);
  rmSync(report, { force: true });
  const reporters = [
    '--reporter',
    path.join(packageRoot, 'scripts/setup/reporter.cjs'),
    '--reporter-option',
    `output=${report}`,
  ];
  const code = await runShown(process.execPath, [bin('mocha/bin/mocha.js'), ...reporters, ...files]);
  const told = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  if (told && (code === 0 || told.failed.length > 0)) return told;
  counts.failed += 1;
  fail(`${name} ended with ${String(code)} ${told ? 'after its last test' : 'before it had finished'}`);
  return undefined;
}

function count(name, { passed, skipped, failed }) {
  counts.passed += passed.length;
  counts.skipped += skipped.length;
  counts.failed += failed.length;
  for (const { name: test, error } of failed) failures.push(`${name}: ${test}\n${error}`);
}

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
const chosen = process.argv.slice(2);
if (chosen.length > 0) await mocha('chosen', chosen);
else {
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
  const { rooms } = await import('./setup/testRooms.js');
  for (const [room, files] of rooms()) await mocha(room, files);
}
for (const test of unsteady) process.stdout.write(`\nUNSTEADY (failed once, then passed): ${test}\n`);
for (const failure of failures) process.stdout.write(`\nFAILED: ${failure}\n`);
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
