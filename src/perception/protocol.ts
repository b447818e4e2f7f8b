import type { Detection } from '../detector/detection.js';
import type { DetectionThresholds } from '../detector/detectionOptions.js';
import type { FeatureMaps } from '../detector/featureMaps.js';
import type { ModelManifest } from '../detector/manifest.js';
import type { ProviderAttempt } from '../detector/providerCheck.js';
import type { Provider } from '../detector/providers.js';
import type { Size } from '../geometry/letterbox.js';
import type { AttentionFigures } from '../maps/attention.js';
import type { GradCamVariant } from './gradCam.js';
import type { SaliencyMap } from '../maps/saliencyMap.js';

/** What a worker is started with. */
export interface WorkerSetup {
  /** Model key → path of its manifest. */
  readonly models: Readonly<Record<string, string>>;
  readonly providers: readonly Provider[];
  readonly threads: number;
  readonly topK: number;
}

/** One picture to detect in and to explain. */
export interface DetectionJob {
  /** Which of the pool's models. */
  readonly model: string;
  /** uint8 [H, W, 3], RGB, resized to the model's input. */
  readonly pixels: Uint8Array;
  /** Size of the image before resizing: boxes and maps are over it. */
  readonly source: Size;
  readonly thresholds?: DetectionThresholds;
  /** Grad-CAM for every detection; `false` leaves it out. Default `study`. */
  readonly gradCam?: GradCamVariant | false;
  /** Whether the feature maps travel back too (1.4 MB for D0). Default no. */
  readonly wantFeatures?: boolean;
}

/** A detection with what Grad-CAM says about it. */
export interface ExplainedDetection extends Detection {
  /** Over the source image, at the resolution of the detection's pyramid level; absent where Grad-CAM was left out. */
  readonly map?: SaliencyMap;
  readonly attention?: AttentionFigures;
}

export interface DetectionJobResult {
  /** Best score first. */
  readonly detections: readonly ExplainedDetection[];
  readonly featureMaps?: FeatureMaps;
  /** The job's pixels, given back for another use. */
  readonly pixels: Uint8Array;
  /** Milliseconds. `waitMs`: in the pool's queue. */
  readonly timings: {
    readonly waitMs: number;
    readonly inferenceMs: number;
    readonly decodeMs: number;
    readonly gradCamMs: number;
  };
  /** As LoadedModel's, after this job: a provider can be lost. */
  readonly providerAttempts: readonly ProviderAttempt[];
}

/** A model as the workers have it. */
export interface LoadedModel {
  readonly manifest: ModelManifest;
  readonly providerAttempts: readonly ProviderAttempt[];
}

/** `load` is the first request, `close` the last: it frees the sessions. */
export type DetectorRequest =
  { readonly kind: 'load' } | { readonly kind: 'detect'; readonly job: DetectionJob } | { readonly kind: 'close' };

export type DetectorAnswer =
  | { readonly kind: 'loaded'; readonly models: Readonly<Record<string, LoadedModel>> }
  | { readonly kind: 'detected'; readonly result: DetectionJobResult }
  | { readonly kind: 'closed' };
