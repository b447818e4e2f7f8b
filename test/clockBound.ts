/**
 * A test whose outcome depends on how fast this machine is just now, which nothing in the test can change. It may run a second time; the count of such
 * tests, and which of them needed it, is printed at the end. No other test is ever run again.
 *
 * @param why what the test waits for that only the clock decides, and why it cannot be injected or counted
 */
export function clockBound(why: string, title: string, work: (this: Mocha.Context) => PromiseLike<void>): Mocha.Test {
  const test = it(title, work);
  test.retries(1);
  return Object.assign(test, { clockBound: why });
}
