import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { packageRoot } from '../../src/packageRoot.js';

interface TestNeeds {
  needsOf(file: string): readonly string[];
  needsOfAll(files: readonly string[]): ReadonlySet<string>;
  chosenTests(args: readonly string[], cwd?: string): string[];
}
const load = async (file: string): Promise<unknown> =>
  import(pathToFileURL(path.join(packageRoot, 'scripts/setup', file)).href);

/** Helpers of tests, and what whoever imports them needs. */
const HELPERS = [
  ['test/bag/python.ts', 'python'],
  ['test/report/browser.ts', 'browser'],
  ['test/ros/ros.ts', 'ros'],
  ['src/images/opencv.ts', 'opencv'],
] as const;

/** Everything that a file imports, directly or not, as sources relative to the package; not what it starts. */
function reached(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(path.join(packageRoot, file), 'utf8');
  // Type imports are gone when the test runs.
  const code = text.replace(/^(?:import|export) type [^;]*;$/gm, '');
  for (const { fileName } of ts.preProcessFile(code, true, true).importedFiles) {
    if (!/^\.\.?\/.*\.js$/.test(fileName)) continue;
    reached(path.join(path.dirname(file), fileName).replace(/\.js$/, '.ts'), seen);
  }
  return seen;
}

describe('what tests need', () => {
  let needs: TestNeeds;
  before(async () => {
    needs = (await load('testNeeds.js')) as TestNeeds;
  });

  it('is found for a file as it is written or compiled, and for a folder', () => {
    const nms = 'test/geometry/nms.test.ts';
    assert.deepEqual(needs.chosenTests([nms, 'dist/test/geometry/nms.test.js', `./${nms}`], packageRoot), [nms]);
    assert.deepEqual(needs.chosenTests(['nms.test.ts'], path.join(packageRoot, 'test/geometry')), [nms]);
    assert.ok(needs.chosenTests(['test/geometry'], packageRoot).includes(nms));
    assert.ok(needs.chosenTests(['lab/test'], packageRoot).every((file) => file.startsWith('lab/test/')));
    for (const wrong of ['src/geometry', 'test/geometry/none.test.ts', 'test/clockBound.ts', '../etc/passwd'])
      assert.throws(() => needs.chosenTests([wrong], packageRoot), /no test|no lab|there is no|no tests/, wrong);
  });

  it('is nothing for arithmetic, and the union for several', () => {
    assert.deepEqual([...needs.needsOfAll(['test/geometry/nms.test.ts'])], []);
    assert.deepEqual([...needs.needsOfAll(['test/geometry/nms.test.ts', 'test/ros/fuzz.test.ts'])], ['opencv', 'ros']);
    assert.deepEqual(needs.needsOf('test/of/tomorrow.test.ts'), ['opencv']);
  });

  it('covers what the tests import', () => {
    const files = ['test', 'lab/test'].flatMap((folder) =>
      readdirSync(path.join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.test.ts'))
        .map((name) => path.join(folder, name)),
    );
    assert.ok(files.length > 100);
    const missing = files.flatMap((file) => {
      const imported = reached(file);
      return HELPERS.filter(([helper, need]) => imported.has(helper) && !needs.needsOf(file).includes(need)).map(
        ([, need]) => `${file} needs ${need}`,
      );
    });
    assert.deepEqual(missing, []);
  });
});

describe('what mocha told', () => {
  it('is one room a folder', async () => {
    const { roomOf, compiledFile } = (await load('testRooms.js')) as {
      readonly roomOf: (file: string) => string;
      readonly compiledFile: (file: string) => string;
    };
    assert.deepEqual(
      ['test/geometry/nms.test.ts', 'test/printable.test.ts', 'lab/test/study/trust/x.test.ts'].map(roomOf),
      ['geometry', 'top level', 'lab/study'],
    );
    assert.equal(compiledFile('test/a/b.test.ts'), path.join(packageRoot, 'dist/test/a/b.test.js'));
  });
});
