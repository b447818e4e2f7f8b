import fc from 'fast-check';

/**
 * Loaded by mocha before any test (.mocharc.json). Every random test of a run begins with one seed, which is printed where one fails and
 * can be given back: `npm test -- --seed N FILE`, or MSAL_SEED=N where mocha is started by hand.
 */
const given = process.env.MSAL_SEED;
const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
if (!Number.isInteger(seed)) throw new Error(`MSAL_SEED must be a whole number, not ${given}`);
// For what draws without fast-check, here and in processes of a test's own.
process.env.MSAL_SEED = String(seed);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

/** MSAL_TEST_ORDER=reversed: the last test of every block first, which shows tests that need those before them. */
function reverse(suite) {
  suite.tests.reverse();
  suite.suites.forEach(reverse);
}

export const mochaHooks = {
  beforeAll() {
    if (process.env.MSAL_TEST_ORDER === 'reversed') reverse(this.test.parent);
  },
};
