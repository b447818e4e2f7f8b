import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { SPECTRA } from '../../src/spectrum.js';
import { START_NS, writeSmallDrive } from '../replay/smallDrive.js';
import { describeLaunch } from './launchFiles.js';
import { type Header, PerceptionUnderTest } from './perception.js';
import { RosProcess } from './ros.js';

const FRAMES = 12;

describe('a bag played into perception_node, as replay.launch.py does it', function () {
  this.timeout(240_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'msal-replay-launch-'));
  const bag = path.join(folder, 'drive');
  let ros: PerceptionUnderTest;
  let player: RosProcess<object> | undefined;

  before(() => writeSmallDrive(bag, FRAMES));
  afterEach(() => Promise.all([ros.stop(), player?.stop()]));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('gives detections on the time of the recording, of every image from the first one on', async function () {
    const { real, entities = [] } = await describeLaunch('replay.launch.py');
    if (real) this.skip(); // the description is then not a list of texts
    const launch = { bag, rate: '0.25', loop: 'false', start_offset: '0.0' };
    const node = entities.find(({ keywords }) => keywords.executable === 'play_node');
    const args = (node?.keywords.arguments as string[]).map(
      (arg) => (launch as Record<string, string>)[/^\$\(var (.*)\)$/.exec(arg)?.[1] ?? ''] ?? arg,
    );
    // The player comes first: it has to wait for the models.
    player = new RosProcess(process.execPath, [path.join(packageRoot, 'dist/src/ros/play/main.js'), ...args]);
    ros = new PerceptionUnderTest({ parameters: { use_sim_time: true, autostart: false } });
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    const topics = SPECTRA.map((spectrum) => `/perception_node/${spectrum}/detections`);
    for (const topic of topics) ros.subscribe(topic, 'vision_msgs/msg/Detection2DArray');
    // The node becomes active only when the listener, a process that starts slowly, is there: commands are done in their order.
    assert.ok(await ros.changeState('configure'));
    // Refused while the models load.
    while (!(await ros.changeState('activate')));
    assert.equal(await player.ended(), 0, player.log.join('\n'));

    const startS = Number(START_NS / 1_000_000_000n);
    for (const [lane, spectrum] of SPECTRA.entries()) {
      const topic = topics[lane] ?? '';
      const recorded = Array.from({ length: FRAMES }, (_, i) => i * 100 + lane);
      const stamp = ({ header }: { readonly header: Header }): number => stampMs(header) - startS * 1000;
      await ros.message<{ header: Header }>(topic, (message) => stamp(message) === recorded.at(-1));
      const heard = ros.heard<{ header: Header }>(topic).map(stamp);
      const values = new Map(
        (await ros.diagnosis(`${spectrum} camera`, /./)).values.map(({ key, value }) => [key, value]),
      );
      assert.equal(values.get('images received'), String(FRAMES), 'none was lost at the beginning');
      assert.equal(values.get('images published'), String(heard.length));
      const dropped = Number(values.get('images dropped (detector busy)'));
      assert.equal(heard.length + dropped, FRAMES, 'a machine that is too slow counts what it leaves out');
      assert.deepEqual(
        heard,
        recorded.filter((ms) => heard.includes(ms)),
      );
      assert.ok(Math.abs(Number(values.get('stamp age on arrival (s)'))) < 1, 'stamps fit the time on /clock');
    }
  });
});

function stampMs({ stamp }: Header): number {
  return stamp.sec * 1000 + Math.round(stamp.nanosec / 1e6);
}
