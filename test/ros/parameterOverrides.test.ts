import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { overridesFor } from '../../src/ros/parameterOverrides.js';
import { RosProcess, startPeer } from './ros.js';

/** What a node takes from its command line, as both peers tell it: [ParameterType, value] by name. */
interface Taken {
  readonly name?: string;
  readonly values?: Readonly<Record<string, readonly [type: number, value: unknown]>>;
  readonly refused?: string;
}

const KEYS = [
  'perception_node',
  '/perception_node',
  '/veh/perception_node',
  '/veh/front/perception_node',
  'veh/perception_node',
  '/**',
  '/*',
  '/*/perception_node',
  '/**/perception_node',
  '/veh/**',
  '/veh/*',
  '/*/*',
  '/veh/*/perception_node',
  '/other/perception_node',
  '/other_node',
  '/veh',
] as const;
const NAMESPACES = [undefined, '/veh', '/veh/front', 'veh'] as const;

describe('the parameters that a node is given', function () {
  this.timeout(300_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'msal-parameters-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('are those whose key matches its name, the later key before the earlier one (by hand)', () => {
    const double = (name: string, value: number) => ({ name, type: 3, value });
    const given = [
      { name: '/veh/perception_node', parameters: [double('a', 1), double('b', 1)] },
      { name: '/**', parameters: [double('a', 2), double('c', 2)] },
      { name: 'perception_node', parameters: [double('c', 3)] },
      { name: '/*/perception_node', parameters: [double('d', 4)] },
      { name: '/veh.perception_node', parameters: [double('e', 5)] },
    ];
    const taken = (node: string): Record<string, unknown> =>
      Object.fromEntries([...overridesFor(given, node)].map(([name, { value }]) => [name, value]));
    assert.deepEqual(taken('/veh/perception_node'), { a: 2, b: 1, c: 2, d: 4 });
    assert.deepEqual(taken('/perception_node'), { a: 2, c: 3 });
    assert.deepEqual(taken('/a/b/perception_node'), { a: 2, c: 2 });
  });

  it('are those that rclpy takes from the same command line, whatever the keys, namespaces and order', async () => {
    let files = 0;
    const file = (text: string): string[] => {
      const name = path.join(folder, `${files++}.yaml`);
      writeFileSync(name, text);
      return ['--params-file', name];
    };
    const block = (key: string, value: unknown, name = 'x'): string =>
      `${JSON.stringify(key)}:\n  ros__parameters:\n    ${name}: ${String(value)}\n`;
    const inNamespace = (namespace: string | undefined): string[] =>
      namespace === undefined ? [] : ['-r', `__ns:=${namespace}`];
    const lines: string[][] = [];
    for (const namespace of NAMESPACES) {
      const ns = inNamespace(namespace);
      for (const key of KEYS) lines.push([...ns, ...file(block(key, 1.5))]);
      // Two keys in one file and in two: which one wins does not depend on how special it is.
      for (const first of KEYS.slice(0, 9))
        for (const second of ['/**', '/veh/perception_node', 'perception_node'] as const)
          if (first !== second) {
            lines.push([...ns, ...file(block(first, 1) + block(second, 2))]);
            lines.push([...ns, ...file(block(first, 1)), ...file(block(second, 2))]);
          }
      // The same key again keeps the place where it was first.
      lines.push([
        ...ns,
        ...file(block('/**', 1)),
        ...file(block('/veh/perception_node', 2)),
        ...file(block('/**', 3)),
      ]);
      lines.push([...ns, '-p', 'x:=1', ...file(block('perception_node', 2)), '-p', 'x:=3']);
      lines.push([...ns, '-p', 'perception_node:x:=1', '-p', 'x:=2']);
      lines.push([...ns, '-p', 'other_node:x:=1', '-p', 'perception_node:y:=2']);
    }
    lines.push(
      ['-r', '__node:=renamed', ...file(block('perception_node', 1) + block('/renamed', 2))],
      ['-r', '__node:=renamed', '-r', '__ns:=/veh', ...file(block('/veh/renamed', 1) + block('renamed', 2))],
      ['-r', 'perception_node:__ns:=/veh', ...file(block('/veh/perception_node', 1))],
      file('veh:\n  perception_node:\n    ros__parameters:\n      a: {b: 1, c: {d: text}}\n'),
      [
        ...inNamespace('/veh'),
        ...file('veh:\n  perception_node:\n    ros__parameters:\n      a: {b: 1, c: {d: text}}\n'),
      ],
      // Types as rcl sees them, and a value that changes its type from one file to the next.
      file(block('/**', '1') + block('/perception_node', '1.5')),
      [...file(block('/**', '1')), ...file(block('/**', '1.5'))],
      [...file(block('/**', '1.5')), ...file(block('/**', 'true'))],
      [...file(block('/**', 'text')), '-p', 'x:=7'],
      file(
        '/**:\n  ros__parameters: {a: yes, b: "1", c: 1e3, d: .5, e: [1, 2], f: [a, b], g: [0.5], h: on, i: "", j: 0x10}\n',
      ),
      file(block('no good name', 1)),
      file('/**: {ros__parameters: {x: [1, a]}}\n'),
      ['--params-file', path.join(folder, 'missing.yaml')],
      ['-p', 'x'],
      [],
    );
    const cases = path.join(folder, 'cases.json');
    const described = lines.map((args) => ({ node: 'perception_node', args: ['node', '--ros-args', ...args] }));
    writeFileSync(cases, JSON.stringify(described));

    const rclpy = startPeer<Taken>('parameters.py', cases);
    const peer = path.join(packageRoot, 'test', 'ros', 'peers', 'parameters.js');
    const ours = new RosProcess<Taken>(process.execPath, [peer, cases]);
    try {
      assert.equal(await ours.ended(), 0, ours.log.slice(-20).join('\n'));
      assert.equal(await rclpy.ended(), 0, rclpy.log.slice(-20).join('\n'));
    } finally {
      await Promise.all([ours.stop(), rclpy.stop()]);
    }
    assert.equal(rclpy.reports.length, lines.length);
    assert.equal(ours.reports.length, lines.length);
    let taken = 0;
    for (const [at, args] of lines.entries()) {
      const expected = rclpy.reports[at] ?? {};
      const actual = ours.reports[at] ?? {};
      const what = args.join(' ');
      assert.equal(
        actual.refused === undefined,
        expected.refused === undefined,
        `${what}: ${actual.refused ?? 'taken'}`,
      );
      assert.equal(actual.name, expected.name, what);
      assert.deepEqual(actual.values, expected.values, what);
      taken += Object.keys(expected.values ?? {}).length;
    }
    assert.ok(taken > 150, `${taken} parameters were taken: the table says something`);
  });
});
