import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { TINY_LOG_CONFIG } from '../frameLog/frameLogs.js';
import { PerceptionUnderTest } from './perception.js';
import { RosProcess, startPeer, testEnvironment } from './ros.js';

const KINDS = ['publish', 'subscribe', 'reply', 'request', 'execute', 'call'] as const;
type Graph = Readonly<Record<(typeof KINDS)[number], readonly string[]>>;

/** What the policy allows an enclave, by kind. The file is plain enough to be read without an XML parser. */
function allowed(enclave: string): Graph {
  const policy = readFileSync(path.join(packageRoot, 'config', 'sros2', 'policy.xml'), 'utf8');
  const part = new RegExp(`<enclave path="${enclave}">(.*?)</enclave>`, 's').exec(policy)?.[1] ?? '';
  const of = (kind: string): string[] =>
    [...part.matchAll(new RegExp(`<(topics|services|actions) ${kind}="ALLOW">(.*?)</\\1>`, 'gs'))].flatMap(
      ([, , list = '']) => [...list.matchAll(/<(?:topic|service|action)>([^<]*)</g)].map(([, name = '']) => name),
    );
  return Object.fromEntries(KINDS.map((kind) => [kind, of(kind).sort()])) as unknown as Graph;
}

/** What only some configurations use. */
const SOMETIMES: Readonly<Record<string, RegExp>> = {
  // Compressed images, simulated time.
  subscribe: /\/image_raw(\/compressed)?$|^\/clock$/,
  // A configuration with homographies.
  publish: /^\/perception_node\/fused\//,
};

describe('the SROS2 policy', function () {
  this.timeout(320_000);

  async function compare(node: string): Promise<void> {
    const peer = startPeer<Graph>('graph.py', node);
    try {
      const graph = await peer.report(() => true, 280_000);
      const policy = allowed(`/${node}`);
      for (const kind of KINDS) {
        const needless = policy[kind].filter((name) => !graph[kind].includes(name));
        const forbidden = graph[kind].filter((name) => !policy[kind].includes(name));
        assert.deepEqual(forbidden, [], `${node} needs, and may not ${kind}`);
        assert.deepEqual(
          needless.filter((name) => SOMETIMES[kind]?.test(name) !== true),
          [],
          `${node} may ${kind}, and does not need`,
        );
      }
      assert.ok(graph.publish.length > 5);
    } finally {
      await peer.stop();
    }
  }

  it('is made into keys by a script that says what is missing', () => {
    const script = path.join(packageRoot, 'scripts', 'sros2-keystore.sh');
    const run = (...args: string[]) => spawnSync(script, args, { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } });
    assert.equal(run('--help').status, 0);
    assert.equal(run().status, 2);
    const { status, stderr } = run('/nowhere/keystore');
    // Where ROS is in /usr/bin the tool itself refuses the folder.
    assert.notEqual(status, 0);
    assert.match(stderr, /sros2|keystore/);
  });

  it('allows the perception node exactly what it uses', async () => {
    const ros = new PerceptionUnderTest({ parameters: { use_sim_time: true } });
    try {
      await compare('perception_node');
    } finally {
      await ros.stop();
    }
  });

  it('allows the explain node exactly what it uses', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'msal-security-'));
    const config = path.join(folder, 'perception.yaml');
    writeFileSync(config, TINY_LOG_CONFIG);
    const executable = path.join(packageRoot, 'dist', 'src', 'ros', 'explainSupervisor.js');
    const args = [executable, '--ros-args', '-p', `config_file:=${config}`, '-p', 'use_sim_time:=true'];
    const node = new RosProcess(process.execPath, args, testEnvironment());
    try {
      await compare('explain_node');
    } finally {
      await node.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
