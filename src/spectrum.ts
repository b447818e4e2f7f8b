/** The four camera bands of the study, in the order in which reports and messages list them. */
export const SPECTRA = ['rgb', 'nir', 'mir', 'fir'] as const;

/** One camera band: visible colour, near-, mid- or far-infrared. */
export type Spectrum = (typeof SPECTRA)[number];

/** True where `value` names one of the four bands. */
export function isSpectrum(value: unknown): value is Spectrum {
  return typeof value === 'string' && (SPECTRA as readonly string[]).includes(value);
}
