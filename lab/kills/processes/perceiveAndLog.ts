import { parseConfig } from '../../../src/perception/config.js';
import type { FrameSet } from '../../../src/perception/frameSet.js';
import { PerceptionPipeline } from '../../../src/perception/perception.js';
import { FrameLog } from '../../../src/frameLog/frameLog.js';
import type { Frame } from '../../../src/images/frame.js';
import type { Spectrum } from '../../../src/spectrum.js';
import { TINY_LOG_CONFIG } from '../../../test/frameLog/frameLogs.js';

/** Perceives made-up images and logs every set, until it is killed or told to end. */
const [folder = ''] = process.argv.slice(2);
const BANDS = ['rgb', 'fir'] as const;
const { width, height } = { width: 320, height: 240 };
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
const log = new FrameLog({ folder, maxBytes: 1e12 }, (error) => void process.stderr.write(`${String(error)}\n`));
const pipeline = await PerceptionPipeline.open(parseConfig(TINY_LOG_CONFIG, 'kills'), {}, [...BANDS]);
for (let index = 0; !stop.signal.aborted; index++) {
  const set = setOf(index);
  const { score, iou } = { score: 0.01, iou: 0.5 };
  const perceived = await pipeline.process(set, {
    thresholds: { scoreThreshold: score, iouThreshold: iou, maxDetections: 3 },
    gradCam: 'study',
    onFrame: () => undefined,
  });
  if (perceived === undefined) break;
  const frames = [...set.frames].flatMap(([spectrum, frame]) => {
    const result = perceived.frames.get(spectrum);
    return result?.kind === 'perceived' ? [{ frame, perceived: result }] : [];
  });
  log.offer({ stampNs: set.stampNs, reason: 'every set', frames, variant: 'study' });
  await log.settled();
}
await log.settled();
await pipeline.close();
process.exit(0);

function setOf(index: number): FrameSet {
  const stampNs = BigInt(Date.now()) * 1_000_000n + BigInt(index);
  const frames = new Map<Spectrum, Frame>(
    BANDS.map((spectrum) => [
      spectrum,
      {
        spectrum,
        topic: `/camera/${spectrum}/image_raw`,
        frameId: `${spectrum}_optical_frame`,
        stampNs,
        receivedNs: 0n,
        image: {
          kind: 'raw',
          width,
          height,
          encoding: 'rgb8',
          bigEndian: false,
          step: width * 3,
          data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + index * 31) % 256),
        },
      },
    ]),
  );
  return { stampNs, skewNs: 0n, frames, missing: [] };
}
