import { Command } from 'commander';
import { EXIT_CODES, ExpectedError, troubleText } from '../../src/errors.js';

/**
 * The command line of a bench, with `--help` and `--json`.
 *
 * @param script its name after `npm run`
 * @param json what `--json` prints
 */
export function benchCommand(script: string, description: string, json: string): Command {
  return new Command(`npm run ${script} --`)
    .description(description)
    .option('--json', json)
    .allowExcessArguments(false)
    .showHelpAfterError('(--help says what there is)')
    .exitOverride(({ exitCode }) => {
      // Commander ends with 1, which here says that something is broken.
      process.exit(exitCode === 0 ? 0 : EXIT_CODES.usage);
    });
}

/** Runs a bench with its options; expected trouble is a message and an exit code. */
export async function runBench<Flags extends object>(
  program: Command,
  main: (flags: Flags) => Promise<void>,
): Promise<void> {
  try {
    await main(program.parse().opts<Flags>());
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    process.stderr.write(`${program.name().replace(/^npm run | --$/g, '')}: ${troubleText(error)}\n`);
    process.exitCode = EXIT_CODES[error.kind];
  }
}
