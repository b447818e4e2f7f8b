import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Mat, MatType, opencvVersion, withMats } from '../../src/images/opencv.js';
import { packageRoot } from '../../src/packageRoot.js';

const moduleUrl = JSON.stringify(pathToFileURL(join(packageRoot, 'dist/src/images/opencv.js')).href);

/** Runs a module in a process of its own: what is tested here could bring down this one. */
async function inProcess(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  return stdout;
}

describe('OpenCV binding', () => {
  it('loads without a word on stdout and says its version', async () => {
    assert.match(opencvVersion(), /^\d+\.\d+\.\d+$/);
    assert.equal(await inProcess(`(await import(${moduleUrl})).opencv();`), '');
  });

  it('refuses a second thread of a process with an error instead of a crash, also after the first has ended', async () => {
    const worker = `import(${moduleUrl}).then(({ opencv }) => { opencv(); });`;
    const said = await inProcess(`
      import { Worker } from 'node:worker_threads';
      const worker = new Worker(${JSON.stringify(worker)}, { eval: true });
      await new Promise((resolve) => worker.once('exit', resolve));
      const { opencv } = await import(${moduleUrl});
      try { opencv(); } catch (error) { console.log(error.kind, error.message); }`);
    assert.match(said, /^environment OpenCV is already loaded by another thread/);
  });

  it('makes Errors of what it throws as text, and lets other errors pass', () => {
    assert.throws(
      () => withMats((mats) => mats.from(Uint8Array.of(1), 1, 1, MatType.U8C1).cvtColor(9999)),
      (error: unknown) => error instanceof Error && /^OpenCV: .*color conversion code/.test(error.message),
    );
    const mine = new TypeError('mine');
    assert.throws(
      () =>
        withMats(() => {
          throw mine;
        }),
      (error: unknown) => error === mine,
    );
  });

  it('checks lengths, which the addon does not', () => {
    const make = (length: number, rows: number, cols: number, type: MatType): unknown =>
      withMats((mats) => mats.from(new Uint8Array(length), rows, cols, type).rows);
    assert.throws(() => make(11, 2, 2, MatType.U8C3), /takes 12 bytes, got 11/);
    assert.throws(() => make(13, 2, 2, MatType.U8C3), /takes 12 bytes, got 13/);
    assert.throws(() => make(0, 0, 2, MatType.U8C1), /cannot be 0 × 2/);
    assert.throws(() => make(4, 1.5, 2, MatType.U8C1), RangeError);
    assert.equal(make(32, 2, 2, MatType.F64C1), 2);
  });

  it('releases every mat of a scope, also when the work throws', () => {
    const kept: Mat[] = [];
    assert.throws(() =>
      withMats((mats) => {
        kept.push(mats.from(Uint8Array.of(1, 2, 3, 4), 2, 2, MatType.U8C1));
        throw new Error('stop');
      }),
    );
    assert.deepEqual(
      kept.map(({ rows, empty }) => [rows, empty]),
      [[0, 1]],
    );
  });

  it('writes into the memory of the caller, row by row, and nowhere else', () => {
    const out = new Uint8Array(12).fill(9);
    withMats((mats) => mats.copyInto(mats.from(Uint8Array.of(1, 2, 3, 4), 2, 2, MatType.U8C1), out, 5));
    assert.deepEqual([...out], [1, 2, 9, 9, 9, 3, 4, 9, 9, 9, 9, 9]);
    const cramped = (step: number, length: number) => (): void =>
      withMats((mats) => mats.copyInto(mats.from(new Uint8Array(4), 2, 2, MatType.U8C1), new Uint8Array(length), step));
    assert.throws(cramped(5, 6), RangeError);
    assert.throws(cramped(1, 100), RangeError);
  });

  it('copies memory that threads share before it reads it', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(7);
    assert.deepEqual([...withMats((mats) => mats.from(shared, 2, 2, MatType.U8C1).getData())], [7, 7, 7, 7]);
  });
});
