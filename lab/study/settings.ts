import type { SearchRule } from '../../src/explain/network/maskedPicture.js';
import type { StudyMethod } from './methods.js';

/** How deletion and insertion curves are drawn. */
export interface CurveSettings {
  /** Steps from no changed pixel to all of them: the curve has one point more. */
  readonly steps: number;
  /** What a deleted pixel becomes. */
  readonly removed: 'black' | 'mean';
  /** Insertion starts from the picture blurred by a Gaussian of this standard deviation, in pixels of the model's input. */
  readonly blurSigma: number;
  /** Which of equally important pixels goes first: `random` draws it, `raster` takes them from the top left. */
  readonly ties: 'random' | 'raster';
  /** Masked pictures of one forward pass. */
  readonly batch: number;
  /** How the target is found again. */
  readonly rule: SearchRule;
}

/** Everything that a figure of the study depends on, besides pictures and networks. */
export interface StudySettings {
  readonly seed: number;
  /** Pictures of each spectrum. */
  readonly images: number;
  readonly methods: readonly StudyMethod[];
  readonly curves: CurveSettings;
  /** Moves and noise under which maps should stay; absent: not asked. */
  readonly stability?: { readonly shift: number; readonly noise: number };
  /** Whether maps of a network with shuffled weights are compared. */
  readonly randomised: boolean;
  /** Pictures of each network and spectrum whose maps are kept for the figures. */
  readonly pictures: number;
}

/**
 * The study's re-finding rule. It does not say how many steps its curves have, what a removed pixel becomes, how strong the blur
 * is or which of equal pixels goes first: those are choices made here.
 */
export const DEFAULT_CURVES: CurveSettings = {
  steps: 50,
  removed: 'black',
  blurSigma: 10,
  ties: 'random',
  batch: 1,
  rule: { among: 'nms', scoreThreshold: 0.05, iouThreshold: 0.5 },
};

/** A box below this score is no target: the study's threshold for finding it again. */
export const TARGET_SCORE = 0.05;
