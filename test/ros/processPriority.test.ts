import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { starvedMilliseconds } from '../../src/ros/processPriority.js';
import { clockBound } from '../clockBound.js';

/** Runs for a tenth of a second of its own processor time; two of them on one processor wait for each other. */
const BUSY =
  'const { user } = process.cpuUsage(); while (process.cpuUsage().user - user < 1e5); process.stdin.resume(); console.log(1);';

describe('starvedMilliseconds', () => {
  const why = 'the kernel decides when it takes the processor from a process';
  clockBound(
    why,
    'grows while a process is kept from the processor by others, and not while it sleeps or is stopped',
    async function () {
      this.timeout(60_000);
      if (spawnSync('taskset', ['-c', '0', 'true']).status !== 0) this.skip();
      const start = () => spawn('taskset', ['-c', '0', process.execPath, '-e', BUSY]);
      const [one, other] = [start(), start()];
      try {
        await Promise.all([once(one.stdout, 'data'), once(other.stdout, 'data')]);
        const { pid = 0 } = one;
        const starved = starvedMilliseconds(pid);
        assert.ok(starved > 20, `${starved} ms`);
        process.kill(pid, 'SIGSTOP');
        const stopped = starvedMilliseconds(pid);
        await new Promise((resolve) => setTimeout(resolve, 300));
        assert.ok(starvedMilliseconds(pid) - stopped < 20);
      } finally {
        one.kill('SIGKILL');
        other.kill('SIGKILL');
      }
    },
  );

  it('is 0 for a process that is not there', () => assert.equal(starvedMilliseconds(2 ** 30), 0));
});
