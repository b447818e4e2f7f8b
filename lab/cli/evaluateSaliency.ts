import path from 'node:path';
import type { Command } from 'commander';
import { ExpectedError } from '../../src/errors.js';
import { costOf, type StudyCost } from '../study/cost.js';
import { STUDY_METHODS, studyMethods } from '../study/methods.js';
import { planStudy } from '../study/plan.js';
import { provenanceOf } from '../study/provenance.js';
import { tableMarkdown } from '../study/publish/table.js';
import { tableTwo } from '../study/publish/tables.js';
import { runStudy } from '../study/run.js';
import { DEFAULT_CURVES, type StudySettings } from '../study/settings.js';
import { loadStudyData } from '../study/studyData.js';
import { writeStudy } from '../study/writeStudy.js';
import { evaluateCommand } from './evaluateCommand.js';
import { names, portablePath, shippedNetworks } from './evaluateOptions.js';
import { number, wholeNumber } from '../../src/cli/optionValues.js';
import { runResumableCommand } from './resumableCommand.js';

interface SaliencyFlags {
  readonly images: number;
  readonly methods: string[];
  readonly networks?: string[];
  readonly masks: number;
  readonly steps: number;
  readonly blur: number;
  readonly seed: number;
  readonly pictures: number;
  readonly stability?: boolean;
  readonly randomised?: boolean;
  readonly workers?: number;
  readonly output: string;
  readonly json?: boolean;
}

/** Pixels that a picture is moved by, and grey levels of noise, for --stability. */
const STABILITY = { shift: 8, noise: 5 };

const HELP = `
DATASET is a folder that \`msal scenes\` wrote, its test folder, or the study's data set in the mil layout.
METHODS are ${STUDY_METHODS.join(', ')}.

A run that was killed goes on where it was when the same command is given again; its numbers are the same. Results lie in the output
folder: report.html, results.json, values.csv (every picture's figures), curves.csv, tables/, figures/.

Examples:
  msal evaluate saliency street --images 20 --output study
  msal evaluate saliency street --methods grad-cam,rise --networks models/efficientdet-d0-fir.json --masks 100
`;

/** `msal evaluate saliency`: the study. */
export function register(program: Command): void {
  evaluateCommand(program)
    .command('saliency')
    .description('measure explanation methods on labelled pictures, as the study’s Table 2 and its figures')
    .argument('<dataset>', 'labelled pictures of several spectra')
    .option('--images <n>', 'pictures of each spectrum, drawn by the seed', wholeNumber(1, 1_000_000), 20)
    .option('--methods <names>', 'separated by commas', names, ['grad-cam', 'rise', 'sidu'])
    .option('--networks <manifests>', 'separated by commas (default: all in models/)', names)
    .option('--masks <n>', 'random masks for RISE', wholeNumber(1, 1_000_000), 500)
    .option('--steps <n>', 'steps of the deletion and insertion curves', wholeNumber(1, 10_000), DEFAULT_CURVES.steps)
    .option('--blur <pixels>', 'blur that insertion starts from', number(0.1, 1000), DEFAULT_CURVES.blurSigma)
    .option('--seed <n>', 'decides what is drawn', wholeNumber(0, 2 ** 32 - 1), 1)
    .option('--pictures <n>', 'pictures of each network and spectrum that are shown', wholeNumber(0, 100), 4)
    .option('--stability', 'explain moved and noisier pictures too: three times the work')
    .option('--randomised', 'explain networks with shuffled weights too: twice the work')
    .option('--workers <n>', 'pictures measured side by side (default: one for each core)', wholeNumber(1, 256))
    .option('--output <folder>', 'where journal, results and report go', 'output/study')
    .option('--json', 'print the results as JSON')
    .addHelpText('after', HELP)
    .action(run);
}

async function run(dataset: string, flags: SaliencyFlags): Promise<void> {
  const settings: StudySettings = {
    seed: flags.seed,
    images: flags.images,
    methods: studyMethods(flags.methods, flags.masks),
    curves: { ...DEFAULT_CURVES, steps: flags.steps, blurSigma: flags.blur },
    ...(flags.stability && { stability: STABILITY }),
    randomised: flags.randomised ?? false,
    pictures: flags.pictures,
  };
  if (settings.methods.length === 0)
    throw new ExpectedError('usage', 'no method is named', `name some of ${STUDY_METHODS.join(', ')} with --methods`);
  const { data, reports } = await loadStudyData(dataset);
  for (const { reason, count, examples } of reports.flatMap((report) => report.entries()))
    process.stderr.write(`left out: ${count} × ${reason}, for example ${examples[0]}\n`);
  const plan = await planStudy(data, flags.networks ?? (await shippedNetworks({ joint: true })), settings);
  await runResumableCommand({
    output: flags.output,
    workers: flags.workers,
    pictures: plan.pictures.length,
    unit: 'pictures',
    run: (options) => runStudy(plan, options),
    finish: async (folder, records) => {
      const results = await writeStudy(folder, plan, records, provenanceOf(commandLine(dataset, flags), new Date()));
      if (flags.json) process.stdout.write(`${JSON.stringify(results, null, 1)}\n`);
      else
        process.stdout.write(
          `${tableMarkdown(tableTwo(results))}\n${costText(costOf(records))}${path.join(folder, 'report.html')}\n`,
        );
    },
  });
}

/** What gives these results again. */
function commandLine(dataset: string, flags: SaliencyFlags): string {
  const words = [
    'msal evaluate saliency',
    portablePath(dataset),
    `--images ${flags.images}`,
    `--methods ${flags.methods.join(',')}`,
  ];
  if (flags.networks) words.push(`--networks ${flags.networks.map(portablePath).join(',')}`);
  words.push(`--masks ${flags.masks}`, `--steps ${flags.steps}`, `--blur ${flags.blur}`, `--seed ${flags.seed}`);
  if (flags.stability) words.push('--stability');
  if (flags.randomised) words.push('--randomised');
  return words.join(' ');
}

function costText(cost: StudyCost | undefined): string {
  if (!cost) return '';
  const { busySeconds, passes, bareSeconds, ratio } = cost;
  return (
    `${passes} forward passes; workers were busy for ${busySeconds.toFixed(0)} s, ${ratio.toFixed(2)} × the ` +
    `${bareSeconds.toFixed(0)} s that so many bare passes take\n`
  );
}
