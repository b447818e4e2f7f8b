import { homographyToRgb } from '../scenes/registration.js';
import type { FusionConfig } from '../../src/fusion/fusionSchema.js';
import { fusionSchema } from '../../src/fusion/fusionSchema.js';
import { SPECTRA } from '../../src/spectrum.js';

const REFERENCE = 'rgb';

/** How the bands of generated drives are fused: the rig's own homographies, everything else as usual. */
export const RIG_FUSION = {
  reference: REFERENCE,
  homographies: Object.fromEntries(
    SPECTRA.filter((spectrum) => spectrum !== REFERENCE).map((spectrum) => [spectrum, homographyToRgb(spectrum)]),
  ),
} as const;

/** The same, with every default filled in. */
export function rigFusion(): FusionConfig {
  return fusionSchema.parse(RIG_FUSION);
}
