import { Option, type Command } from 'commander';
import { ExpectedError } from '../errors.js';
import {
  ESTIMATORS,
  EXPLAIN_METHODS,
  EXPLAIN_PRESETS,
  parseExplainSettings,
  presetSettings,
  type Estimator,
  type ExplainMethod,
  type ExplainPreset,
  type ExplainSettings,
  withEstimator,
  withPasses,
} from '../explain/settings.js';
import { wholeNumber } from './optionValues.js';

/** How boxes are explained, as the command line says it. */
export interface ExplainMethodFlags {
  readonly method: ExplainMethod;
  readonly preset: ExplainPreset;
  readonly passes?: number;
  readonly estimator?: Estimator;
  readonly layer?: string[];
  readonly seed: number;
}

/** Options for method, preset, passes, estimator and seed. */
export function addExplainMethodFlags(command: Command): Command {
  return command
    .addOption(new Option('--method <name>', 'how to explain').choices(EXPLAIN_METHODS).default('rise'))
    .addOption(
      new Option(
        '--preset <name>',
        "paper: the study's settings, 500 passes; default: 100 passes, near to those of 500 (docs/reasons.md)",
      )
        .choices(EXPLAIN_PRESETS)
        .default('default'),
    )
    .option('--passes <n>', 'masked forward passes (of methods that draw masks)', wholeNumber(1, 1_000_000))
    .addOption(
      new Option(
        '--estimator <name>',
        'of methods that draw masks: sparse-bayes expects no place; mean and regression are unbiased and need more passes; box-prior expects the reason at the box and hardly shows any other',
      ).choices(ESTIMATORS),
    )
    .option(
      '--layer <names...>',
      'of grad-cam++, hirescam, layercam and odam: feature maps of the ONNX file (default: where the neck ends)',
    )
    .option('--seed <n>', 'the same seed gives the same maps', wholeNumber(0, 2 ** 32 - 1), 0);
}

/** @throws ExpectedError `usage` where passes or an estimator are given to a method that draws no masks */
export function explainSettingsOf({ method, preset, passes, estimator, layer }: ExplainMethodFlags): ExplainSettings {
  const chosen: ExplainSettings = presetSettings(method, preset);
  const settings = layer ? parseExplainSettings({ ...chosen, layers: layer }, '--layer') : chosen;
  if (passes === undefined && estimator === undefined) return settings;
  if (!('passes' in settings)) {
    const flag = passes === undefined ? '--estimator' : '--passes';
    throw new ExpectedError('usage', `${flag} means nothing to ${method}, which draws no masks`, 'leave it out');
  }
  const counted = passes === undefined ? settings : withPasses(settings, passes);
  const wanted = estimator === undefined ? counted : withEstimator(counted, estimator);
  return parseExplainSettings(wanted, '--passes and --estimator');
}
