import { Command, CommanderError } from 'commander';
import { EXIT_CODES, ExpectedError, troubleText } from '../errors.js';
import { printable } from '../printable.js';
import { versions } from '../versions.js';
import { register as detect } from './detect.js';
import { register as doctor } from './doctor.js';
import { register as explain } from './explain.js';
import { endWhenUnread } from './interrupt.js';
import { register as info } from './info.js';
import { registerLabCommands } from './labCommands.js';
import { register as model } from './model.js';
import { register as replay } from './replay.js';

endWhenUnread();
const program = new Command('msal')
  .description('What a vehicle’s cameras see, and why its detector believes it')
  .version(versions()['multispectral-saliency'] ?? 'unknown')
  .showHelpAfterError('(add --help for usage)')
  .exitOverride()
  .addHelpText(
    'after',
    `
Exit codes: 0 done, 1 a defect of this program, 2 wrong use, 3 unusable input, 4 output could not be written (disk full),
5 unusable model, 6 something missing on this machine (see \`msal doctor\`), 130 interrupted, 141 nobody reads what is printed.`,
  );
for (const register of [replay, detect, explain, model, info, doctor]) register(program);
await registerLabCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed it; help and version end with 0.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_CODES.usage;
  } else if (error instanceof ExpectedError) {
    process.stderr.write(`msal: ${printable(troubleText(error))}\n`);
    process.exitCode = EXIT_CODES[error.kind];
  } else throw error;
}
