import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { finishedName } from '../../src/files/atomicWrite.js';
import { logFilesIn } from '../../src/frameLog/fileNames.js';
import { readLoggedSet } from '../../src/frameLog/loggedFrames.js';
import { killGroup } from './killRuns.js';
import type { Subject } from './subject.js';
import { Unchanging } from './wholeFiles.js';

const PROCESS = fileURLToPath(new URL('./processes/perceiveAndLog.js', import.meta.url));

/** What the perception node does, without ROS around it: images of two bands are perceived, and every set goes into a frame log. */
export function perceptionSubject(folder: string, spanMs: number): Subject {
  const unchanging = new Unchanging();
  const start = () =>
    spawn(process.execPath, [PROCESS, folder], { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  const check = async (): Promise<void> => {
    if (!existsSync(folder)) return;
    const files = logFilesIn(readdirSync(folder));
    unchanging.look(
      folder,
      files.map(({ name }) => name),
    );
    const numbers = files.map(({ sequence }) => sequence);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index + 1),
      'a number is missing, or was given twice',
    );
    for (const { name } of files) {
      const { frames } = await readLoggedSet(path.join(folder, name));
      assert.equal(frames.length, 2, `${name} lacks a band`);
    }
  };
  return {
    name: 'perception node (its pipeline and frame log)',
    start,
    spanMs,
    ends: false,
    check,
    async finish() {
      const child = start();
      const before = unchanging.size;
      // Until it has logged something more: whatever it found, it goes on without a hand.
      while (child.exitCode === null && logFilesIn(readdirSync(folder)).length <= before) await sleep(50);
      child.kill('SIGTERM');
      const [code] = (await once(child, 'exit')) as [number | null];
      killGroup(child);
      assert.equal(code, 0);
      await check();
      const left = readdirSync(folder).filter((name) => finishedName(name) !== undefined);
      assert.deepEqual(left, [], 'something is left unfinished');
      return { 'frame sets logged': unchanging.size };
    },
  };
}
