import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/packageRoot.js';
import { distinctNames } from '../../src/cli/distinctNames.js';
import { runMsal } from './runMsal.js';

const fixture = (name: string): string => path.join(packageRoot, 'test/fixtures', name);

describe('msal detect', function () {
  this.timeout(240_000);
  let folder: string;

  before(async () => (folder = await mkdtemp(path.join(tmpdir(), 'msal-detect-'))));
  after(() => rm(folder, { recursive: true }));

  it('goes past files that cannot be used, says what to do about each, and ends with exit code 3', async () => {
    await promisify(execFile)('mkfifo', [path.join(folder, 'pipe.png')]);
    await writeFile(path.join(folder, 'text.png'), 'no picture');
    const files = ['missing.png', 'pipe.png', 'text.png'].map((name) => path.join(folder, name));
    const picture = fixture('picture.png');
    const model = ['--model', fixture('efficientdet-tiny.json'), '--score-threshold', '0.01'];
    const { code, stdout, stderr } = await runMsal(['detect', ...files, picture, ...model]);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /missing\.png: there is no such file\n {2}what to do: give a JPEG or PNG file/);
    assert.match(stderr, /pipe\.png: it is no regular file\n {2}what to do: /);
    assert.match(stderr, /text\.png: data that begin with 0x[0-9a-f]+ are neither JPEG nor PNG\n {2}what to do: /);
    assert.match(stdout, /^.*picture\.png: \d+ detections in \d+ ms\n {2}\w+ \d\.\d\d at /);
  });

  it('writes an overlay for each image, also where images have one name', async () => {
    const images = ['a/x.png', 'b/x.png', 'c.png'].map((name) => path.join(folder, 'same', name));
    for (const image of images) {
      await mkdir(path.dirname(image), { recursive: true });
      await copyFile(fixture('picture.png'), image);
    }
    const output = path.join(folder, 'overlays');
    const model = ['--model', fixture('efficientdet-tiny.json'), '--score-threshold', '0.01'];
    const { code, stderr } = await runMsal(['detect', ...images, '-o', output, ...model]);
    assert.equal(code, 0, stderr);
    assert.deepEqual((await readdir(output)).sort(), ['a_x.png.overlay.jpg', 'b_x.png.overlay.jpg', 'c.overlay.jpg']);
  });

  it('ends without a word where nobody reads what it prints', async () => {
    const bash = `"$@" 2>${path.join(folder, 'stderr')} | head -1; exit "\${PIPESTATUS[0]}"`;
    const images = Array.from({ length: 40 }, () => fixture('picture.png'));
    const model = ['--model', fixture('efficientdet-tiny.json'), '--score-threshold', '0.01'];
    const args = [process.execPath, path.join(packageRoot, 'bin/msal.js'), 'detect', ...images, ...model];
    const child = spawn('bash', ['-c', bash, 'bash', ...args]);
    const [code] = (await once(child, 'close')) as [number];
    const said = (await readFile(path.join(folder, 'stderr'), 'utf8')).split('\n');
    assert.deepEqual(
      said.filter((line) => line !== '' && !line.startsWith('detecting ')),
      [],
    );
    assert.equal(code, 141);
  });

  it('tells files of one name apart by their paths, whatever these are', () => {
    const named = distinctNames([
      '/p/a/x.png',
      '/q/a/x.png',
      '/q/a/x.jpg',
      'y.png',
      './y.png',
      '/a_b/z.png',
      '/a/b_z.png',
    ]);
    assert.deepEqual(
      [...named],
      [
        ['/p/a/x.png', 'p_a_x.png'],
        ['/q/a/x.png', 'q_a_x.png'],
        ['/q/a/x.jpg', 'x.jpg'],
        ['y.png', 'y'],
        ['./y.png', 'y'],
        ['/a_b/z.png', 'z'],
        ['/a/b_z.png', 'b_z'],
      ],
    );
    const clash = distinctNames(['/a_b/z.png', '/a/b_z.png', '/b_z.png', '/c/z.png', '/c/a_b_z.png', '/a/b/z.png']);
    assert.equal(new Set(clash.values()).size, 6);
  });
});
