import path from 'node:path';
import type { Command } from 'commander';
import { ExpectedError } from '../../src/errors.js';
import type { FusionConfig } from '../../src/fusion/fusionSchema.js';
import { loadConfig } from '../../src/perception/config.js';
import { provenanceOf } from '../study/provenance.js';
import { trustStatement } from '../study/publish/trustStatement.js';
import { loadStudyData } from '../study/studyData.js';
import { planTrust } from '../study/trust/plan.js';
import { runTrust } from '../study/trust/run.js';
import type { TrustSettings } from '../study/trust/settings.js';
import { writeTrust } from '../study/trust/writeTrust.js';
import { evaluateCommand } from './evaluateCommand.js';
import { names, portablePath, shippedNetworks } from './evaluateOptions.js';
import { number, wholeNumber } from '../../src/cli/optionValues.js';
import { runResumableCommand } from './resumableCommand.js';
import { rigFusion } from './rigFusion.js';

interface TrustFlags {
  readonly networks?: string[];
  readonly minimumScore: number;
  readonly liveMasks: number;
  readonly masks: number;
  readonly survivalMasks: number;
  readonly fullImages: number;
  readonly config?: string;
  readonly seed: number;
  readonly workers?: number;
  readonly output: string;
  readonly json?: boolean;
}

const HELP = `
DATASET is a folder that \`msal scenes --layout coco\` wrote, or its test folder: pictures of several cameras at the same moments, in drives
that the networks were not trained on, with little time between frames. The networks of models/ were trained on seed 1.

A run that was killed goes on where it was when the same command is given again; its numbers are the same. Results lie in the output
folder: README.md, results.json, values.csv (every detection's figures), tables/, figures/.

Examples:
  msal scenes bursts --layout coco --seed 2026 --frames 320 --test 320 --drive-frames 8 --interval 0.2
  msal evaluate trust bursts --output trust
  msal evaluate trust bursts --live-masks 24 --masks 24 --survival-masks 8 --full-images 10 --output quick
`;

/** `msal evaluate trust`: which figures tell false detections from true ones better than the score alone. */
export function register(program: Command): void {
  evaluateCommand(program)
    .command('trust')
    .description('ask of every figure beside a detection whether it tells true from false better than the score alone')
    .argument('<dataset>', 'labelled drives of several spectra')
    .option('--networks <manifests>', 'one for each spectrum, separated by commas (default: those in models/)', names)
    .option('--minimum-score <p>', 'detections below are not asked about', number(0.05, 1), 0.15)
    .option('--live-masks <n>', 'live RISE masks of every picture', wholeNumber(1, 10_000), 100)
    .option('--masks <n>', 'RISE masks of the pictures with full masks', wholeNumber(1, 10_000), 60)
    .option('--survival-masks <n>', 'masks that boxes should survive, live and full', wholeNumber(1, 10_000), 12)
    .option('--full-images <n>', 'pictures of each spectrum with full masks too', wholeNumber(0, 1_000_000), 60)
    .option('--config <file>', 'how the cameras lie to each other: its fusion section (default: the generated rig)')
    .option('--seed <n>', 'decides what is drawn', wholeNumber(0, 2 ** 32 - 1), 1)
    .option('--workers <n>', 'pictures measured side by side (default: one for each core)', wholeNumber(1, 256))
    .option('--output <folder>', 'where journal, results and page go', 'output/trust')
    .option('--json', 'print the results as JSON')
    .addHelpText('after', HELP)
    .action(run);
}

async function run(dataset: string, flags: TrustFlags): Promise<void> {
  const settings: TrustSettings = {
    seed: flags.seed,
    minimumScore: flags.minimumScore,
    liveMasks: flags.liveMasks,
    masks: flags.masks,
    survivalMasks: flags.survivalMasks,
    fullPictures: flags.fullImages,
  };
  const fusion = await fusionOf(flags.config);
  const { data, reports } = await loadStudyData(dataset);
  for (const { reason, count, examples } of reports.flatMap((report) => report.entries()))
    process.stderr.write(`left out: ${count} × ${reason}, for example ${examples[0]}\n`);
  const plan = await planTrust(data, flags.networks ?? (await shippedNetworks({ joint: false })), settings, fusion);
  await runResumableCommand({
    output: flags.output,
    workers: flags.workers,
    pictures: plan.pictures.length,
    unit: 'passes',
    run: (options) => runTrust(plan, options),
    finish: async (folder, records, judging) => {
      const provenance = provenanceOf(commandLine(dataset, flags), new Date());
      const results = await writeTrust(folder, plan, records, provenance, judging);
      if (flags.json) process.stdout.write(`${JSON.stringify(results, null, 1)}\n`);
      else process.stdout.write(`${trustStatement(results).join('\n\n')}\n\n${path.join(folder, 'README.md')}\n`);
    },
  });
}

async function fusionOf(config: string | undefined): Promise<FusionConfig> {
  if (config === undefined) return rigFusion();
  const { fusion } = await loadConfig(config);
  if (fusion) return fusion;
  throw new ExpectedError('usage', `${config} has no fusion section`, 'write one as `msal scenes --layout rig` does');
}

/** What gives these results again. */
function commandLine(dataset: string, flags: TrustFlags): string {
  return [
    'msal evaluate trust',
    portablePath(dataset),
    ...(flags.networks ? [`--networks ${flags.networks.map(portablePath).join(',')}`] : []),
    `--minimum-score ${flags.minimumScore} --live-masks ${flags.liveMasks} --masks ${flags.masks}`,
    `--survival-masks ${flags.survivalMasks} --full-images ${flags.fullImages}`,
    ...(flags.config === undefined ? [] : [`--config ${portablePath(flags.config)}`]),
    `--seed ${flags.seed}`,
  ].join(' ');
}
