import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { PerceptionUnderTest } from './perception.js';

const DETECTIONS = 'vision_msgs/msg/Detection2DArray';

describe('perception_node in trouble', function () {
  this.timeout(120_000);
  let ros: PerceptionUnderTest;

  afterEach(() => ros.stop());

  it('names in plain words who cannot be heard: quality of service, type, nobody there', async () => {
    ros = new PerceptionUnderTest({
      bands: ['rgb', 'nir', 'fir'],
      parameters: { 'qos_overrides./camera/rgb/image_raw.subscription.reliability': 'reliable' },
    });
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    ros.camera('rgb', { reliability: 'sensor' });
    ros.peer.send({ publish: '/camera/nir/image_raw', type: 'std_msgs/msg/String', message: { data: 'no image' } });
    await ros.diagnosis(
      'rgb camera',
      /\/test_peer cannot be heard: it offers best effort, this node asks for reliable .*\/camera\/rgb\/image_raw/,
      2,
    );
    await ros.diagnosis('nir camera', /it sends std_msgs\/msg\/String, this node expects sensor_msgs\/msg\/Image/, 2);
    await ros.diagnosis('fir camera', /nobody publishes on \/camera\/fir\/image_raw/, 1);
  });

  it('names encodings that it does not know', async () => {
    ros = new PerceptionUnderTest({ bands: ['rgb'] });
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    await ros.diagnosis('detector', /^active$/);
    const message = { encoding: '64FC4', width: 2, height: 1, step: 64, data: Array<number>(64).fill(0) };
    const publish = setInterval(
      () => ros.peer.send({ publish: '/camera/rgb/image_raw', type: 'sensor_msgs/msg/Image', message }),
      100,
    );
    try {
      await ros.diagnosis('rgb camera', /images could not be used: image encoding '64FC4' is not known/, 2);
    } finally {
      clearInterval(publish);
    }
  });

  it('offers its results as qos_overrides say, and says as much as its log level', async () => {
    const detections = '/perception_node/rgb/detections';
    ros = new PerceptionUnderTest({
      bands: ['rgb'],
      parameters: {
        [`qos_overrides.${detections}.publisher.reliability`]: 'best_effort',
        'qos_overrides./diagnostics.publisher.depth': 3,
      },
      rosArgs: ['--log-level', 'error'],
    });
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    await ros.diagnosis('detector', /^active$/);
    ros.peer.send({ publishers: detections, id: 77 });
    const { response } = await ros.peer.report(({ id }) => id === 77);
    assert.deepEqual(
      (response as unknown as { reliability: string }[]).map(({ reliability }) => reliability),
      ['BEST_EFFORT'],
    );
    assert.doesNotMatch(ros.node.log.join('\n'), /models loaded/);
  });

  it('hears compressed images, under other names, in a namespace', async () => {
    ros = new PerceptionUnderTest({
      bands: ['rgb'],
      parameters: { 'rgb.transport': 'compressed' },
      config: { cameras: { rgb: { model: PerceptionUnderTest.model, topic: 'front/image' } } },
      rosArgs: ['-r', '__ns:=/car', '-r', 'front/image/compressed:=/driver/jpeg', '-r', '__node:=eyes'],
    });
    ros.subscribe('/car/eyes/rgb/detections', DETECTIONS);
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    ros.peer.send({ camera: '/driver/jpeg', compressed: true, frame_id: 'front' });
    const { header } = await ros.message<{ header: { frame_id: string } }>('/car/eyes/rgb/detections');
    assert.equal(header.frame_id, 'front');
    await ros.diagnosis('rgb camera', /Hz$/, 0);
  });

  it('stamps its diagnostics by simulated time', async () => {
    ros = new PerceptionUnderTest({ bands: ['rgb'], parameters: { use_sim_time: true } });
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    await ros.message('/diagnostics');
    const clock = setInterval(() => {
      ros.peer.send({
        publish: '/clock',
        type: 'rosgraph_msgs/msg/Clock',
        message: { clock: { sec: 4242, nanosec: 7 } },
      });
    }, 200);
    try {
      await ros.message<{ header: { stamp: { sec: number } } }>(
        '/diagnostics',
        ({ header }) => header.stamp.sec === 4242,
      );
    } finally {
      clearInterval(clock);
    }
  });

  it('refuses parameters that are out of range, and models that are not there, with words and exit codes', async () => {
    ros = new PerceptionUnderTest({ bands: ['rgb'], parameters: { score_threshold: 7.5 } });
    assert.equal(await ros.node.ended(), 2);
    assert.match(ros.node.log.join('\n'), /parameter score_threshold cannot be 7\.5/);
    await ros.stop();
    ros = new PerceptionUnderTest({ bands: ['rgb'], model: '/nowhere/model.json' });
    assert.equal(await ros.node.ended(), 5);
    assert.match(ros.node.log.join('\n'), /\/nowhere\/model\.json/);
  });

  it('refuses to be active without models, and stays there to be asked', async () => {
    ros = new PerceptionUnderTest({ bands: ['rgb'], model: '/nowhere/model.json', parameters: { autostart: false } });
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    assert.equal(await ros.changeState('configure'), true);
    await ros.diagnosis('detector', /could not be loaded: .*\/nowhere\/model\.json/, 2);
    assert.equal(await ros.changeState('activate'), false);
  });

  it('tries again to load what was not there', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'msal-late-model-'));
    try {
      const model = path.join(folder, 'efficientdet-tiny.json');
      ros = new PerceptionUnderTest({ bands: ['rgb'], model, parameters: { autostart: false } });
      ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
      assert.equal(await ros.changeState('configure'), true);
      await ros.diagnosis('detector', /could not be loaded/, 2);
      for (const name of ['efficientdet-tiny.json', 'efficientdet-tiny.onnx'])
        copyFileSync(path.join(packageRoot, 'test', 'fixtures', name), path.join(folder, name));
      assert.equal(await ros.changeState('cleanup'), true);
      assert.equal(await ros.changeState('configure'), true);
      await ros.diagnosis('detector', /^inactive$/, 0);
      assert.equal(await ros.changeState('activate'), true);
    } finally {
      await ros.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('keeps frames on request, and says where', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'msal-frame-log-'));
    try {
      ros = await running({ 'frame_log.folder': folder, 'frame_log.period': 0, 'frame_log.middling_low': 1 });
      ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
      assert.deepEqual(await ros.call('/perception_node/log_frame', 'std_srvs/srv/Trigger'), {
        success: true,
        message: `the next frames go to ${folder}`,
      });
      let written: string | undefined;
      while (written !== '1') {
        const { values } = await ros.diagnosis('detector', /./);
        written = values.find(({ key }) => key === 'frame log entries written')?.value;
      }
      assert.equal(readdirSync(folder).filter((name) => name.endsWith('.mcap')).length, 1);
    } finally {
      await ros.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('sees without a frame log whose folder can never be made, says so, and ends when it is told to', async () => {
    ros = await running({ 'frame_log.folder': '/proc/no/frame/log' });
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    await ros.diagnosis('detector', /frame log: .*\/proc\/no\/frame\/log/, 1);
    ros.node.signal('SIGTERM');
    assert.equal(await ros.node.ended(), 0);
  });

  it('ends when it is told to while its models load', async () => {
    ros = new PerceptionUnderTest({ bands: ['rgb', 'nir', 'mir', 'fir'] });
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    await ros.message('/diagnostics');
    ros.node.signal('SIGTERM');
    assert.equal(await ros.node.ended(), 0);
  });

  it('ends with its own code when native code crashes', async () => {
    ros = await running();
    process.kill(childOf(ros.node.pid), 'SIGSEGV');
    assert.equal(await ros.node.ended(), 71);
    assert.match(ros.node.log.join('\n'), /crashed in native code.*SIGSEGV/);
  });

  it('ends with its own code when the main thread no longer answers', async () => {
    ros = await running({ watchdog_timeout: 5 });
    process.kill(childOf(ros.node.pid), 'SIGSTOP');
    assert.equal(await ros.node.ended(), 70);
    assert.match(ros.node.log.join('\n'), /no sign of life for 5 s/);
  });

  it('ends with its own code when an image does not come back from native code', async () => {
    // Any image takes longer than this: to the watchdog the same as one that never comes back.
    ros = new PerceptionUnderTest({ parameters: { watchdog_timeout: 0.0001 } });
    for (const spectrum of ['rgb', 'nir', 'mir', 'fir'] as const)
      ros.camera(spectrum, { width: 640, height: 480, rate: 30 });
    assert.equal(await ros.node.ended(), 70);
    assert.match(ros.node.log.join('\n'), /images have been in work for .* native code hangs/);
  });

  async function running(parameters: Readonly<Record<string, string | number>> = {}): Promise<PerceptionUnderTest> {
    const started = new PerceptionUnderTest({ bands: ['rgb'], parameters });
    started.subscribe('/perception_node/rgb/detections', DETECTIONS);
    started.camera('rgb');
    await started.message('/perception_node/rgb/detections');
    return started;
  }
});

/** The process that a supervisor watches. */
function childOf(pid: number): number {
  const child = readdirSync('/proc').find((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(pid);
    } catch {
      return false; // has ended meanwhile
    }
  });
  if (child === undefined) throw new Error(`process ${pid} has no child`);
  return Number(child);
}
