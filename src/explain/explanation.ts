import type { ModelManifest } from '../detector/manifest.js';
import type { Provider } from '../detector/providers.js';
import type { Box } from '../geometry/box.js';
import type { Size } from '../geometry/letterbox.js';
import type { SaliencyMap } from '../maps/saliencyMap.js';
import type { ExplainSettings } from './settings.js';

/** A detection that is to be explained; a `Detection` is one. */
export interface ExplainTarget {
  /** In pixels of the source image. */
  readonly box: Box;
  readonly classIndex: number;
  readonly className: string;
  /** In [0, 1]. */
  readonly score: number;
}

/** Another picture of a window: the same camera at another moment. */
export interface WindowFrame {
  /** uint8 [H, W, 3], RGB: as the request's `input`. */
  readonly input: Uint8Array;
  /** Of the source image: that of the request. */
  readonly size: Size;
  /** Where each of the request's targets is in it, in source pixels; `undefined` where its track has no box there. */
  readonly boxes: readonly (Box | undefined)[];
}

/** One picture, the boxes of it that want an explanation, and how they are explained. Nothing is copied or moved: the caller keeps its arrays. */
export interface ExplainRequest {
  /** uint8 [H, W, 3], RGB: the picture as the model takes it (images/resize.ts), the very pixels that the detections came from. */
  readonly input: Uint8Array;
  /** Size of the source image, over which boxes and maps are. */
  readonly size: Size;
  /** All explained by the same masks; at least one. */
  readonly targets: readonly ExplainTarget[];
  readonly settings: ExplainSettings;
  /** Other pictures of the same camera that the same masks are laid over, with methods that draw masks: see windowScores.ts. */
  readonly window?: readonly WindowFrame[];
  /** A whole number from 0 to 2³² − 1. Equal requests with equal seeds give equal maps. */
  readonly seed: number;
  /** Continue from here instead of starting: see `Explanation.checkpoint`. */
  readonly resume?: ExplanationCheckpoint;
}

/**
 * Everything that the masks so far have left behind. Structured cloning keeps it (`v8.serialize` writes it to a file); the size
 * does not depend on the number of masks.
 */
export interface ExplanationCheckpoint {
  /** Hash of model and request: a checkpoint continues its own request only. */
  readonly request: string;
  readonly passes: number;
  /** [targets]. */
  readonly lost: readonly number[];
  readonly sums: readonly Float64Array[];
}

/** What is known about one target so far. */
export interface ExplainedTarget {
  /** Over the whole source image, at the resolution of the model's content area or lower. */
  readonly map: SaliencyMap;
  /** Standard error of each value of `map`, in its unit; absent where the method is not random. */
  readonly standardError?: SaliencyMap;
  /** Passes in which the target was not found again; a target lost in all of them has a map of zeros. */
  readonly lost: number;
  /**
   * Estimated Pearson correlation of `map` with the map of infinitely many masks, in [0, 1]: see `earlyStop` in the settings.
   * Absent where the method is not random.
   */
  readonly convergence?: number;
}

/** How far the maps have come after some forward passes. */
export interface MapsSoFar {
  /** Masked forward passes done. */
  readonly passes: number;
  readonly plannedPasses: number;
  /** Whether the maps are stable by the early stop's criterion. */
  readonly converged: boolean;
  /** True for the last one, and only for it. */
  readonly complete: boolean;
  /** In the order of the request's targets. */
  readonly targets: readonly ExplainedTarget[];
  /** What to continue from; ask before the next result. Absent where the method has nothing to continue. */
  readonly checkpoint?: () => ExplanationCheckpoint;
}

/** The answer to a request, as far as it has come: the maps, and everything that made them. */
export interface Explanation extends MapsSoFar {
  readonly request: ExplainRequest;
  readonly model: { readonly name: string; readonly sha256: string; readonly provider: Provider };
  /** Nanoseconds since the epoch. */
  readonly madeAtNs: bigint;
}

/** Explains detections of one model. */
export interface Explainer {
  readonly manifest: ModelManifest;
  readonly provider: Provider;
  /**
   * Starts when the first result is asked for. Leaving the loop or aborting `signal` stops the work at the next mask batch;
   * an aborted explanation throws the signal's reason.
   * @throws ExpectedError `input` for a request that does not fit, `usage` for settings that cannot be met here
   */
  explain(request: ExplainRequest, signal?: AbortSignal): AsyncIterable<Explanation>;
  close(): Promise<void>;
}
