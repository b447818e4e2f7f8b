import { Option, type Command } from 'commander';
import { PROVIDERS, type Provider } from '../detector/providers.js';
import { defaultConfig, loadConfig } from '../perception/config.js';
import type { PerceptionConfig } from '../perception/configSchema.js';
import { GRAD_CAM_VARIANTS } from '../perception/gradCam.js';
import { number } from './optionValues.js';

/** Flags of every command that detects; each overrides the configuration file. */
export interface PerceptionFlags {
  readonly config?: string;
  readonly scoreThreshold?: number;
  readonly gradCam?: PerceptionConfig['explanation']['gradCam'];
  readonly provider?: readonly Provider[];
}

/** Adds the flags to a command. */
export function addPerceptionFlags(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration (YAML); config/replay.yaml describes every field')
    .addOption(
      new Option('--score-threshold <score>', 'lowest score of a detection (default: 0.3)').argParser(number(0, 1)),
    )
    .addOption(
      new Option('--grad-cam <variant>', 'what happens to negative contributions (default: study)').choices([
        ...GRAD_CAM_VARIANTS,
        'off',
      ]),
    )
    .addOption(
      new Option('--provider <name...>', 'execution providers in order of preference (default: cpu)').choices(
        PROVIDERS,
      ),
    );
}

/**
 * The configuration that a command works with: the file, or the defaults, with the flags on top.
 * @throws ExpectedError (usage) as `loadConfig`
 */
export async function perceptionConfig(
  flags: PerceptionFlags,
  mode: PerceptionConfig['execution']['mode'],
): Promise<PerceptionConfig> {
  const config = flags.config === undefined ? defaultConfig(mode) : await loadConfig(flags.config);
  const { scoreThreshold, gradCam, provider } = flags;
  return {
    ...config,
    detection: { ...config.detection, ...(scoreThreshold === undefined ? {} : { scoreThreshold }) },
    explanation: { ...config.explanation, ...(gradCam === undefined ? {} : { gradCam }) },
    execution: { ...config.execution, ...(provider === undefined ? {} : { providers: [...provider] }) },
  };
}
