import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/packageRoot.js';

const MODEL = path.join(packageRoot, 'test/fixtures/efficientdet-tiny.json');
const POOL = pathToFileURL(path.join(packageRoot, 'dist/src/perception/detectorPool.js')).href;
const EXPLAINER = pathToFileURL(path.join(packageRoot, 'dist/src/explain/run/explainerPool.js')).href;
const DETECTOR = pathToFileURL(path.join(packageRoot, 'dist/src/detector/efficientDet.js')).href;

/** Names of what a script left in fresh temporary and cache folders. */
async function tracesOf(script: string): Promise<string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'msal-telemetry-'));
  try {
    const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: folder, XDG_CACHE_HOME: folder, HOME: folder };
    // Set by the modules under test in this process already.
    delete env.ORT_DISABLE_TELEMETRY;
    await promisify(execFile)(process.execPath, ['-e', `(async () => { ${script} })()`], { env });
    return await readdir(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe("ONNX Runtime's telemetry", () => {
  const detector = `const { EfficientDet } = await import(${JSON.stringify(DETECTOR)});
    await (await EfficientDet.load(${JSON.stringify(MODEL)})).close();`;

  it('is off in a detector of the main thread', async () => {
    assert.deepEqual(await tracesOf(detector), []);
  });

  it('is off in the worker threads of a pool', async () => {
    const script = `const { DetectorPool } = await import(${JSON.stringify(POOL)});
      await (await DetectorPool.open({ models: { rgb: ${JSON.stringify(MODEL)} }, workers: 1 })).close();`;
    assert.deepEqual(await tracesOf(script), []);
  });

  it('is off in the worker threads of an explainer', async () => {
    const script = `const { openExplainer } = await import(${JSON.stringify(EXPLAINER)});
      await (await openExplainer(${JSON.stringify(MODEL)}, { workers: 1 })).close();`;
    assert.deepEqual(await tracesOf(script), []);
  });

  it('is switched by a name that the library knows', async function () {
    if (process.platform !== 'linux') this.skip();
    const folder = path.join(packageRoot, 'node_modules/onnxruntime-node/bin/napi-v6/linux', process.arch);
    const library = await readFile(path.join(folder, 'libonnxruntime.so.1'));
    assert.ok(library.includes('ORT_DISABLE_TELEMETRY'));
  });
});
