import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/packageRoot.js';

interface Lock {
  readonly packages: Readonly<Record<string, object>>;
}
interface LockModule {
  productLock(manifest: object, lock: Lock): { manifest: Record<string, unknown>; lock: Lock };
  reachable(packages: object, names: readonly string[], follows?: (from: string, name: string) => boolean): Set<string>;
}

describe('the lock file of the product', () => {
  let module: LockModule;
  before(async () => {
    module = (await import(pathToFileURL(path.join(packageRoot, 'scripts/package/lock.js')).href)) as LockModule;
  });

  it('holds the packages that are found from where they are wanted, nearest first (by hand)', () => {
    const packages = {
      'node_modules/a': { dependencies: { b: '1', c: '1' } },
      'node_modules/a/node_modules/b': { optionalDependencies: { d: '1', other_system: '1' } },
      'node_modules/b': {},
      'node_modules/c': { dependencies: { a: '1' } },
      'node_modules/d': { peerDependencies: { '@s/e': '1' } },
      'node_modules/@s/e': { dependencies: { b: '1' } },
      'node_modules/unwanted': { dependencies: { a: '1' } },
    };
    const found = (names: string[], without?: string): string[] =>
      [...module.reachable(packages, names, (_, name) => name !== without)].sort();
    const inA = ['node_modules/a', 'node_modules/a/node_modules/b'];
    assert.deepEqual(found(['a']), ['node_modules/@s/e', ...inA, 'node_modules/b', 'node_modules/c', 'node_modules/d']);
    assert.deepEqual(found(['a'], 'd'), [...inA, 'node_modules/c']);
    assert.deepEqual(found(['b', 'missing']), ['node_modules/b']);
  });

  it('has what the product runs and is built with, and neither the laboratory nor test tools', () => {
    const read = (name: string): unknown => JSON.parse(readFileSync(path.join(packageRoot, name), 'utf8'));
    const { manifest, lock } = module.productLock(read('package.json') as object, read('package-lock.json') as Lock);
    assert.equal(manifest.workspaces, undefined);
    const folders = Object.keys(lock.packages);
    for (const name of ['onnxruntime-node', 'rclnodejs', 'zod', 'typescript', 'esbuild', 'uplot'])
      assert.ok(folders.includes(`node_modules/${name}`), name);
    for (const name of ['eslint', 'mocha', 'prettier', 'playwright-core', 'linkedom', '@observablehq/plot', 'lab'])
      assert.ok(!folders.some((folder) => folder.endsWith(`/${name}`) || folder === name), name);
  });
});
