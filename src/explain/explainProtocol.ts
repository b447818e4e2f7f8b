import type { ModelManifest } from '../detector/manifest.js';
import type { SearchRule } from '../detector/maskedPicture.js';
import type { Provider } from '../detector/providers.js';
import type { Box } from '../geometry/box.js';
import type { Size } from '../geometry/letterbox.js';
import type { GradCamVariant } from '../saliency/gradCam.js';
import type { MaskStreamOptions } from '../saliency/maskStream.js';
import type { SaliencyMap } from '../saliency/saliencyMap.js';
import type { Fill } from './modelPicture.js';

/** What an explanation worker is started with. */
export interface ExplainWorkerSetup {
  readonly manifestPath: string;
  readonly providers: readonly Provider[];
  readonly threads: number;
  /** Masks of one forward pass. */
  readonly batch: number;
}

/** A source picture and the boxes to explain in it. */
export interface SourcePicture {
  /** uint8 [h, w, 3], RGB. */
  readonly pixels: Uint8Array;
  readonly size: Size;
  /** Boxes in source pixels. */
  readonly targets: readonly { readonly box: Box; readonly classIndex: number }[];
}

/** What a mask is weighed with: the target's score, or D-RISE's similarity. */
export type MaskValue = 'score' | 'similarity';

export type ExplainTask =
  | { readonly kind: 'load' }
  /** Takes up a picture under a number of the caller's. */
  | {
      readonly kind: 'begin';
      readonly id: number;
      readonly picture: SourcePicture;
      readonly fill: Fill;
      readonly rule: SearchRule;
      readonly stream: MaskStreamOptions;
      readonly value: MaskValue;
    }
  /** Scores masks `from` to `from + count − 1` of the picture's stream. */
  | { readonly kind: 'score'; readonly id: number; readonly from: number; readonly count: number }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'gradCam'; readonly picture: SourcePicture; readonly variant: GradCamVariant }
  | { readonly kind: 'close' };

export type ExplainAnswer =
  | { readonly kind: 'loaded'; readonly manifest: ModelManifest; readonly provider: Provider }
  | { readonly kind: 'scored'; readonly values: Float32Array; readonly found: Uint8Array }
  /** Undefined where the detector does not find the target. */
  | { readonly kind: 'maps'; readonly maps: readonly (SaliencyMap | undefined)[] }
  | { readonly kind: 'done' };
