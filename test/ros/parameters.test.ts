import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { launchArguments } from './launchLine.js';
import { type DiagnosticStatus, type PeerReport, PerceptionUnderTest, TINY_MODEL } from './perception.js';
import { RosProcess, startPeer } from './ros.js';

/** explain_node without its supervisor, which would give it the lowest priority: on a busy machine it would wait for minutes. */
const NODE_SCRIPTS = { perception_node: 'supervisor.js', explain_node: 'explainMain.js' } as const;
type NodeName = keyof typeof NODE_SCRIPTS;

interface Result {
  readonly successful: boolean;
  readonly reason: string;
}

interface Value {
  readonly type: number;
  readonly bool_value?: boolean;
  readonly integer_value?: number;
  readonly double_value?: number;
  readonly string_value?: string;
}

const integer = (value: number): Value => ({ type: 2, integer_value: value });
const double = (value: number): Value => ({ type: 3, double_value: value });
const text = (value: string): Value => ({ type: 4, string_value: value });
const nothing: Value = { type: 0 };

describe('parameters of a running node', function () {
  this.timeout(400_000);
  let ros: PerceptionUnderTest;
  before(async () => {
    ros = new PerceptionUnderTest({ bands: ['rgb'], parameters: { autostart: false, score_threshold: 0.5 } });
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    await ros.message('/diagnostics', () => true, 120_000);
  });
  after(() => ros.stop());

  const set = async (...parameters: (readonly [name: string, value: Value])[]): Promise<Result[]> => {
    const request = { parameters: parameters.map(([name, value]) => ({ name, value })) };
    const type = 'rcl_interfaces/srv/SetParameters';
    return (await ros.call('/perception_node/set_parameters', type, request)).results as Result[];
  };
  const get = async (name: string): Promise<Value | undefined> => {
    const type = 'rcl_interfaces/srv/GetParameters';
    return ((await ros.call('/perception_node/get_parameters', type, { names: [name] })).values as Value[])[0];
  };
  const refused = async (name: string, value: Value, reason: string): Promise<void> =>
    assert.deepEqual(await set([name, value]), [{ successful: false, reason }]);

  it('cannot be deleted: the value stays, and can be set', async () => {
    for (const name of ['score_threshold', 'autostart', 'use_sim_time'])
      await refused(name, nothing, `${name} cannot be deleted: set it to the value that it should have`);
    assert.equal((await get('score_threshold'))?.double_value, 0.5);
    assert.deepEqual(await set(['score_threshold', double(0.25)]), [{ successful: true, reason: '' }]);
    assert.equal((await get('score_threshold'))?.double_value, 0.25);
  });

  it('are refused with the reason: type, range, name, read at start only', async () => {
    await refused('score_threshold', text('0.5'), 'score_threshold is a double, not a string');
    await refused('max_detections', double(5), 'max_detections is an integer, not a double');
    await refused('use_sim_time', integer(1), 'use_sim_time is a bool, not an integer');
    await refused('color_map', { type: 9 }, 'color_map is a string, not an array');
    await refused('score_treshold', double(0.5), 'there is no parameter score_treshold');
    await refused(
      'config_file',
      text('other.yaml'),
      'config_file is read at start only: give it to the node when it is started',
    );
    const [tooHigh] = await set(['score_threshold', double(1.5)]);
    assert.equal(tooHigh?.successful, false);
    assert.match(tooHigh?.reason ?? '', /^score_threshold: .*<=1/);
  });

  it('take an integer for a double, as they do at the start', async () => {
    assert.deepEqual(await set(['score_threshold', integer(1)]), [{ successful: true, reason: '' }]);
    assert.deepEqual(await get('score_threshold').then((value) => [value?.type, value?.double_value]), [3, 1]);
  });

  it('are set all or none by the atomic service', async () => {
    const atomically = async (...parameters: (readonly [string, Value])[]): Promise<Result> => {
      const request = { parameters: parameters.map(([name, value]) => ({ name, value })) };
      const type = 'rcl_interfaces/srv/SetParametersAtomically';
      return (await ros.call('/perception_node/set_parameters_atomically', type, request)).result as Result;
    };
    await set(['score_threshold', double(0.25)]);
    assert.deepEqual(
      await atomically(['score_threshold', double(0.75)], ['nonsense', double(1)], ['grad_cam', nothing]),
      {
        successful: false,
        reason: 'there is no parameter nonsense; grad_cam cannot be deleted: set it to the value that it should have',
      },
    );
    assert.equal((await get('score_threshold'))?.double_value, 0.25);
    assert.equal(
      (await atomically(['score_threshold', double(0.75)], ['max_detections', integer(7)])).successful,
      true,
    );
    assert.equal((await get('score_threshold'))?.double_value, 0.75);
  });
});

describe('nodes started as launch_ros starts them', function () {
  this.timeout(400_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'msal-launch-line-'));
  const configFile = path.join(folder, 'perception.yaml');
  let node: RosProcess<object> | undefined;
  let peer: RosProcess<PeerReport> | undefined;
  before(() => writeFileSync(configFile, JSON.stringify({ cameras: { rgb: { model: TINY_MODEL } } })));
  afterEach(async () => void (await Promise.all([node?.stop(), peer?.stop()])));
  after(() => rmSync(folder, { recursive: true, force: true }));

  function start(
    name: NodeName,
    namespace: string,
    parameters: Readonly<Record<string, string | number | boolean>>,
  ): void {
    const defaults = { perception_node: 'perception_node.yaml', explain_node: 'explain.yaml' }[name];
    const files = [path.join(packageRoot, 'config', defaults)];
    const launched = { name, namespace, files, parameters: { config_file: configFile, ...parameters } };
    const script = path.join(packageRoot, 'dist/src/ros', NODE_SCRIPTS[name]);
    const args = launchArguments(launched, folder, ['--ros-args', '--log-level', 'info']);
    node = new RosProcess(process.execPath, [script, ...args]);
  }

  async function status(name: string, wanted: (status: DiagnosticStatus) => boolean): Promise<DiagnosticStatus> {
    peer = startPeer<PeerReport>('peer.py');
    peer.send({ subscribe: '/diagnostics', type: 'diagnostic_msgs/msg/DiagnosticArray', qos: 'reliable' });
    const statuses = ({ message }: PeerReport): DiagnosticStatus[] => (message?.status ?? []) as DiagnosticStatus[];
    const found = (report: PeerReport): DiagnosticStatus | undefined =>
      statuses(report).find((entry) => entry.name.startsWith(name) && wanted(entry));
    const report = await peer
      .report((candidate) => found(candidate) !== undefined, 180_000)
      .catch((error: unknown) => {
        throw new Error(`${String(error)}\nthe node said:\n${node?.log.slice(-20).join('\n') ?? ''}`);
      });
    const entry = found(report);
    if (!entry) throw new Error('unreachable: it was found');
    return entry;
  }

  for (const namespace of ['', '/veh', '/fleet/veh7'])
    it(`perception_node takes autostart and its configuration, in the namespace ${namespace || '/'}`, async () => {
      start('perception_node', namespace, { autostart: true, diagnostics_period: 0.5 });
      await status('perception_node: detector', ({ values }) =>
        values.some(({ key, value }) => key === 'lifecycle state' && value === 'active'),
      );
      assert.ok(!node?.log.some((line) => /does not have/.test(line)), 'all that was given is known');
    });

  it('explain_node takes the frame log', async () => {
    const log = path.join(folder, 'frame-log');
    mkdirSync(log);
    start('explain_node', '/veh', { 'frame_log.folder': log, diagnostics_period: 0.5 });
    await node?.line(/explaining the frame log .*frame-log/, 180_000);
  });
});

describe('what a node is started with', function () {
  this.timeout(400_000);
  let node: RosProcess<object> | undefined;
  afterEach(() => node?.stop());

  const start = (name: NodeName, ...args: string[]): RosProcess<object> => {
    const script = path.join(packageRoot, 'dist/src/ros', NODE_SCRIPTS[name]);
    return (node = new RosProcess(process.execPath, [script, '--ros-args', '-p', 'autostart:=true', ...args]));
  };
  const REFUSED: [what: string, name: NodeName, args: string[], said: RegExp][] = [
    [
      'a quality of service for an input that does not exist',
      'perception_node',
      ['-p', 'qos_overrides./camera/rgb/image_raw.subscription.reliability:=bestest'],
      /parameter qos_overrides\.\/camera\/rgb\/image_raw\.subscription\.reliability cannot be "bestest"\n\s+what to do: it is one of reliable, best_effort/,
    ],
    [
      'a quality of service for an output that does not exist',
      'perception_node',
      ['-p', 'qos_overrides./perception_node/rgb/detections.publisher.history:=keep_some'],
      /cannot be "keep_some"\n\s+what to do: it is one of keep_last, keep_all/,
    ],
    [
      'a depth that is none',
      'explain_node',
      ['-p', 'qos_overrides./explain_node/rgb/explanation.publisher.depth:=-3'],
      /publisher\.depth cannot be -3\n\s+what to do: it is the number of messages/,
    ],
    [
      'a parameter file that is not there',
      'perception_node',
      ['--params-file', '/nowhere/parameters.yaml'],
      /the ROS arguments cannot be used: .*\/nowhere\/parameters\.yaml/,
    ],
    [
      'the same for the explain node',
      'explain_node',
      ['--params-file', '/nowhere/parameters.yaml'],
      /cannot be used: .*nowhere/,
    ],
    [
      'ROS arguments that are none',
      'perception_node',
      ['-p', 'no_value'],
      /the ROS arguments cannot be used: .*no_value/,
    ],
    [
      'a text for a number',
      'perception_node',
      ['-p', 'score_threshold:=high'],
      /score_threshold cannot be "high": that is a string/,
    ],
    [
      'a double for an integer',
      'perception_node',
      ['-p', 'max_detections:=5.0'],
      /max_detections cannot be 5: that is a double/,
    ],
  ];
  for (const [what, name, args, said] of REFUSED)
    it(`ends ${name} with code 2 where it is ${what}`, async () => {
      const refusing = start(name, ...args);
      assert.equal(await refusing.ended(), 2, refusing.log.join('\n'));
      assert.match(refusing.log.join('\n'), said);
      assert.ok(!refusing.log.some((line) => /^\s+at /.test(line)), 'no stack trace');
    });

  it('ends with code 2 for a camera topic that ROS does not allow, with or without autostart', async () => {
    const ros = new PerceptionUnderTest({
      bands: ['rgb'],
      config: { cameras: { rgb: { model: TINY_MODEL, topic: 'front camera' } } },
    });
    try {
      assert.equal(await ros.node.ended(), 2, ros.node.log.join('\n'));
      assert.match(
        ros.node.log.join('\n'),
        /"front camera" is no topic name\n\s+what to do: correct cameras\.rgb\.topic/,
      );
    } finally {
      await ros.stop();
    }
  });

  it('is warned of where no parameter has that name, in one line', async () => {
    const known = ['-p', 'qos_overrides./camera/rgb/image_raw.subscription.depth:=3', '-p', 'use_sim_time:=false'];
    const unknown = ['-p', 'score_treshold:=0.5', '-p', 'qos_overrides./camera/rgb/image.subscription.depth:=3'];
    const warned = start('perception_node', '-p', 'score_threshold:=1', ...known, ...unknown);
    const line = await warned.line(/does not have|do not have/, 180_000);
    assert.match(
      line,
      /given parameters that this node does not have: score_treshold, qos_overrides\.\/camera\/rgb\/image\.subscription\.depth$/,
    );
  });
});
