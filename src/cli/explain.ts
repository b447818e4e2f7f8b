import { InvalidArgumentError, Option, type Command } from 'commander';
import { PROVIDERS, type Provider } from '../detector/providers.js';
import { ExpectedError } from '../errors.js';
import { openExplainer } from '../explain/run/explainerPool.js';
import { BandModels } from '../explain/frame/bandModels.js';
import type { Explanation } from '../explain/explanation.js';
import { windowBefore } from '../explain/frame/explainWindow.js';
import { type FrameToExplain, prepareFrame, type PreparedFrame } from '../explain/frame/prepareFrame.js';
import type { PerceptionConfig } from '../perception/configSchema.js';
import { SPECTRA, type Spectrum } from '../spectrum.js';
import path from 'node:path';
import { ExplainFiles, type ExplainSummary } from '../explain/frame/explanationFiles.js';
import { paintFile } from '../images/paint.js';
import { addExplainMethodFlags, explainSettingsOf, type ExplainMethodFlags } from './explainFlags.js';
import { findFrame } from './explainSource.js';
import { INTERRUPTED_EXIT_CODE, onInterrupt } from './interrupt.js';
import { number, wholeNumber } from './optionValues.js';
import { openOutputFolder } from './outputFolder.js';
import { perceptionConfig } from './perceptionFlags.js';
import { noProgress, startProgress, type Progress } from './progress.js';

interface ExplainFlags extends ExplainMethodFlags {
  readonly bag?: string;
  readonly frame?: number;
  readonly at?: number;
  readonly spectrum?: Spectrum;
  readonly output: string;
  readonly overwrite?: boolean;
  readonly box: number | 'all';
  readonly window: number;
  readonly model?: string;
  readonly config?: string;
  readonly scoreThreshold?: number;
  readonly provider?: readonly Provider[];
  readonly json?: boolean;
}

/** Files are refreshed no more often while the work goes on. */
const PREVIEW_MS = 2000;
/** Boxes that `--box all` explains, best score first. */
const MOST_BOXES = 100;
const MOST_WINDOW = 64;

/** `msal explain`: why the boxes of one image are there. */
export function register(program: Command): void {
  const command = program
    .command('explain')
    .description('why the boxes of one image are there: maps, their standard errors, overlays')
    .argument('[image]', 'image file (JPEG or PNG), or a file of a frame log (.mcap)')
    .option('-b, --bag <bag>', 'an image of a recorded drive instead')
    .option('--frame <n>', "which of the bag's images of that band, from 0", wholeNumber(0, 2 ** 31))
    .option(
      '--at <seconds>',
      "the bag's image nearest to this time: since its start, or since the epoch",
      number(0, 1e11),
    )
    .addOption(new Option('-s, --spectrum <band>', 'which band (default: rgb where there is one)').choices(SPECTRA))
    .requiredOption('-o, --output <dir>', 'folder for explanation.json and the maps')
    .option('--overwrite', 'replace what an earlier run left in the output folder');
  addExplainMethodFlags(command)
    .option('--box <n>', 'which detection, by score from 1; or all', boxNumber, 'all')
    .option(
      '--window <n>',
      'of a bag: lay the same masks over this and the n − 1 images before it, each box followed by its track',
      wholeNumber(1, MOST_WINDOW),
      1,
    )
    .option(
      '-m, --model <manifest>',
      "manifest of the model, or its .onnx file (see msal model); by default the band's model of this package",
    )
    .option('-c, --config <file>', 'configuration (YAML); config/replay.yaml describes every field')
    .addOption(
      new Option('--score-threshold <score>', 'lowest score of a detection (default: 0.3)').argParser(number(0, 1)),
    )
    .addOption(
      new Option('--provider <name...>', 'execution providers in order of preference (default: cpu)').choices(
        PROVIDERS,
      ),
    )
    .option('--json', 'print explanation.json')
    .addHelpText(
      'after',
      `
For each box: <box>.map.png and .map.npy (NumPy, float32), .overlay.png, and with methods that draw masks .error.png and
.error.npy, the standard error of each value. All are refreshed while the work goes on; Ctrl-C leaves what there is so
far, marked as not complete in explanation.json.

Examples:
  $ msal explain street.png -o why
  $ msal explain --bag drive.mcap --at 12.5 --spectrum fir -o why --box 1 --passes 1000
  $ msal explain --bag drive.mcap --frame 20 --window 4 -o why
  $ msal explain frame_log/0000000042_1800000000000000000.mcap -o why --method sidu --preset paper --json`,
    )
    .action((image: string | undefined, flags: ExplainFlags) => run(image, flags));
}

async function run(image: string | undefined, flags: ExplainFlags): Promise<void> {
  const file = sourceOf(image, flags.bag);
  const settings = explainSettingsOf(flags);
  const config = await configOf(flags);
  const { spectrum, frame, at, window } = flags;
  const source = await findFrame({ file, spectrum, frame, at, window }, config);
  const output = await openOutputFolder(flags.output, flags.overwrite ?? false);
  const { workers, threads, providers } = config.execution;
  const models = new BandModels(withModel(config, source.frame.spectrum, flags.model), openExplainer, {
    providers,
    ...(workers !== undefined && { workers }),
    ...(threads !== undefined && { threads }),
  });
  const { signal, release } = onInterrupt();
  try {
    const wish = { boxes: { most: MOST_BOXES }, settings, seed: flags.seed };
    const { prepared, numbers } = chooseBox(await prepareFrame(models, source, wish), flags.box, file);
    const images = window === 1 ? undefined : await windowBefore(models, source.before, prepared);
    const files = new ExplainFiles(output, source, prepared, numbers, config.pictures, paintFile, images);
    const windowed = images ? { ...prepared, request: { ...prepared.request, window: images } } : prepared;
    const summary = await explain(windowed, files, signal);
    process.stdout.write(
      flags.json === true ? `${JSON.stringify(summary, undefined, 2)}\n` : describe(summary, source, output),
    );
    if (!summary.complete) process.exitCode = INTERRUPTED_EXIT_CODE;
  } finally {
    release();
    await models.close();
  }
}

/** Explains, and keeps the files up to date; an interrupt ends it early, with what there is. */
async function explain(prepared: PreparedFrame, files: ExplainFiles, signal: AbortSignal): Promise<ExplainSummary> {
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1000;
  let progress: Progress = noProgress;
  let last: Explanation | undefined;
  let previewMs = startedMs;
  try {
    for await (const partial of prepared.explainer.explain(prepared.request, signal)) {
      last = partial;
      if (progress === noProgress) progress = startProgress('explaining', partial.plannedPasses, 'passes');
      progress.update(partial.passes);
      if (partial.complete || performance.now() - previewMs < PREVIEW_MS) continue;
      await files.write(partial, { interrupted: false, seconds: seconds() });
      previewMs = performance.now();
    }
  } catch (error) {
    if (!signal.aborted || error instanceof ExpectedError) throw error;
  } finally {
    progress.stop();
  }
  return files.write(last, { interrupted: last?.complete !== true, seconds: seconds() });
}

function sourceOf(image: string | undefined, bag: string | undefined): string {
  if (image !== undefined && bag === undefined) return image;
  if (image === undefined && bag !== undefined) return bag;
  throw new ExpectedError(
    'usage',
    image === undefined ? 'no image was named' : `both ${image} and --bag ${bag ?? ''} were named`,
    'give an image file, a file of a frame log, or --bag with --frame or --at',
  );
}

function configOf(flags: ExplainFlags): Promise<PerceptionConfig> {
  const { config, scoreThreshold, provider } = flags;
  return perceptionConfig(
    {
      ...(config !== undefined && { config }),
      ...(scoreThreshold !== undefined && { scoreThreshold }),
      ...(provider !== undefined && { provider }),
    },
    'throughput',
  );
}

function withModel(config: PerceptionConfig, spectrum: Spectrum, model: string | undefined): PerceptionConfig {
  const camera = config.cameras[spectrum] ?? Object.values(config.cameras)[0];
  if (model === undefined || camera === undefined) return config;
  return { ...config, cameras: { ...config.cameras, [spectrum]: { ...camera, model: path.resolve(model) } } };
}

/** The boxes that are wanted of those detected, with their numbers. */
function chooseBox(
  prepared: PreparedFrame,
  box: number | 'all',
  file: string,
): { readonly prepared: PreparedFrame; readonly numbers: readonly number[] } {
  const { targets } = prepared.request;
  if (targets.length === 0)
    throw new ExpectedError(
      'input',
      `nothing is detected in ${file}`,
      'try a lower --score-threshold, or another image',
    );
  if (box === 'all') return { prepared, numbers: targets.map((_, index) => index + 1) };
  const target = targets[box - 1];
  if (target) return { prepared: { ...prepared, request: { ...prepared.request, targets: [target] } }, numbers: [box] };
  const list = targets.map(({ className, score }, index) => `${index + 1}: ${className} ${score.toFixed(2)}`);
  throw new ExpectedError('usage', `there is no box ${box}; there are ${list.join(', ')}`, 'choose one of these');
}

function boxNumber(text: string): number | 'all' {
  if (text === 'all') return 'all';
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('it has to be a whole number from 1, or all.');
}

function describe(summary: ExplainSummary, { frame }: FrameToExplain, output: string): string {
  const { method, passes, plannedPasses, seconds, complete, boxes, window } = summary;
  const over = window ? ` over ${window.images.length + 1} images` : '';
  const lines = boxes.map(({ number, className, score, ...rest }) => {
    const scores = 'scores' in rest && rest.scores ? rest.scores : undefined;
    const inside = scores?.['energy_in_box'];
    const blob = scores?.['blob_in_box'];
    const beside = blob === undefined ? '' : ` (a blob at the box: ${(100 * blob).toFixed(0)} %)`;
    const looks = inside === undefined ? '' : `, ${(100 * inside).toFixed(0)} % of its map inside the box${beside}`;
    const verdict = 'verdict' in rest && rest.verdict ? `\n     ${rest.verdict.text}` : '';
    const lost = 'lost' in rest && rest.lost ? `, not found again in ${rest.lost} of ${passes} passes` : '';
    return `  ${number}  ${className} ${score.toFixed(2)}${looks}${lost}${verdict}\n`;
  });
  const state = complete
    ? ''
    : `interrupted after ${passes} of ${plannedPasses ?? 'the'} passes: the maps are not complete\n`;
  return `${state}${frame.topic} (${frame.spectrum}): ${boxes.length} boxes, ${method}, ${passes} passes${over} in ${seconds.toFixed(1)} s\n${lines.join('')}files in ${output}\n`;
}
