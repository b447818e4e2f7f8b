import { Random } from '../../lab/scenes/random.js';
import type { Baseline, DetectionSettings } from '../../src/drift/baseline.js';
import { BaselineRecorder } from '../../src/drift/baselineRecorder.js';
import type { BandObservation, Observation } from '../../src/drift/figures.js';

export const CLASSES = ['Person', 'car', 'bike'];
export const SHA = 'ab'.repeat(32);
export const SETTINGS: DetectionSettings = {
  scoreThreshold: 0.3,
  iouThreshold: 0.5,
  maxDetections: 100,
  gradCam: 'study',
  fusionIouThreshold: 0.55,
};

/** How a made-up drive differs from the usual one. */
export interface Drift {
  /** Taken from every score. */
  readonly score?: number;
  /** Factor of every attention figure. */
  readonly attention?: number;
  readonly classes?: readonly string[];
  /** Of each fused detection. */
  readonly agreement?: number;
}

/** Frame sets of one FIR camera: three to six detections each, scores 0.4 to 0.95, energy in the box 0.2 to 0.8. */
export function* observations(seed: number, count: number, drift: Drift = {}): Generator<Observation> {
  const random = new Random(seed, 'observations');
  const { score = 0, attention = 1, classes = ['Person', 'Person', 'car'], agreement } = drift;
  for (let i = 0; i < count; i++) {
    const detections: BandObservation['detections'] = Array.from({ length: random.integer(3, 6) }, () => ({
      className: classes[random.integer(0, classes.length - 1)] ?? 'Person',
      score: random.range(0.4, 0.95) - score,
      attention: {
        energyInBox: random.range(0.2, 0.8) * attention,
        energyGain: random.range(2, 20) * attention,
        peakInBox: true,
      },
    }));
    const agreements = detections.map(() => agreement ?? (random.next() < 0.7 ? 1 : 0.5));
    yield { bands: [{ spectrum: 'fir', classes: CLASSES, detections }], agreements };
  }
}

export function recorded(sets: Iterable<Observation>, settings = SETTINGS): Baseline {
  const model = { name: 'fir-model', sha256: SHA, classes: CLASSES };
  const recorder = new BaselineRecorder('made-up drive', settings, new Map([['fir', model]]));
  for (const set of sets) recorder.add(set);
  return recorder.baseline();
}
