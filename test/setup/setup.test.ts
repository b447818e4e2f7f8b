import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/packageRoot.js';

interface StepModule {
  step(
    name: string,
    inputs: { files?: string[]; texts?: string[]; present?: () => boolean },
    work: (log: string) => Promise<void>,
  ): Promise<void>;
  runLogged(program: string, args: string[], log: string): Promise<void>;
  cacheFolder: string;
}
interface LockModule {
  withSetupLock<T>(work: () => Promise<T>, file: string): Promise<T>;
}

const lockUrl = pathToFileURL(join(packageRoot, 'scripts/setup/lock.js')).href;
const stepUrl = pathToFileURL(join(packageRoot, 'scripts/setup/step.js')).href;

describe('set-up', () => {
  let folder: string;
  let steps: StepModule;
  let locks: LockModule;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'msal-setup-'));
    steps = (await import(stepUrl)) as StepModule;
    locks = (await import(lockUrl)) as LockModule;
  });
  after(() => rmSync(folder, { recursive: true }));

  describe('step', () => {
    const name = `test-step-${process.pid}`;
    const clear = (): void => rmSync(join(steps.cacheFolder, `${name}.stamp`), { force: true });
    beforeEach(clear);
    after(clear);

    it('is done once for the same inputs, again when they change or the result is gone', async () => {
      let done = 0;
      let present = true;
      const run = (text: string): Promise<void> =>
        steps.step(name, { texts: [text], files: ['package.json'], present: () => present }, () => {
          done++;
          return Promise.resolve();
        });
      await run('a');
      await run('a');
      assert.equal(done, 1);
      await run('b');
      assert.equal(done, 2);
      present = false;
      await run('b');
      assert.equal(done, 3);
    });

    it('that fails is done again', async () => {
      let done = 0;
      const run = (fails: boolean): Promise<void> =>
        steps.step(name, {}, () => {
          done++;
          return fails ? Promise.reject(new Error('killed')) : Promise.resolve();
        });
      await assert.rejects(run(true), /killed/);
      await run(false);
      await run(false);
      assert.equal(done, 2);
    });

    it('shows the end of the log of a program that fails, and says where it is', async () => {
      const log = join(folder, 'failing.log');
      const failing = steps.runLogged(process.execPath, ['-e', 'console.error("no disk left"); process.exit(7)'], log);
      await assert.rejects(failing, (error: Error & { remedy?: string }) => {
        assert.match(error.message, /ended with 7:\nno disk left/);
        assert.equal(error.remedy, `read ${log}`);
        return true;
      });
      await assert.rejects(steps.runLogged(join(folder, 'no-such-program'), [], log), /ENOENT/);
    });
  });

  describe('lock', () => {
    it('keeps processes apart that start at once', async () => {
      const lock = join(folder, 'apart.lock');
      const inside = join(folder, 'inside');
      // Each finds out whether another is inside while it is.
      const program = `
        import { existsSync, rmSync, writeFileSync } from 'node:fs';
        const { withSetupLock } = await import(${JSON.stringify(lockUrl)});
        await withSetupLock(async () => {
          if (existsSync(${JSON.stringify(inside)})) process.exit(9);
          writeFileSync(${JSON.stringify(inside)}, '');
          await new Promise((resolve) => setTimeout(resolve, 100));
          rmSync(${JSON.stringify(inside)});
        }, ${JSON.stringify(lock)});`;
      const codes = await Promise.all(
        Array.from(
          { length: 4 },
          () =>
            new Promise((resolve) =>
              spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' }).once(
                'close',
                resolve,
              ),
            ),
        ),
      );
      assert.deepEqual(codes, [0, 0, 0, 0]);
      assert.equal(existsSync(lock), false);
    });

    it('is taken over from a process that was killed, also when its number was given to another', async () => {
      const lock = join(folder, 'stale.lock');
      for (const owner of ['999999999 1', `${process.pid} 1`, '', 'nonsense']) {
        writeFileSync(lock, owner);
        const seen = await locks.withSetupLock(() => Promise.resolve(readFileSync(lock, 'utf8')), lock);
        assert.match(seen, new RegExp(`^${process.pid} \\d+$`));
      }
    });

    it('is given back when the work fails', async () => {
      const lock = join(folder, 'failing.lock');
      await assert.rejects(
        locks.withSetupLock(() => Promise.reject(new Error('no network')), lock),
        /no network/,
      );
      assert.equal(existsSync(lock), false);
    });
  });
});
