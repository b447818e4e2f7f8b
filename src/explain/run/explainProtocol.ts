import type { ModelManifest } from '../../detector/manifest.js';
import type { FeatureGround } from '../network/liveGraph.js';
import type { GridMasks, SearchRule } from '../network/maskedPicture.js';
import type { Provider } from '../../detector/providers.js';
import type { Box } from '../../geometry/box.js';
import type { Size } from '../../geometry/letterbox.js';
import type { FeatureMaskKind } from '../masks/featureMasks.js';
import type { MaskStreamOptions } from '../masks/maskStream.js';
import type { SaliencyMap } from '../../maps/saliencyMap.js';
import type { GradientSettings } from '../settings.js';
import type { Fill } from './fillPicture.js';
import type { SiduLevel } from '../masks/siduMasks.js';

/** What an explanation worker is started with. */
export interface ExplainWorkerSetup {
  readonly manifestPath: string;
  readonly providers: readonly Provider[];
  readonly threads: number;
  /** Masks of one forward pass. */
  readonly batch: number;
}

/** A picture and the boxes to explain in it. */
export interface PictureToExplain {
  /** uint8 [H, W, 3], RGB, laid into the model's input. */
  readonly input: Uint8Array;
  /** Of the source image. */
  readonly size: Size;
  /** Boxes in source pixels. */
  readonly targets: readonly { readonly box: Box; readonly classIndex: number }[];
}

/** What a mask is weighed with: the target's score, or D-RISE's similarity. */
export type MaskValue = 'score' | 'similarity';

/** Masks that act on the backbone's maps (live RISE). */
export interface LiveMasking {
  readonly ground: FeatureGround;
  /** So many of `passes` masks are passed through the whole network too. */
  readonly corrected: number;
  readonly passes: number;
}

export type ExplainTask =
  | { readonly kind: 'load' }
  /** Takes up a picture under a number of the caller's. */
  | {
      readonly kind: 'begin';
      readonly id: number;
      readonly picture: PictureToExplain;
      readonly fill: Fill;
      readonly rule: SearchRule;
      /** Left out: masks come with `scoreGrids`. */
      readonly stream?: MaskStreamOptions;
      readonly value: MaskValue;
      readonly live?: LiveMasking;
    }
  /**
   * Scores masks `from` to `from + count − 1` of the picture's stream. Of live masks that are corrected the values are
   * [count, 2T]: see CorrectedRidgeEstimate.
   */
  | { readonly kind: 'score'; readonly id: number; readonly from: number; readonly count: number }
  | { readonly kind: 'scoreGrids'; readonly id: number; readonly masks: GridMasks }
  /** SIDU's masks of a picture. */
  | {
      readonly kind: 'siduMasks';
      readonly picture: PictureToExplain;
      readonly rule: SearchRule;
      readonly masks: FeatureMaskKind;
    }
  | { readonly kind: 'end'; readonly id: number }
  | {
      readonly kind: 'gradients';
      readonly picture: PictureToExplain;
      readonly settings: GradientSettings;
      readonly seed: number;
    }
  | { readonly kind: 'close' };

export type ExplainAnswer =
  | { readonly kind: 'loaded'; readonly manifest: ModelManifest; readonly provider: Provider }
  | { readonly kind: 'scored'; readonly values: Float32Array; readonly found: Uint8Array }
  | { readonly kind: 'vectors'; readonly ious: Float32Array; readonly vectors: Float32Array }
  | { readonly kind: 'siduMasks'; readonly levels: readonly SiduLevel[] }
  /** Undefined where the detector does not find the target. */
  | { readonly kind: 'maps'; readonly maps: readonly (SaliencyMap | undefined)[] }
  | { readonly kind: 'done' };
