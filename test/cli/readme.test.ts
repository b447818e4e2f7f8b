import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { runMsal } from './runMsal.js';

/** The `sh` blocks of the README, a command a line. */
async function readmeCommands(): Promise<string[]> {
  const text = await readFile(path.join(packageRoot, 'README.md'), 'utf8');
  return [...text.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block = '']) => block.trim().split('\n'));
}

/** The two commands that the continuous integration itself is, or starts with. */
const RUN_ELSEWHERE = ['npm run demo', 'npm test'];

describe('README', function () {
  this.timeout(900_000);

  it('names only commands that work, in its order', async () => {
    const commands = (await readmeCommands()).filter((command) => !RUN_ELSEWHERE.includes(command));
    assert.ok(commands.length >= 8, commands.join('\n'));
    const folder = await mkdtemp(path.join(tmpdir(), 'msal-readme-'));
    try {
      for (const name of ['models', 'config']) await symlink(path.join(packageRoot, name), path.join(folder, name));
      await copyFile(path.join(packageRoot, 'test/fixtures/picture.png'), path.join(folder, 'picture.png'));
      for (const command of commands) {
        const [program, ...args] = command.split(' ');
        assert.equal(program, 'msal', `do not know how to run: ${command}`);
        const run = await runMsal(args, { cwd: folder });
        assert.equal(run.code, 0, `${command}\n${run.stderr}`);
      }
      for (const made of ['annotated.mcap', 'report.html', 'summary.json'])
        assert.ok(existsSync(path.join(folder, 'replayed', made)), made);
      assert.ok(existsSync(path.join(folder, 'overlays/picture.overlay.jpg')));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('shows pictures and names files that are there', async () => {
    const text = await readFile(path.join(packageRoot, 'README.md'), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#]+)\)/g))
      assert.ok(existsSync(path.join(packageRoot, target)), target);
  });

  it('demo: draws, replays, and says where everything is', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'msal-demo-'));
    try {
      const run = await runMsal(['demo', '--seconds', '2', '--output', folder]);
      assert.equal(run.code, 0, run.stderr);
      assert.match(run.stdout, /4 frame sets \(0 partial\)/);
      for (const made of ['drive.mcap', 'annotated.mcap', 'report.html', 'summary.json']) {
        assert.ok(existsSync(path.join(folder, made)), made);
      }
      assert.ok(run.stdout.includes(path.join(folder, 'report.html')));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
