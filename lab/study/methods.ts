import type { ExplainSettings } from '../../src/explain/settings.js';
import { presetSettings } from '../../src/explain/settings.js';
import { ExpectedError } from '../../src/errors.js';

/**
 * Maps that no network made, as yardsticks. `box`: a cone over the target's box, highest in its middle: a method that does not
 * beat it tells no more than the box. `random`: noise, what knowing nothing gives.
 */
export type Baseline = { readonly method: 'box' } | { readonly method: 'random' };

/** A method of the study and how it is set. */
export interface StudyMethod {
  /** As on the command line. */
  readonly name: string;
  /** As in tables and figures. */
  readonly label: string;
  readonly settings: ExplainSettings | Baseline;
}

interface Known {
  readonly label: string;
  readonly settings: (passes: number) => ExplainSettings | Baseline;
}

/** With the study's own parameters, apart from the number of masks. */
const KNOWN: Readonly<Record<string, Known>> = {
  'grad-cam': { label: 'Grad-CAM', settings: () => presetSettings('grad-cam', 'paper') },
  'grad-cam-usual': {
    label: 'Grad-CAM, ReLU after the sum',
    settings: () => ({ method: 'grad-cam', variant: 'usual' }),
  },
  'grad-cam-none': { label: 'Grad-CAM without ReLU', settings: () => ({ method: 'grad-cam', variant: 'none' }) },
  rise: { label: 'RISE', settings: (passes) => masks(presetSettings('rise', 'paper'), passes) },
  'd-rise': { label: 'D-RISE', settings: (passes) => masks(presetSettings('d-rise', 'paper'), passes) },
  'live-rise': { label: 'Live RISE', settings: (passes) => masks(presetSettings('live-rise', 'paper'), passes) },
  sidu: { label: 'SIDU', settings: () => presetSettings('sidu', 'paper') },
  'sidu-class': {
    label: 'SIDU, class score',
    settings: () => ({ ...presetSettings('sidu', 'paper'), output: 'class' }),
  },
  box: { label: 'The box itself', settings: () => ({ method: 'box' }) },
  random: { label: 'Noise', settings: () => ({ method: 'random' }) },
};

export const STUDY_METHODS: readonly string[] = Object.keys(KNOWN);

/**
 * @param passes masks of the methods that draw masks; the study: 500
 * @throws ExpectedError `usage` for a name that is not in STUDY_METHODS, or one named twice
 */
export function studyMethods(names: readonly string[], passes: number): StudyMethod[] {
  return names.map((name, i) => {
    const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
    if (known === undefined || names.indexOf(name) !== i)
      throw new ExpectedError(
        'usage',
        known === undefined ? `there is no method ${name}` : `method ${name} is named twice`,
        `name some of ${STUDY_METHODS.join(', ')}, each once`,
      );
    return { name, label: known.label, settings: known.settings(passes) };
  });
}

function masks<Settings extends { readonly passes: number; readonly reportEvery: number }>(
  settings: Settings,
  passes: number,
): Settings {
  return { ...settings, passes, reportEvery: passes };
}
