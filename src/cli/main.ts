import { Command } from 'commander';
import { EXIT_CODES, ExpectedError } from '../errors.js';

const program = new Command('msal')
  .description('What a vehicle’s cameras see, and why its detector believes it')
  .showHelpAfterError('(add --help for usage)');

// One file a command; each exports `register(program)`.

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof ExpectedError)) throw error;
  process.stderr.write(`msal: ${error.message}\n  what to do: ${error.remedy}\n`);
  process.exitCode = EXIT_CODES[error.kind];
}
