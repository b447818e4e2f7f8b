import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { codeOf, ExpectedError } from '../errors.js';

/** Of the laboratory (`lab/`), which is never on a vehicle: the product knows nothing of it but this file's name. */
const COMMANDS = new URL('../../lab/cli/commands.js', import.meta.url);

/** Adds the laboratory's commands where it is installed; elsewhere commands of the same names that say how to get it. */
export async function registerLabCommands(program: Command): Promise<void> {
  const lab = await importLab();
  if (lab) lab.registerAll(program);
  else for (const name of ['demo', 'scenes', 'evaluate']) registerAbsent(program, name);
}

async function importLab(): Promise<{ registerAll(program: Command): void } | undefined> {
  if (!existsSync(COMMANDS)) return undefined;
  try {
    return (await import(COMMANDS.href)) as { registerAll(program: Command): void };
  } catch (error) {
    // Compiled, but its packages are left out (`npm ci --omit=dev --workspaces=false`).
    if (codeOf(error) === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function registerAbsent(program: Command, name: string): void {
  program
    .command(name, { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(() => {
      throw new ExpectedError(
        'environment',
        `msal ${name} belongs to the laboratory, which is not installed here`,
        'clone the repository and run `npm run setup` there, which installs both',
      );
    });
}
