'use strict';

const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/** Mocha's usual output, and as JSON in the file that `output` names: files of the tests that passed and were skipped, and what failed. */
module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const { output } = options.reporterOptions;
    const [passed, skipped, failed] = [[], [], []];
    runner.on('pass', ({ file }) => passed.push(file));
    runner.on('pending', ({ file }) => skipped.push(file));
    runner.on('fail', (test, { stack, message }) => {
      failed.push({ file: test.file ?? test.parent?.file, name: test.fullTitle(), error: stack ?? message });
    });
    runner.once('end', () => writeFileSync(output, JSON.stringify({ passed, skipped, failed })));
  }
};
