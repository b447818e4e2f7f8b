import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeBag } from '../../../src/bag/describeBag.js';
import { runMsal } from '../../../test/cli/runMsal.js';

describe('msal scenes and msal demo', function () {
  this.timeout(120_000);
  let folder: string;

  before(async () => (folder = await mkdtemp(path.join(tmpdir(), 'msal-scenes-'))));
  after(() => rm(folder, { recursive: true }));

  /** Runs a command and stops it once it has written something. */
  const interrupted = (args: string[], begun: () => Promise<boolean>) =>
    runMsal(args, {
      whileRunning(child) {
        const timer = setInterval(() => {
          void begun().then((isBegun) => {
            if (!isBegun || child.killed) return;
            clearInterval(timer);
            child.kill('SIGINT');
          });
        }, 100);
        child.on('close', () => clearInterval(timer));
      },
    });
  const holds = (target: string) => async () => (await readdir(target).catch(() => [])).length > 0;

  it('leave a whole bag of what was drawn on Ctrl-C', async () => {
    const target = path.join(folder, 'drive');
    const { code, stdout } = await interrupted(
      ['scenes', target, '--layout', 'drive', '--frames', '500'],
      holds(target),
    );
    assert.equal(code, 130);
    const { messages, losses } = await describeBag(target, true);
    assert.deepEqual(losses, []);
    assert.ok(messages >= 12 && messages < 500 * 12, `${String(messages)} messages`);
    assert.match(stdout, new RegExp(`: ${String(messages / 12)} four-spectrum frame sets`));
  });

  it('leave a whole data set of what was drawn on Ctrl-C', async () => {
    const target = path.join(folder, 'coco');
    const { code } = await interrupted(['scenes', target, '--frames', '500'], holds(target));
    assert.equal(code, 130);
    const text = await readFile(path.join(target, 'train/fir/annotations.json'), 'utf8');
    const { images } = JSON.parse(text) as { images: unknown[] };
    const pictures = await readdir(path.join(target, 'train/fir/images'));
    assert.equal(images.length, pictures.length);
    assert.ok(pictures.length > 0 && pictures.length < 400);
  });

  it('say what the demo has drawn when it is stopped there', async () => {
    const target = path.join(folder, 'demo');
    const { code, stderr } = await interrupted(['demo', '-o', target, '--seconds', '300'], holds(target));
    assert.equal(code, 130);
    assert.match(stderr, /interrupted: .*drive\.mcap holds the \d+ frame sets drawn so far/);
    assert.deepEqual((await describeBag(path.join(target, 'drive.mcap'), true)).losses, []);
  });

  it('name what cannot be written and say what to do, with exit code 4', async () => {
    const file = path.join(folder, 'file');
    await writeFile(file, '');
    for (const args of [
      [path.join(folder, 'no/where.jpg'), '--layout', 'sheet'],
      [file, '--layout', 'coco', '--frames', '2'],
      [path.join(file, 'below'), '--layout', 'voc', '--frames', '2'],
    ]) {
      const { code, stderr } = await runMsal(['scenes', ...args]);
      assert.equal(code, 4, stderr);
      assert.match(stderr, /^msal: cannot write [^\n]*\n {2}what to do: /m);
    }
  });

  it('say that the disk is full while a data set is drawn', async () => {
    const target = path.join(folder, 'full');
    const { code, stderr } = await runMsal(['scenes', target, '--frames', '8'], { fileBlocks: 20 });
    assert.equal(code, 4, stderr);
    assert.match(stderr, /cannot write .*\.png: EFBIG[^]*what to do: raise the limit/);
  });
});
