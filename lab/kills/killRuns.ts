import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../../src/errors.js';
import { Random } from '../scenes/random.js';
import type { KillRow, Subject } from './subject.js';

/**
 * Starts a program `kills` times and ends it each time with SIGKILL, at a moment drawn from its whole span; looks at its files after each
 * kill, and lets it finish at last.
 * @param onKill called after each kill
 */
export async function killRuns(
  subject: Subject,
  kills: number,
  seed: number,
  onKill: (done: number) => void = () => undefined,
): Promise<KillRow> {
  const random = new Random(seed, subject.name);
  const failures: string[] = [];
  let done = 0;
  let tooLate = 0;
  while (done < kills && tooLate < 10 * kills) {
    const child = subject.start();
    const ended = once(child, 'exit');
    const afterMs = random.next() * subject.spanMs;
    await Promise.race([sleep(afterMs), ended]);
    if (child.exitCode === null && child.signalCode === null) {
      killGroup(child);
      await ended;
      done++;
      onKill(done);
    } else tooLate++;
    try {
      await subject.check();
    } catch (error) {
      failures.push(`after kill ${done} (${afterMs.toFixed(0)} ms): ${reasonOf(error)}`);
    }
  }
  let figures = {};
  try {
    figures = await subject.finish();
  } catch (error) {
    failures.push(`at the end: ${reasonOf(error)}`);
  }
  return { name: subject.name, kills: done, tooLate, seed, figures, failures };
}

/** The process, and those that it has started: a node's supervisor and its node go together, as in a power cut. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  for (const pid of [-child.pid, child.pid]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
