import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/packageRoot.js';
import { runMsal } from './runMsal.js';

const fixture = (name: string): string => path.join(packageRoot, 'test/fixtures', name);

describe('msal detect', function () {
  this.timeout(60_000);
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
});
