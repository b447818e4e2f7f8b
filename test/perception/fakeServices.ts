import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseManifest } from '../../src/detector/manifest.js';
import type { ProviderAttempt } from '../../src/detector/providerCheck.js';
import type { Frame } from '../../src/images/frame.js';
import type {
  DetectionJob,
  DetectionJobResult,
  ExplainedDetection,
  LoadedModel,
} from '../../src/perception/protocol.js';
import { packageRoot } from '../../src/packageRoot.js';
import { ManualClock } from '../../src/perception/clock.js';
import { parseConfig } from '../../src/perception/config.js';
import type { PerceptionConfig } from '../../src/perception/configSchema.js';
import type { FrameSet } from '../../src/perception/frameSet.js';
import type { PictureRequest } from '../../src/perception/perceivedSet.js';
import type { DetectionService } from '../../src/perception/perception.js';
import type { VisionService } from '../../src/perception/visionClient.js';
import { SPECTRA, type Spectrum } from '../../src/spectrum.js';
import { ms } from './stamped.js';

export const tinyManifestPath = path.join(packageRoot, 'test/fixtures/efficientdet-tiny.json');

export function tinyConfig(rest = '', bands: readonly Spectrum[] = SPECTRA): PerceptionConfig {
  const cameras = bands.map((spectrum) => `${spectrum}: { model: ${tinyManifestPath} }`).join(', ');
  return parseConfig(`cameras: { ${cameras} }\n${rest}`, '/test.yaml');
}

/** A grey 64 × 48 frame. */
export function rawFrame(spectrum: Spectrum, atMs = 0, change: Partial<Frame> = {}): Frame {
  const data = new Uint8Array(64 * 48).fill(100);
  return {
    spectrum,
    topic: `/camera/${spectrum}/image_raw`,
    frameId: `${spectrum}_optical_frame`,
    stampNs: ms(atMs),
    receivedNs: ms(atMs + 5),
    image: { kind: 'raw', width: 64, height: 48, encoding: 'mono8', bigEndian: false, step: 64, data },
    ...change,
  };
}

export function setOf(...frames: readonly Frame[]): FrameSet {
  const stamps = frames.map(({ stampNs }) => stampNs);
  const stampNs = stamps.reduce((a, b) => (a < b ? a : b));
  const latest = stamps.reduce((a, b) => (a > b ? a : b));
  const present = new Map(frames.map((frame) => [frame.spectrum, frame]));
  return { stampNs, skewNs: latest - stampNs, frames: present, missing: SPECTRA.filter((band) => !present.has(band)) };
}

export const person: ExplainedDetection = {
  box: { x1: 1, y1: 2, x2: 10, y2: 20 },
  classIndex: 0,
  className: 'Person',
  score: 0.9,
  source: { level: 3, row: 1, column: 1, anchor: 0 },
  map: { width: 2, height: 1, values: Float32Array.of(0, 1) },
  attention: { energyInBox: 0.5, energyGain: 2, peakInBox: true },
};

type Behaviour = Partial<{ prepare: Error; detect: Error; render: Error }>;

/**
 * Services without threads. `behave` makes single bands fail; while `hold` is set, detections wait for `letGo`. Each stage
 * takes the time that it reports, by the clock.
 */
export class FakeServices {
  readonly clock = new ManualClock();
  readonly calls: string[] = [];
  readonly jobs: DetectionJob[] = [];
  /** Model inputs that the vision service gave out. */
  readonly inputs: Uint8Array[] = [];
  /** Inputs that it was given back. */
  readonly reused: Uint8Array[] = [];
  readonly behave = new Map<Spectrum, Behaviour>();
  readonly #bandOfKey = new Map<number, Spectrum>();
  hold = false;
  /** What the detectors say about their providers, in place of what they said at load. */
  attempts: readonly ProviderAttempt[] | undefined;
  readonly #held: (() => void)[] = [];
  closed = 0;

  readonly vision: VisionService = {
    prepare: (key, spectrum) => {
      this.calls.push(`prepare ${spectrum}`);
      this.#bandOfKey.set(key, spectrum);
      const trouble = this.behave.get(spectrum)?.prepare;
      if (trouble !== undefined) return Promise.reject(trouble);
      this.clock.advance(ms(3));
      const source = { width: 64, height: 48 };
      const input = new Uint8Array(12);
      this.inputs.push(input);
      return Promise.resolve({ kind: 'prepared', input, source, decodeMs: 2, resizeMs: 1 });
    },
    reuse: (input) => void this.reused.push(input),
    render: (key, detections, wanted: PictureRequest) => {
      const spectrum = this.#bandOfKey.get(key) ?? 'rgb';
      const parts = Object.entries(wanted).flatMap(([name, value]) => (value === true ? [name] : []));
      this.calls.push(`render ${spectrum} ${detections.length} ${parts.join('+')}`);
      const trouble = this.behave.get(spectrum)?.render;
      if (trouble !== undefined) return Promise.reject(trouble);
      this.clock.advance(ms(100));
      return Promise.resolve({ overlay: Uint8Array.of(1), renderMs: 100 });
    },
    pixels: (key) => {
      this.calls.push(`pixels ${this.#bandOfKey.get(key) ?? 'rgb'}`);
      const pixels = { width: 64, height: 48, channels: 1 as const, data: new Uint8Array(64 * 48) };
      return Promise.resolve({ pixels, input: new Uint8Array(12) });
    },
    paint: ({ kind }) => {
      this.calls.push(`paint ${kind}`);
      return Promise.resolve(Uint8Array.of(2));
    },
    close: () => {
      this.closed++;
      return Promise.resolve();
    },
  };

  readonly detectors: DetectionService = {
    models: Object.fromEntries(
      SPECTRA.map((spectrum): [string, LoadedModel] => [
        spectrum,
        {
          manifest: parseManifest(JSON.parse(readFileSync(tinyManifestPath, 'utf8')), 'tiny'),
          providerAttempts: [
            { provider: 'cuda', outcome: 'unavailable', detail: 'no GPU' },
            { provider: 'cpu', outcome: 'used', detail: 'the reference' },
          ],
        },
      ]),
    ),
    workerCount: 2,
    detect: async (job): Promise<DetectionJobResult> => {
      this.calls.push(`detect ${job.model}`);
      this.jobs.push(job);
      if (this.hold) await new Promise<void>((resolve) => this.#held.push(resolve));
      const trouble = this.behave.get(job.model as Spectrum)?.detect;
      if (trouble !== undefined) throw trouble;
      this.clock.advance(ms(50));
      const timings = { waitMs: 10, inferenceMs: 35, decodeMs: 4, gradCamMs: 1 };
      const providerAttempts = this.attempts ?? this.detectors.models[job.model]?.providerAttempts ?? [];
      return { detections: [person], pixels: job.pixels, timings, providerAttempts };
    },
    close: () => {
      this.closed++;
      return Promise.resolve();
    },
  };

  /** Lets the detections that wait go on. */
  letGo(): void {
    this.hold = false;
    for (const resolve of this.#held.splice(0)) resolve();
  }
}
