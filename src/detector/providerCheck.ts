import type { Provider } from './providers.js';
import type { GraphOutputs } from './graphOutputs.js';

/** How far a provider's answer is from the CPU's on the fixed picture. */
export interface ProviderDifference {
  /** Largest difference of the descending scores. */
  readonly scores: number;
  /** Largest difference of a feature, as a share of the level's largest one. */
  readonly features: number;
  /** Largest difference of a box coordinate, as a share of the larger of input and box side; anchors that both list. */
  readonly boxes: number;
}

/**
 * What is tolerated. GPUs multiply with ten-bit mantissas (TF32) where they can: three decimal digits a product. That the
 * whole network stays below these is an assumption; no GPU run has backed it yet.
 */
export const PROVIDER_TOLERANCE: ProviderDifference = { scores: 0.02, features: 0.02, boxes: 0.02 };

/** One provider of the preference list and what became of it. */
export interface ProviderAttempt {
  readonly provider: Provider;
  /**
   * `refused`: it runs, but differs from the CPU by more than the tolerance. `unavailable`: it cannot be used here. `lost`: it was in use
   * and has failed.
   */
  readonly outcome: 'used' | 'refused' | 'unavailable' | 'lost';
  /** For people: why, or how far from the CPU. */
  readonly detail: string;
  /** Absent for the CPU, the reference, and for a provider that could not run. */
  readonly difference?: ProviderDifference;
}

/** Compares a provider's outputs on the fixed picture with the CPU's. NaN anywhere gives Infinity. */
export function providerDifference(cpu: GraphOutputs, other: GraphOutputs): ProviderDifference {
  let scores = 0;
  cpu.scores.forEach((score, i) => (scores = worse(scores, Math.abs(score - (other.scores[i] ?? NaN)))));
  let features = 0;
  cpu.features.forEach(({ data }, level) => {
    const candidate = other.features[level]?.data;
    const largest = data.reduce((maximum, value) => Math.max(maximum, Math.abs(value)), 1e-6);
    data.forEach((value, i) => (features = worse(features, Math.abs(value - (candidate?.[i] ?? NaN)) / largest)));
  });
  return { scores, features, boxes: boxDifference(cpu, other) };
}

/** True where every figure is within `PROVIDER_TOLERANCE`. */
export function withinTolerance({ scores, features, boxes }: ProviderDifference): boolean {
  return (
    scores <= PROVIDER_TOLERANCE.scores && features <= PROVIDER_TOLERANCE.features && boxes <= PROVIDER_TOLERANCE.boxes
  );
}

/** The difference in words. */
export function describeDifference({ scores, features, boxes }: ProviderDifference): string {
  const figure = (value: number): string => value.toExponential(1);
  return `scores differ from the CPU's by at most ${figure(scores)}, features by ${figure(features)}, boxes by ${figure(boxes)} (tolerance ${PROVIDER_TOLERANCE.scores})`;
}

function boxDifference(cpu: GraphOutputs, other: GraphOutputs): number {
  const position = new Map(Array.from(other.anchors, (anchor, i) => [anchor, i]));
  let difference = 0;
  cpu.anchors.forEach((anchor, i) => {
    const j = position.get(anchor);
    if (j === undefined) return;
    const box = cpu.boxes.subarray(4 * i, 4 * i + 4);
    // Boxes far beyond the picture say nothing: an untrained model's exponentials overflow.
    if (!box.every((value) => Math.abs(value) < 1e4)) return;
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box;
    const side = Math.max(64, x2 - x1, y2 - y1);
    box.forEach((value, k) => {
      difference = worse(difference, Math.abs(value - (other.boxes[4 * j + k] ?? NaN)) / side);
    });
  });
  return difference;
}

function worse(a: number, b: number): number {
  return Number.isNaN(b) ? Infinity : Math.max(a, b);
}
