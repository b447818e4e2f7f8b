import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { TINY_CONFIG, writeSmallDrive } from '../../test/replay/smallDrive.js';
import { TINY, writeSmallData } from '../test/study/smallData.js';
import type { Subject } from './subject.js';
import { assertWhole } from './wholeFiles.js';

/** `msal replay` of a small drive, always into the same folder. */
export async function replaySubject(folder: string, frames: number): Promise<Subject> {
  const bag = path.join(folder, 'drive.mcap');
  const config = path.join(folder, 'tiny.yaml');
  await writeSmallDrive(bag, frames);
  writeFileSync(config, TINY_CONFIG);
  const args = ['replay', bag, '-c', config, '--jsonl', '--overwrite'];
  return commandSubject('msal replay', folder, (output) => [...args, '-o', output], [
    'detections.jsonl',
    'tracks.jsonl',
  ]);
}

/** `msal evaluate saliency` of small pictures, which goes on where it was. */
export async function evaluateSubject(folder: string, pictures: number): Promise<Subject> {
  const data = path.join(folder, 'data');
  await writeSmallData(data, pictures);
  const what = ['evaluate', 'saliency', data, '--images', String(pictures), '--methods', 'grad-cam,rise,box'];
  const how = ['--networks', TINY, '--masks', '12', '--steps', '6', '--blur', '2', '--pictures', '2', '--workers', '1'];
  return commandSubject('msal evaluate', folder, (output) => [...what, ...how, '--output', output], [
    'results.json',
    'values.csv',
  ]);
}

/** @param same files that are the same bytes whatever happened in between */
async function commandSubject(
  name: string,
  folder: string,
  args: (output: string) => readonly string[],
  same: readonly string[],
): Promise<Subject> {
  const start = (output: string): ChildProcess =>
    spawn(process.execPath, [path.join(packageRoot, 'bin/msal.js'), ...args(path.join(folder, output))], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
  const run = async (output: string): Promise<void> => {
    const child = start(output);
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 0, said.slice(-2000));
  };
  const startedMs = performance.now();
  await run('whole');
  const spanMs = performance.now() - startedMs;
  const killed = path.join(folder, 'killed');
  const check = async (): Promise<void> => {
    if (existsSync(killed)) await assertWhole(killed);
  };
  return {
    name,
    spanMs,
    ends: true,
    start: () => start('killed'),
    check,
    async finish() {
      await run('killed');
      const files = await assertWhole(killed);
      for (const file of same)
        assert.ok(
          readFileSync(path.join(killed, file)).equals(readFileSync(path.join(folder, 'whole', file))),
          `${file} is not what it is without kills`,
        );
      return { 'output files': files, 'of them compared with a run without kills': same.length };
    },
  };
}
