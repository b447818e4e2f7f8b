'use strict';

const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/** Mocha's usual output, and its counts and the names and errors of what failed as JSON in the file that `output` names. */
module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const { output } = options.reporterOptions;
    const failed = [];
    runner.on('fail', (test, error) => failed.push({ name: test.fullTitle(), error: error.stack ?? error.message }));
    runner.once('end', () => {
      const { passes, pending } = this.stats;
      writeFileSync(output, JSON.stringify({ passes, pending, failed }));
    });
  }
};
