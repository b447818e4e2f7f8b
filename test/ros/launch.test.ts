import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../src/packageRoot.js';
import { parameterDocument, parameterYaml } from '../../src/ros/parameterFiles.js';
import { EXPLAIN_PARAMETERS } from '../../src/ros/explainParameters.js';
import { PERCEPTION_PARAMETERS, parameterSpecs } from '../../src/ros/parameterSchema.js';
import { describeLaunch } from './launchFiles.js';

// Python leaves its __pycache__ beside files that it has loaded.
const launchFiles = readdirSync(path.join(packageRoot, 'launch')).filter((name) => name.endsWith('.launch.py'));
const cmake = readFileSync(path.join(packageRoot, 'CMakeLists.txt'), 'utf8');
const NODES = [PERCEPTION_PARAMETERS, EXPLAIN_PARAMETERS];
const parameterNames = new Map(
  NODES.map((node) => [node.node, new Set([...parameterSpecs(node).map(({ name }) => name), 'use_sim_time'])]),
);
const FILES = new Map([
  ['perception_node.yaml', PERCEPTION_PARAMETERS],
  ['explain.yaml', EXPLAIN_PARAMETERS],
]);

describe('the launch files', () => {
  it('are there', () =>
    assert.deepEqual(launchFiles.sort(), [
      'explain.launch.py',
      'perception.launch.py',
      'replay.launch.py',
      'rviz.launch.py',
    ]));

  for (const file of launchFiles) {
    it(`${file} uses arguments that it declares, executables and parameters that exist, files that are installed`, async () => {
      const given = { config_file: '/some.yaml', use_sim_time: 'true' };
      const { real, entities = [], used = [] } = await describeLaunch(file, given);
      if (real) return; // a full ROS is there: importing and building the description has checked it
      const declared = entities.filter(({ kind }) => kind === 'DeclareLaunchArgument').map(({ args }) => args[0]);
      for (const name of used) assert.ok(declared.includes(name), `${name} is not declared`);
      for (const { kind, args, keywords } of entities) {
        const parameters = (keywords.parameters ?? []) as (string | Record<string, unknown>)[];
        if (kind.endsWith('Node') && keywords.package === 'multispectral_saliency') {
          // The list that CMakeLists.txt installs to lib/; colcon.test.ts starts what is installed.
          assert.match(cmake, new RegExp(`"${String(keywords.executable)} dist/src/ros/\\S+\\.js"`));
          assert.match(cmake, /install\(PROGRAMS \S*\/\$\{name\} DESTINATION lib\//);
          for (const given of parameters) {
            if (typeof given !== 'string')
              for (const name of Object.keys(given))
                assert.ok(parameterNames.get(String(keywords.executable))?.has(name), name);
          }
        }
        for (const text of strings([args, keywords])) {
          const shared = /^\$\(share multispectral_saliency\)\/(.*)$/.exec(text)?.[1];
          if (shared !== undefined) assert.ok(existsSync(path.join(packageRoot, shared)), shared);
        }
      }
    });
  }

  for (const [file, executable, optional, always] of [
    ['perception.launch.py', 'perception_node', ['config_file', 'use_sim_time'], 'autostart'],
    ['explain.launch.py', 'explain_node', ['config_file'], 'frame_log.folder'],
  ] as const)
    it(`${file} overrides the parameter file with what is given only`, async () => {
      const parameters = async (given: Readonly<Record<string, string>>): Promise<unknown> => {
        const { entities = [] } = await describeLaunch(file, given);
        return entities.find(({ keywords }) => keywords.executable === executable)?.keywords.parameters;
      };
      if ((await describeLaunch(file)).real) return; // the description is then not a list of texts
      const name = always === 'autostart' ? always : 'frame_log';
      const own = { [always]: `$(var ${name})` };
      assert.deepEqual(await parameters({}), ['$(var params_file)', own]);
      const given = Object.fromEntries(optional.map((argument) => [argument, `$(var ${argument})`]));
      const values = Object.fromEntries(optional.map((argument) => [argument, 'given']));
      assert.deepEqual(await parameters(values), ['$(var params_file)', { ...given, ...own }]);
    });

  it('start the explain node at idle priority, and with the lowest nice value only where there is no chrt', async () => {
    const commands = mkdtempSync(path.join(tmpdir(), 'msal-commands-'));
    try {
      const prefix = async (): Promise<unknown> => {
        const { entities = [] } = await describeLaunch('explain.launch.py', {}, { PATH: commands });
        const node = entities.find(({ keywords }) => keywords.executable === 'explain_node');
        assert.equal(node?.keywords.prefix, '$(var prefix)');
        return entities.find(({ args }) => args[0] === 'prefix')?.keywords.default_value;
      };
      if ((await describeLaunch('explain.launch.py')).real) return; // the description is then not a list of texts
      assert.equal(await prefix(), '');
      writeFileSync(path.join(commands, 'chrt'), '#!/bin/sh\n', { mode: 0o755 });
      assert.equal(await prefix(), 'chrt --idle 0');
    } finally {
      rmSync(commands, { recursive: true, force: true });
    }
  });

  it('respawn the node', async () => {
    const { real, entities = [] } = await describeLaunch('perception.launch.py');
    if (!real) assert.equal(entities.find(({ kind }) => kind === 'LifecycleNode')?.keywords.respawn, true);
  });
});

describe('the files that describe the parameters', () => {
  it('are what the schema says (node dist/src/ros/writeParameterFiles.js)', () => {
    assert.equal(readFileSync(path.join(packageRoot, 'docs', 'ros-parameters.md'), 'utf8'), parameterDocument(NODES));
    for (const [file, node] of FILES)
      assert.equal(readFileSync(path.join(packageRoot, 'config', file), 'utf8'), parameterYaml(node));
  });

  it('give every parameter a description, and defaults of the type that they name', () => {
    for (const parameters of NODES) {
      const specs = parameterSpecs(parameters);
      const { '/**': node } = parse(parameterYaml(parameters)) as Record<
        string,
        { ros__parameters: Record<string, unknown> }
      >;
      for (const [name, value] of Object.entries(node?.ros__parameters ?? {})) {
        const spec = specs.find((candidate) => candidate.name === name);
        assert.deepEqual(value, spec?.default, name);
      }
      for (const { name, description } of specs) assert.ok(description.length > 10, name);
    }
  });

  it('show RViz the topics that the node publishes', () => {
    const rviz = readFileSync(path.join(packageRoot, 'config', 'perception.rviz'), 'utf8');
    const layout = parse(rviz) as { 'Visualization Manager': { Displays: { Topic: { Value: string } }[] } };
    assert.deepEqual(
      layout['Visualization Manager'].Displays.map(({ Topic }) => Topic.Value),
      ['rgb', 'nir', 'mir', 'fir'].map((spectrum) => `/perception_node/${spectrum}/overlay`),
    );
  });
});

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(strings) : [];
}
