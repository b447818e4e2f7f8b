import { ExpectedError } from '../../errors.js';
import type { RclNode } from '../rcl.js';

const PERIOD_MS = 200;
/** An answer that takes longer was lost, as when the node was started again meanwhile. */
const ANSWER_MS = 2000;

/**
 * Resolves when a lifecycle node is active, or when `signal` is aborted. Its inputs are there before its models are loaded: what is
 * published then would be lost.
 * @throws ExpectedError `environment` where it is not active in time
 */
export async function waitForActive(
  node: RclNode,
  name: string,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const client = node.createClient('lifecycle_msgs/srv/GetState', `${name}/get_state`);
  const endMs = performance.now() + timeoutSeconds * 1000;
  let state = 'nobody answers';
  let askedMs = -Infinity;
  while (!signal.aborted) {
    if (client.isServiceServerAvailable() && performance.now() - askedMs > ANSWER_MS) {
      askedMs = performance.now();
      client.sendRequest({}, ({ current_state: current }) => {
        askedMs = -Infinity;
        if (typeof current?.label === 'string') state = `it is ${current.label}`;
      });
    }
    if (state === 'it is active') return;
    if (performance.now() > endMs) {
      throw new ExpectedError(
        'environment',
        `the node ${name} was not active within ${timeoutSeconds} s: ${state}`,
        'start it, look at what it says, or give a longer --wait-timeout',
      );
    }
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
  }
}
