import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../src/packageRoot.js';
import { PerceptionUnderTest } from './perception.js';
import { type RosProcess, startPeer, startPeerIn } from './ros.js';

interface Heard {
  /** Stamp of the image, and when its message arrived; nanoseconds of one clock. */
  readonly stamp: number;
  readonly at: number;
}

const DETECTIONS = ['/perception_node/rgb/detections', 'vision_msgs/msg/Detection2DArray'] as const;
const OVERLAY = ['/perception_node/rgb/overlay', 'sensor_msgs/msg/Image'] as const;
/** The segment is the sender's: without it the camera itself loses images of this size, whoever listens. */
const PROFILE = { FASTDDS_DEFAULT_PROFILES_FILE: path.join(packageRoot, 'config', 'fastdds.xml') };
const PHASE_MS = 5000;
const ROUNDS = 4;

interface Phase {
  readonly hz: number;
  /** Median of image's stamp to detections' arrival, milliseconds. */
  readonly lateMs: number;
  /** Longest time without detections, milliseconds. */
  readonly gapMs: number;
}

/**
 * What one listener receives, while another one is stopped, slow or greedy, beside what it receives without the other, in turns: whatever the
 * machine does besides, it does to both.
 */
describe('a listener of perception_node', function () {
  this.timeout(400_000);
  let ros: PerceptionUnderTest;
  let camera: RosProcess<object>;
  let witness: RosProcess<Heard>;

  before(async () => {
    ros = new PerceptionUnderTest({ bands: ['rgb'], parameters: { diagnostics_period: 1 } });
    camera = startPeerIn(PROFILE, 'peer.py');
    witness = startPeer('listener.py', ...DETECTIONS);
    camera.send({ camera: '/camera/rgb/image_raw', width: 640, height: 480, reliability: 'sensor', frame_id: 'rgb' });
    await witness.report(() => true, 120_000);
    await sleep(3000);
  });

  after(() => Promise.all([ros.stop(), camera.stop(), witness.stop()]));

  const others: readonly (readonly [string, () => RosProcess<Heard>, boolean])[] = [
    ['a greedy listener of the raw overlay', () => startPeer('listener.py', ...OVERLAY), false],
    ['a slow listener of the raw overlay', () => startPeer('listener.py', ...OVERLAY, '--slow', '1.5'), false],
    ['a stopped listener of the raw overlay', () => startPeer('listener.py', ...OVERLAY), true],
    ['a stopped listener of the detections', () => startPeer('listener.py', ...DETECTIONS), true],
  ];
  for (const [name, start, stops] of others) {
    it(`receives as much, and as soon, beside ${name} as without`, async () => {
      const without: Phase[] = [];
      const beside: Phase[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        without.push(await phase());
        const other = start();
        try {
          await other.report(() => true);
          if (stops) other.signal('SIGSTOP');
          beside.push(await phase());
        } finally {
          await other.stop();
        }
      }
      const words = JSON.stringify({ without, beside });
      if (process.env.MSAL_TEST_FIGURES) console.log(`${name}: ${words}`);
      // The quietest round of each: what else the machine does is not the other listener's doing.
      const best = (phases: readonly Phase[], of: keyof Phase): number[] =>
        phases.map((one) => one[of]).sort((a, b) => a - b);
      assert.ok((best(beside, 'hz').at(-1) ?? 0) >= 0.9 * (best(without, 'hz').at(-1) ?? NaN), `rate: ${words}`);
      assert.ok((best(beside, 'lateMs')[0] ?? NaN) <= (best(without, 'lateMs')[0] ?? 0) + 20, `lateness: ${words}`);
      // In a segment of 512 KB the mean of the longest gaps was half a second and more beside listeners of raw overlays.
      const mean = (phases: readonly Phase[]): number => phases.reduce((sum, { gapMs }) => sum + gapMs, 0) / ROUNDS;
      assert.ok(mean(beside) <= mean(without) + 150, `gaps: ${words}`);
    });
  }

  async function phase(): Promise<Phase> {
    await sleep(500);
    const from = witness.reports.length;
    await sleep(PHASE_MS);
    const heard = witness.reports.slice(from);
    const late = heard.map(({ stamp, at }) => (at - stamp) / 1e6).sort((a, b) => a - b);
    const gaps = heard.slice(1).map(({ at }, index) => (at - (heard[index]?.at ?? at)) / 1e6);
    return {
      hz: heard.length / (PHASE_MS / 1000),
      lateMs: late[Math.floor(late.length / 2)] ?? NaN,
      gapMs: Math.max(...gaps),
    };
  }
});
