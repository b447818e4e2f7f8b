import path from 'node:path';
import type { PerceivedFrame } from '../../src/perception/perceivedSet.js';
import { readModelFiles } from '../../src/detector/manifest.js';
import type { Frame } from '../../src/images/frame.js';
import { packageRoot } from '../../src/packageRoot.js';
import { FrameLog } from '../../src/frameLog/frameLog.js';
import type { Spectrum } from '../../src/spectrum.js';

export const TINY_MODEL = path.join(packageRoot, 'test', 'fixtures', 'efficientdet-tiny.json');
export const LOG_START_NS = 1_800_000_000_000_000_000n;
export const LOG_PERIOD_NS = 1_000_000_000n;

export const WIDTH = 96;
export const HEIGHT = 64;

/** A configuration that puts the tiny test network on every band. */
export const TINY_LOG_CONFIG = `
cameras:
${['rgb', 'nir', 'mir', 'fir'].map((band) => `  ${band}: { model: ${TINY_MODEL} }`).join('\n')}
detection: { scoreThreshold: 0.01, maxDetections: 3 }
execution: { mode: latency, threads: 1 }
`;

export interface LogOptions {
  readonly bands?: readonly Spectrum[];
  /** Numbers of the sets whose RGB image cannot be decoded. */
  readonly broken?: readonly number[];
  /** Numbers of the sets whose detections another model made. */
  readonly foreign?: readonly number[];
  readonly onLog?: (log: FrameLog) => void;
  /** Errors are thrown unless this is given. */
  readonly onError?: (error: unknown) => void;
}

/** Logs frame sets, a second apart, as the perception node does: two boxes in each image. */
export async function logFrames(folder: string, numbers: readonly number[], options: LogOptions = {}): Promise<void> {
  const { bands = ['rgb', 'fir'], broken = [], foreign = [] } = options;
  const { manifest } = await readModelFiles(TINY_MODEL);
  const errors: unknown[] = [];
  const log = new FrameLog({ folder, maxBytes: 1e9 }, options.onError ?? ((error) => errors.push(error)));
  options.onLog?.(log);
  for (const number of numbers) {
    const stampNs = LOG_START_NS + BigInt(number) * LOG_PERIOD_NS;
    const sha256 = foreign.includes(number) ? 'ab'.repeat(32) : manifest.sha256;
    const frames = bands.map((spectrum) => {
      const frame = picture(spectrum, stampNs, number, broken.includes(number) && spectrum === 'rgb');
      return { frame, perceived: perceived(frame, { ...manifest, sha256 }) };
    });
    log.offer({ stampNs, reason: 'on request', frames, variant: 'study' });
    await log.settled();
    for (const error of errors) throw error as Error;
  }
}

function picture(spectrum: Spectrum, stampNs: bigint, number: number, broken: boolean): Frame {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 7 + number * 31) % 256);
  return {
    spectrum,
    topic: `/camera/${spectrum}/image_raw`,
    frameId: `${spectrum}_optical_frame`,
    // Cameras expose at slightly different times.
    stampNs: spectrum === 'rgb' ? stampNs : stampNs + 3_000_000n,
    receivedNs: 0n,
    image: {
      kind: 'raw',
      width: WIDTH,
      height: HEIGHT,
      encoding: 'rgb8',
      bigEndian: false,
      step: broken ? 3 : WIDTH * 3,
      data,
    },
  };
}

function perceived(
  header: Frame,
  model: { readonly name: string; readonly sha256: string; readonly classes: readonly string[] },
): PerceivedFrame {
  const source = { level: 3, row: 0, column: 0, anchor: 0 };
  return {
    kind: 'perceived',
    header,
    width: WIDTH,
    height: HEIGHT,
    detections: [
      { box: { x1: 10, y1: 8, x2: 50, y2: 48 }, classIndex: 0, className: 'Person', score: 0.75, source },
      { box: { x1: 40, y1: 20, x2: 90, y2: 60 }, classIndex: 1, className: 'car', score: 0.5, source },
    ],
    model: { ...model, provider: 'cpu' },
    timings: { decodeMs: 0, resizeMs: 0, inferenceMs: 0, postprocessMs: 0, gradCamMs: 0, queueMs: 0, totalMs: 0 },
    pictureKey: 0,
  };
}
