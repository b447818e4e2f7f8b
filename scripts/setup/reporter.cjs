'use strict';

const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/** Mocha's usual output, and its counts as JSON in the file that `output` names. */
module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const { output } = options.reporterOptions;
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      writeFileSync(output, JSON.stringify({ passes, failures, pending }));
    });
  }
};
