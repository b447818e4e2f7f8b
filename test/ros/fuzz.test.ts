import assert from 'node:assert/strict';
import { SPECTRA } from '../../src/spectrum.js';
import { PerceptionUnderTest } from './perception.js';
import { startPeer } from './ros.js';

const MESSAGES = 10_000;

describe('perception_node under fire', function () {
  this.timeout(300_000);

  it('survives ten thousand malformed images, says what is wrong with them, and sees again afterwards', async () => {
    const everything = SPECTRA.flatMap((spectrum) => [
      [`qos_overrides./camera/${spectrum}/image_raw.subscription.reliability`, 'reliable'],
      [`qos_overrides./camera/${spectrum}/image_raw.subscription.depth`, MESSAGES],
    ]);
    const ros = new PerceptionUnderTest({
      parameters: Object.fromEntries(everything) as Record<string, string | number>,
    });
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    await ros.diagnosis('detector', /active/);
    const seed = '20261124';
    const fuzz = startPeer<{ published: number }>(
      'fuzz.py',
      seed,
      String(MESSAGES),
      ...SPECTRA.map((s) => `/camera/${s}/image_raw`),
    );
    try {
      const rubbish = ros.diagnosis('rgb camera', /images could not be used: ./, 2);
      assert.equal((await fuzz.report(() => true, 200_000)).published, MESSAGES);
      await rubbish;
      await fuzz.ended();
      for (const spectrum of SPECTRA) {
        const status = await ros.diagnosis(`${spectrum} camera`, /./);
        const counts = new Map(status.values.map(({ key, value }) => [key, value]));
        assert.ok(Number(counts.get('images received')) > 1000, `${spectrum}: ${JSON.stringify([...counts])}`);
      }
      ros.subscribe('/perception_node/rgb/detections', 'vision_msgs/msg/Detection2DArray');
      for (const spectrum of SPECTRA) ros.camera(spectrum);
      await ros.message('/perception_node/rgb/detections', () => true, 60_000);
      for (const spectrum of SPECTRA) await ros.diagnosis(`${spectrum} camera`, /Hz$/, 0);
    } finally {
      await fuzz.stop();
      await ros.stop();
    }
  });
});
