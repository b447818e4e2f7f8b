import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { finishedName } from '../../src/files/atomicWrite.js';
import { logFilesIn } from '../../src/frameLog/fileNames.js';
import { logFrames } from '../../test/frameLog/frameLogs.js';
import { killGroup } from './killRuns.js';
import type { Subject } from './subject.js';
import { assertWhole, Unchanging } from './wholeFiles.js';

const PROCESS = fileURLToPath(new URL('./processes/explainLog.js', import.meta.url));

/** What the explain node does, without ROS around it: a frame log of `sets` sets of two bands is explained by masks. */
export async function explainSubject(folder: string, sets: number, spanMs: number): Promise<Subject> {
  await logFrames(
    folder,
    Array.from({ length: sets }, (_, index) => index),
  );
  const results = path.join(folder, 'explained');
  const unchanging = new Unchanging();
  const start = () =>
    spawn(process.execPath, [PROCESS, folder], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const resultNames = (): string[] =>
    existsSync(results)
      ? readdirSync(results).filter((name) => name.endsWith('.mcap') && finishedName(name) === undefined)
      : [];
  const check = async (): Promise<void> => {
    const names = resultNames();
    unchanging.look(results, names);
    const explained = names.map((name) => name.replace(/\.\d+\.mcap$/, ''));
    assert.equal(new Set(explained).size, explained.length, 'an image has two results');
    if (names.length > 0) await assertWhole(results);
  };
  return {
    name: 'explain node (its loop, queue and results)',
    start,
    spanMs,
    ends: false,
    check,
    async finish() {
      const child = start();
      let totals: Record<string, number> = {};
      for await (const line of createInterface({ input: child.stdout })) {
        if (!line.startsWith('idle ')) continue;
        totals = JSON.parse(line.slice('idle '.length)) as Record<string, number>;
        break;
      }
      killGroup(child);
      await check();
      const { explained = 0, failed = 0 } = totals;
      assert.equal(explained + failed, sets, `outcomes: ${JSON.stringify(totals)}`);
      const complete = new Map<string, number>();
      for (const name of resultNames()) {
        const set = name.split('.')[0] ?? '';
        complete.set(set, (complete.get(set) ?? 0) + 1);
      }
      const logged = logFilesIn(readdirSync(folder)).map(({ id }) => id);
      assert.equal(logged.length, sets);
      assert.ok(
        logged.filter((id) => complete.get(id) === 2).length >= explained,
        'a set counts as explained without its results',
      );
      const left = readdirSync(results).filter((name) => finishedName(name) !== undefined);
      assert.deepEqual(left, [], 'something is left unfinished');
      return { 'frame sets': sets, explained, 'given up after three kills in a row': failed, results: unchanging.size };
    },
  };
}
