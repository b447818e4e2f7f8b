import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly link?: boolean;
  readonly resolved?: string;
}
type Packages = Readonly<Record<string, Locked>>;

/** Where npm put what `from` asks for by name: in the nearest node_modules on the way up. */
function placeOf(packages: Packages, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const place = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (place in packages) return place;
    if (folder === '') return undefined;
  }
}

/** Every package that is reached from the dependencies (not those for development) of one. */
function reachedFrom(packages: Packages, root: string): Set<string> {
  const reached = new Set<string>();
  const pending = [root];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = packages[place];
    const peers = Object.keys(peerDependencies ?? {}).filter((name) => !peerDependenciesMeta?.[name]?.optional);
    for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) {
      const found = placeOf(packages, place, name);
      if (found !== undefined && !reached.has(found)) {
        reached.add(found);
        pending.push(found);
      }
    }
  }
  return reached;
}

const nameOf = (place: string): string => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);

describe('package-lock.json', () => {
  const { packages } = JSON.parse(readFileSync(path.join(packageRoot, 'package-lock.json'), 'utf8')) as {
    packages: Packages;
  };
  const product = new Set([...reachedFrom(packages, '')].map(nameOf));

  it('is followed to nested packages, by hand', () => {
    const toy: Packages = {
      '': { dependencies: { a: '1' } },
      'node_modules/a': { dependencies: { b: '1' } },
      'node_modules/a/node_modules/b': { dependencies: { c: '1' } },
      'node_modules/b': {},
      'node_modules/c': {},
      'node_modules/d': {},
    };
    assert.deepEqual([...reachedFrom(toy, '')].sort(), [
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/c',
    ]);
  });

  it('gives the product what it runs on', () => {
    for (const name of ['onnxruntime-node', '@u4/opencv4nodejs', 'rxjs', 'commander', '@mcap/core', 'rclnodejs'])
      assert.ok(product.has(name), name);
  });

  it('gives the product no plotting, font, XML, DOM, bundler or tool of developers', () => {
    const unwanted =
      /plot|^d3|resvg|font|xml|dom(?:parser|handler|-serializer|utils)?$|linkedom|esbuild|eslint|mocha|playwright|prettier/;
    assert.deepEqual([...product].filter((name) => unwanted.test(name)).sort(), []);
  });

  it('gives them to the laboratory', () => {
    const lab = new Set([...reachedFrom(packages, 'lab')].map(nameOf));
    for (const name of ['@observablehq/plot', '@resvg/resvg-js', 'fast-xml-parser', 'linkedom'])
      assert.ok(lab.has(name), name);
  });
});
