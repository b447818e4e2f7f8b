import type { Provider } from './providers.js';

export interface LoadOptions {
  /** Tried in this order; the first that runs and agrees with the CPU is used. Default: `['cpu']`. */
  readonly providers?: readonly Provider[];
  /** Threads of one run on the CPU; 0, the default, takes one for each core. */
  readonly threads?: number;
  /** Places that leave the graph, best first, before thresholds and suppression. Default 512. */
  readonly topK?: number;
}

/** Which of the candidates become detections; chosen for each call. */
export interface DetectionThresholds {
  /** Default 0.3. */
  readonly scoreThreshold?: number;
  /** Boxes of one class that overlap a better one by more are dropped, where the family does so. Default 0.5. */
  readonly iouThreshold?: number;
  /** Default 100. */
  readonly maxDetections?: number;
}

export const DEFAULT_THRESHOLDS = { scoreThreshold: 0.3, iouThreshold: 0.5, maxDetections: 100 } as const;
