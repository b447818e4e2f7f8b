import type { ExplainSettings } from '../settings.js';
import type { PerceptionConfig } from '../../perception/configSchema.js';
import type { SentError } from '../../workers/sentError.js';
import type { Explanation } from './frameExplanation.js';
import type { FrameToExplain } from './prepareFrame.js';

/** How all images are explained. */
export interface FrameExplainerSetup {
  readonly config: PerceptionConfig;
  readonly settings: ExplainSettings;
  readonly seed: number;
  /** Boxes of an image that are explained, best score first. */
  readonly mostBoxes: number;
}

/** Parent → process. */
export type FrameExplainerRequest =
  | { readonly kind: 'start'; readonly setup: FrameExplainerSetup }
  /** Explains an image and writes its maps into a folder. */
  | { readonly kind: 'explain'; readonly source: FrameToExplain; readonly folder: string };

/** What became of an image. */
export interface ExplainedFrame {
  /** Best score first. */
  readonly explanations: readonly Explanation[];
  /** JPEG with the boxes and their maps. */
  readonly overlay: Uint8Array;
}

/** Process → parent. */
export type FrameExplainerAnswer =
  | { readonly kind: 'progress'; readonly passes: number; readonly plannedPasses: number }
  | ({ readonly kind: 'explained' } & ExplainedFrame)
  | { readonly kind: 'trouble'; readonly error: SentError };
