import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SUPERVISOR = fileURLToPath(new URL('./processes/superviseStubborn.js', import.meta.url));

/** A supervisor, and the process that it watches. */
interface Pair {
  readonly supervisor: ChildProcess;
  readonly pid: number;
  readonly said: string[];
  /** Resolves with the first line that begins so. */
  line(start: string): Promise<string>;
}

describe('a supervised process', function () {
  this.timeout(120_000);
  let pair: Pair;

  afterEach(() => {
    for (const pid of [pair.supervisor.pid ?? 0, pair.pid]) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });

  it('is killed when it has not ended in time', async () => {
    for (const how of ['', 'held']) {
      pair = await start(500, how);
      pair.supervisor.kill('SIGTERM');
      await pair.line('SIGTERM');
      const [code] = (await once(pair.supervisor, 'exit')) as [number | null];
      assert.equal(code, 70);
      assert.match(await pair.line('stubborn: '), /not ended after 0\.5 s/);
      await gone(pair.pid);
    }
  });

  it('is killed at once when it is asked a second time, but not when one signal comes twice', async () => {
    pair = await start(1e9, '');
    pair.supervisor.kill('SIGINT');
    pair.supervisor.kill('SIGTERM');
    await pair.line('SIGTERM');
    assert.ok(isAlive(pair.pid));
    await sleep(1100);
    pair.supervisor.kill('SIGTERM');
    await once(pair.supervisor, 'exit');
    assert.match(await pair.line('stubborn: '), /asked to end a second time/);
    await gone(pair.pid);
  });

  it('does not outlive its supervisor, also where its main thread is held', async () => {
    for (const how of ['', 'held from the start']) {
      pair = await start(300, how);
      pair.supervisor.kill('SIGKILL');
      await once(pair.supervisor, 'exit');
      await gone(pair.pid);
    }
  });
});

async function start(endMs: number, how: string): Promise<Pair> {
  const supervisor = spawn(process.execPath, [SUPERVISOR, String(endMs), how], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  const looking = new Set<() => void>();
  for (const input of [supervisor.stdout, supervisor.stderr])
    createInterface({ input }).on('line', (line) => {
      said.push(line);
      for (const look of looking) look();
    });
  const line = (beginning: string): Promise<string> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = said.find((text) => text.startsWith(beginning));
        if (found !== undefined) resolve(found);
      };
      looking.add(look);
      look();
    });
  const pid = Number((await line('pid ')).slice(4));
  return { supervisor, pid, said, line };
}

/** Resolves when a process has ended; the test's own time limit is the only one. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(50);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
