import type { Command } from 'commander';
import path from 'node:path';
import pc from 'picocolors';
import {
  checkExecution,
  checkModels,
  checkOpenCv,
  checkRos,
  checkRuntime,
  type Check,
  type CheckStatus,
} from '../doctor/checks.js';
import { EXIT_CODES } from '../errors.js';
import { packageRoot } from '../packageRoot.js';

const MARKS: Readonly<Record<CheckStatus, string>> = {
  ok: pc.green('✔'),
  missing: pc.yellow('–'),
  broken: pc.red('✘'),
};

/** `msal doctor`: what is installed, what works, and what to do about the rest. */
export function register(program: Command): void {
  program
    .command('doctor')
    .description('check this installation: versions, execution providers against the CPU, models, ROS 2')
    .option('--model <manifest>', 'manifest of the model for the self-check', defaultModel())
    .option('--json', 'print the checks as JSON')
    .addHelpText(
      'after',
      `
Exit code 0 when nothing is broken, ${String(EXIT_CODES.environment)} otherwise; what is optional and missing is only listed.

Examples:
  $ msal doctor
  $ msal doctor --model models/efficientdet-d0-fir.json --json`,
    )
    .action(async ({ model, json }: { model: string; json?: boolean }) => {
      const checks = [
        ...checkRuntime(),
        checkOpenCv(),
        ...(await checkExecution(model)),
        ...(await checkModels(path.dirname(path.resolve(model)))),
        ...(await checkRos()),
      ];
      process.stdout.write(json === true ? `${JSON.stringify({ checks }, undefined, 2)}\n` : table(checks));
      if (checks.some(({ status }) => status === 'broken')) process.exitCode = EXIT_CODES.environment;
    });
}

function defaultModel(): string {
  return path.join(packageRoot, 'models', 'efficientdet-d0-rgb.json');
}

function table(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, status, detail, remedy }) => {
      const advice = remedy === undefined ? '' : `\n    what to do: ${remedy}`;
      return `${MARKS[status]} ${name.padEnd(width)}  ${detail}${advice}\n`;
    })
    .join('');
}
