import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { packageRoot } from '../../src/packageRoot.js';

interface Rooms {
  readonly roomsAllowed: Readonly<Record<string, readonly string[]>>;
  readonly labRoomsAllowed: Readonly<Record<string, readonly string[]>>;
}

const rooms = (await import(pathToFileURL(path.join(packageRoot, 'eslint.config.js')).href)) as Rooms;

/** Relative imports of every file of a folder, type imports and re-exports included, as paths of sources relative to the package. */
function importsBelow(folder: string): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  for (const name of readdirSync(path.join(packageRoot, folder), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const file = path.join(folder, name);
    const { importedFiles } = ts.preProcessFile(readFileSync(path.join(packageRoot, file), 'utf8'), true, true);
    const targets = importedFiles.map(({ fileName }) => fileName).filter((target) => target.startsWith('.'));
    graph.set(file, [
      ...new Set(targets.map((target) => path.join(path.dirname(file), target).replace(/\.js$/, '.ts'))),
    ]);
  }
  return graph;
}

/** Strongly connected components of more than one node (Tarjan, SIAM J. Comput. 1 (1972) 146). */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const mine = order.size;
    order.set(node, mine);
    let low = mine;
    open.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (open.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    lowest.set(node, low);
    if (low < mine) return low;
    const circle = open.splice(open.indexOf(node));
    if (circle.length > 1) found.push(circle.sort());
    return low;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found;
}

describe('imports', () => {
  it('finds circles, by hand', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', ['e']],
      ['e', []],
    ]);
    assert.deepEqual(circles(graph), [['a', 'b', 'c']]);
  });

  it('have no circles, types included', () => {
    const graph = new Map([...importsBelow('src'), ...importsBelow('lab')]);
    assert.ok(graph.size > 300 && [...graph.values()].flat().length > 1000, 'the sources were read');
    assert.deepEqual(circles(graph), []);
  });

  it('of the product never reach the laboratory or the tests', () => {
    for (const [file, targets] of importsBelow('src'))
      for (const target of targets) assert.match(target, /^src\//, `${file} imports ${target}`);
  });

  it('keep to the rooms, of which every one has its rule and its line in docs/architecture.md', () => {
    const folders = (of: string): string[] =>
      readdirSync(path.join(packageRoot, of), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && entry.name !== 'test')
        .map(({ name }) => name)
        .sort();
    assert.deepEqual(Object.keys(rooms.roomsAllowed).sort(), folders('src'));
    assert.deepEqual(Object.keys(rooms.labRoomsAllowed).sort(), folders('lab'));
    const told = readFileSync(path.join(packageRoot, 'docs/architecture.md'), 'utf8');
    const table = [...told.matchAll(/^\| `((?:lab\/)?\w+)\/` +\|.*\| ([^|]*?) +\|$/gm)].map(([, room, may]) => [
      room,
      may,
    ]);
    const { roomsAllowed, labRoomsAllowed } = rooms;
    const inWords = (allowed: readonly string[], others: number): string =>
      allowed.length === 0 ? 'nothing' : allowed.length === others ? 'everything' : allowed.join(', ');
    const expected = [
      ...Object.entries(roomsAllowed).map(([room, allowed]) => [
        room,
        inWords(allowed, Object.keys(roomsAllowed).length - 1),
      ]),
      ...Object.entries(labRoomsAllowed).map(([room, allowed]) => [`lab/${room}`, inWords(allowed, NaN)]),
    ];
    assert.deepEqual(Object.fromEntries(table), Object.fromEntries(expected));
    assert.equal(table.length, expected.length, 'one line a room');
  });
});
