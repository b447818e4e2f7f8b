'use strict';

const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/**
 * Mocha's usual output, and as JSON in the file that `output` names: how many tests passed and were skipped, what failed, which tests are marked
 * as bound to the machine's clock (test/clockBound.ts), and which of those held the second time only.
 */
module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const { output } = options.reporterOptions;
    const told = { passed: 0, skipped: 0, failed: [], clockBound: [], unsteady: [], seed: process.env.MSAL_SEED };
    runner.once('start', () => {
      runner.suite.eachTest((test) => {
        if (test.clockBound) told.clockBound.push({ name: test.fullTitle(), why: test.clockBound });
        // Nothing is run again without a reason.
        else if (test.retries() > 0) test.retries(0);
      });
    });
    runner.on('pass', () => told.passed++);
    runner.on('pending', () => told.skipped++);
    runner.on('retry', (test, { stack, message }) => {
      let first = test;
      while (first.retriedTest()) first = first.retriedTest();
      // A test that asked for more tries by itself has failed the first time.
      const list = first.clockBound ? told.unsteady : told.failed;
      list.push({ name: test.fullTitle(), error: stack ?? message });
    });
    runner.on('fail', (test, { stack, message }) => {
      told.failed.push({ name: test.fullTitle(), error: stack ?? message });
    });
    runner.once('end', () => writeFileSync(output, JSON.stringify(told)));
  }
};
