import path from 'node:path';
import { Option, type Command } from 'commander';
import { wholeNumber } from '../../src/cli/optionValues.js';
import { cardMarkdown, reasonsCard } from '../plantedReasons/card.js';
import { plantedPicture } from '../plantedReasons/picture.js';
import { HALVES, planReasons, runReasons, type Half } from '../plantedReasons/run.js';
import { provenanceOf } from '../study/provenance.js';
import { writeOutput } from '../../src/files/atomicWrite.js';
import { evaluateCommand } from './evaluateCommand.js';
import { runResumableCommand } from './resumableCommand.js';

interface ReasonsFlags {
  readonly half: Half;
  readonly seeds: number;
  readonly workers?: number;
  readonly output: string;
  readonly picture?: string;
  readonly json?: boolean;
}

const HELP = `
Detectors whose reason is known: the score is a formula of what a mask shows (the box, a part of it, something beside it or far away, two
things together or either of them, something that lowers it), so that the map of infinitely many masks is known exactly. Every estimator's
map is held against it, beside a blob at the box, which takes no pass, and a map of shuffled scores.

Constants were chosen on the half "tuning"; the half "judging" is what counts. A run that was killed goes on where it was when the same
command is given again; its numbers are the same.

Examples:
  msal evaluate reasons --output reasons
  msal evaluate reasons --seeds 1 --json
  msal evaluate reasons --picture reasons.png
`;

/** `msal evaluate reasons`: the score card of planted reasons. */
export function register(program: Command): void {
  evaluateCommand(program)
    .command('reasons')
    .description('hold explanations against detectors whose true reason is known')
    .addOption(new Option('--half <name>', 'which half of the seeds').choices(HALVES).default('judging'))
    .option('--seeds <n>', 'cases of each kind of reason and size of box', wholeNumber(1, 1000), 4)
    .option('--workers <n>', 'cases measured side by side (default: one for each core)', wholeNumber(1, 256))
    .option('--output <folder>', 'where journal and card go', 'output/reasons')
    .option('--picture <file>', 'draw one case as a PNG file instead: the old default, the default, the truth')
    .option('--json', 'print the card as JSON')
    .addHelpText('after', HELP)
    .action(run);
}

async function run(flags: ReasonsFlags): Promise<void> {
  if (flags.picture !== undefined) {
    await writeOutput(path.resolve(flags.picture), plantedPicture());
    return;
  }
  const plan = planReasons(flags.half, flags.seeds);
  await runResumableCommand({
    output: flags.output,
    workers: flags.workers,
    pictures: plan.cases.length,
    unit: 'cases',
    run: (options) => runReasons(plan, options),
    finish: async (folder, records) => {
      const card = reasonsCard(records);
      const command = `msal evaluate reasons --half ${flags.half} --seeds ${flags.seeds}`;
      const made = provenanceOf(command, new Date());
      await writeOutput(path.join(folder, 'results.json'), `${JSON.stringify({ made, card, records }, null, 1)}\n`);
      const lines = Object.entries(made).map(([name, value]) => `- ${name}: ${value}`);
      await writeOutput(
        path.join(folder, 'card.md'),
        `# Planted reasons\n\n${lines.join('\n')}\n\n${cardMarkdown(card)}`,
      );
      process.stdout.write(flags.json ? `${JSON.stringify(card, null, 1)}\n` : `${cardMarkdown(card)}\n`);
    },
  });
}
