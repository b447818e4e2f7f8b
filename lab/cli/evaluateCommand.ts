import type { Command } from 'commander';

/** The `evaluate` command that all `msal evaluate …` hang below; added where it is not there yet. */
export function evaluateCommand(program: Command): Command {
  return (
    program.commands.find((command) => command.name() === 'evaluate') ??
    program.command('evaluate').description('measure models and explanations against truth')
  );
}
