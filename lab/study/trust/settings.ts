import { presetSettings, type SettingsOf } from '../../../src/explain/settings.js';

/** Everything that the answers depend on, besides pictures, networks and fusion. */
export interface TrustSettings {
  readonly seed: number;
  /** Detections below this score are not asked about. */
  readonly minimumScore: number;
  /** RISE masks of a picture that act on the backbone's features. */
  readonly liveMasks: number;
  /** RISE masks of a picture that act on the picture. */
  readonly masks: number;
  /** Masks of a picture under which boxes should survive, live ones and full ones alike. */
  readonly survivalMasks: number;
  /** Pictures of each spectrum whose masks pass through the whole network too. */
  readonly fullPictures: number;
}

/**
 * The explain node's masks, with unbiased estimates: the ridge expects a score to depend on the box, which a figure that asks whether it does
 * must not.
 */
export const LIVE_RISE: SettingsOf<'live-rise'> = { ...presetSettings('live-rise'), estimator: 'mean', corrected: 0 };
export const FULL_RISE: SettingsOf<'rise'> = { ...presetSettings('rise'), estimator: 'regression' };

/**
 * Probability that a cell of a survival mask shows. RISE hides nine cells of ten, which few boxes survive; half of the picture leaves
 * room for differences.
 */
export const SURVIVAL_PROBABILITY = 0.5;

/** A detection is true where it overlaps an object of its class by at least this, as in COCO's AP50. */
export const TRUE_IOU = 0.5;
