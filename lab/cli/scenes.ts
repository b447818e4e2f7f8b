import { availableParallelism } from 'node:os';
import { writeAtomically } from '../../src/files/atomicWrite.js';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import { contactSheet } from '../scenes/contactSheet.js';
import { Drive } from '../scenes/drive.js';
import { type ImageForm, writeDriveBag } from '../scenes/driveBag.js';
import { frameCount } from '../scenes/driveFrames.js';
import { type DatasetLayout, generateDataset } from '../scenes/generate.js';
import { namingOutput, outputError } from '../../src/outputError.js';
import { ExpectedError } from '../../src/errors.js';
import { encodeJpeg, encodePng } from '../../src/images/encode.js';
import { defaultConfig } from '../../src/perception/config.js';
import { INTERRUPTED_EXIT_CODE, onInterrupt } from '../../src/cli/interrupt.js';
import { wholeNumber } from '../../src/cli/optionValues.js';
import { startProgress } from '../../src/cli/progress.js';
import { RIG_FUSION } from './rigFusion.js';

interface ScenesOptions {
  readonly layout: DatasetLayout | 'drive' | 'sheet' | 'rig';
  readonly seed: number;
  readonly night?: boolean;
  readonly day?: boolean;
  readonly frames?: number;
  readonly test?: number;
  readonly driveFrames?: number;
  readonly interval: number;
  readonly duration?: number;
  readonly rate: number;
  readonly images: ImageForm;
  readonly depth: '8' | '16';
  readonly threads: number;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Ctrl-C ends the drawing early and leaves valid files; a data set goes on with the same command and --overwrite.

Examples:
  msal scenes street --layout coco --frames 500        400 frame sets to train on and 100 to test with, day and night
  msal scenes bursts --layout coco --seed 2 --frames 320 --test 320 --drive-frames 8 --interval 0.2
  msal scenes copy-of-mil --layout mil --frames 100    the study's folders: raw and common-viewpoint pictures, VOC boxes
  msal scenes night.mcap --layout drive --night --duration 30 --rate 10
  msal scenes raw16 --layout drive --images raw --depth 16
  msal scenes sheet.jpg --layout sheet --seed 3        an overview: two drives by day, two by night, four spectra
  msal scenes rig.yaml --layout rig                    a configuration that registers the cameras, for msal replay --config
`;

/** `msal scenes`: generated street scenes as a data set or as a recorded drive. */
export function register(program: Command): void {
  program
    .command('scenes')
    .description('draw street scenes with truth in four spectra: a data set, or a drive as a rosbag2 recording')
    .argument(
      '<target>',
      'folder to write (--layout drive: bag folder or .mcap file; sheet: .jpg or .png file; rig: .yaml file)',
    )
    .addOption(
      new Option('--layout <kind>', 'what to write')
        .choices(['coco', 'voc', 'mil', 'drive', 'sheet', 'rig'])
        .default('coco'),
    )
    .option('--seed <n>', 'same seed, same pixels', wholeNumber(0, 2 ** 30), 1)
    .option('--frames <n>', 'four-spectrum frame sets (data set: 100 unless given)', wholeNumber(1, 1_000_000))
    .option(
      '--test <n>',
      'how many of them are for testing (data set: a fifth unless given)',
      wholeNumber(0, 1_000_000),
    )
    .option(
      '--drive-frames <n>',
      'frame sets of one drive of a data set (10 unless given, fewer in small sets)',
      wholeNumber(1, 1000),
    )
    .option('--interval <s>', 'seconds between the frame sets of a data set’s drive', positive, 2)
    .addOption(new Option('--night', 'only by night').conflicts('day'))
    .addOption(new Option('--day', 'only by day'))
    .option('--duration <s>', 'length of the drive in seconds (20 unless given)', positive)
    .option('--rate <hz>', 'frame sets a second of the drive', positive, 10)
    .addOption(new Option('--images <form>', 'pictures of the drive').choices(['raw', 'png', 'jpeg']).default('jpeg'))
    .addOption(new Option('--depth <bits>', 'bits of an infrared pixel').choices(['8', '16']).default('8'))
    .option('--threads <n>', 'render threads', wholeNumber(1, 64), availableParallelism())
    .option('--overwrite', 'replace what is there')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(target: string, options: ScenesOptions): Promise<void> {
  const startedMs = performance.now();
  if (options.layout === 'rig') {
    await writeRig(target, options);
    return;
  }
  const { signal, release } = onInterrupt();
  const frames = await write(target, options, options.layout, signal).finally(release);
  if (signal.aborted) process.exitCode = INTERRUPTED_EXIT_CODE;
  const seconds = (performance.now() - startedMs) / 1000;
  const rate = frames / seconds;
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ target, layout: options.layout, frames, seconds, framesPerSecond: rate })}\n`,
    );
  } else {
    process.stdout.write(
      `${target}: ${frames} four-spectrum frame sets in ${seconds.toFixed(1)} s (${rate.toFixed(1)}/s)\n`,
    );
  }
}

function write(
  target: string,
  options: ScenesOptions,
  layout: Exclude<ScenesOptions['layout'], 'rig'>,
  signal: AbortSignal,
): Promise<number> {
  switch (layout) {
    case 'drive':
      return drive(target, options, signal);
    case 'sheet':
      return sheet(target, options);
    case 'coco':
    case 'voc':
    case 'mil':
      return dataset(target, options, layout, signal);
  }
}

async function drive(target: string, options: ScenesOptions, signal: AbortSignal): Promise<number> {
  const { rate, seed, images, threads } = options;
  const duration = options.duration ?? (options.frames ?? 20 * rate) / rate;
  const total = frameCount({ duration, rate });
  if (total > 1_000_000)
    throw new ExpectedError(
      'usage',
      `a drive of ${total} frame sets is too long`,
      'give a shorter --duration or a lower --rate',
    );
  const progress = startProgress('drawing', total, 'sets');
  try {
    return await writeDriveBag(target, {
      seed,
      duration,
      rate,
      images,
      threads,
      night: options.night ?? false,
      depth: options.depth === '16' ? 16 : 8,
      overwrite: options.overwrite ?? false,
      signal,
      onProgress: (done) => progress.update(done),
    });
  } finally {
    progress.stop();
  }
}

async function dataset(
  target: string,
  options: ScenesOptions,
  layout: DatasetLayout,
  signal: AbortSignal,
): Promise<number> {
  const frames = options.frames ?? 100;
  const test = options.test ?? Math.max(1, Math.round(frames / 5));
  if (test > frames)
    throw new ExpectedError(
      'usage',
      `--test ${test} is more than --frames ${frames}`,
      'give at most as many test sets as sets in all',
    );
  const present = existsSync(target) ? await namingOutput(target, () => readdir(target)) : [];
  if (!options.overwrite && present.length > 0)
    throw new ExpectedError(
      'output',
      `${target} is not empty`,
      'choose another folder, or add --overwrite to continue or replace',
    );
  const progress = startProgress('drawing', frames, 'sets');
  try {
    return await generateDataset(target, {
      seed: options.seed,
      layout,
      splits: { train: frames - test, test },
      // Small sets are cut into shorter drives, so that each split still sees day and night.
      framesPerDrive: options.driveFrames ?? Math.min(10, Math.max(1, Math.floor(test / 2))),
      interval: options.interval,
      nightShare: options.night ? 1 : options.day ? 0 : 0.5,
      threads: options.threads,
      depth: options.depth === '16' ? 16 : 8,
      signal,
      onProgress: (done) => progress.update(done),
    });
  } finally {
    progress.stop();
  }
}

/** Width of one picture of an overview, pixels. */
const SHEET_CELL = 400;

async function sheet(target: string, { seed, overwrite }: ScenesOptions): Promise<number> {
  if (!/\.(jpe?g|png)$/i.test(target))
    throw new ExpectedError('usage', `${target} is no picture file`, 'end the name of the overview with .jpg or .png');
  if (!overwrite && existsSync(target))
    throw new ExpectedError('output', `${target} is there already`, 'choose another name, or add --overwrite');
  const rows = [0, 1].flatMap((k) =>
    [false, true].map((night) => ({ drive: new Drive({ seed: seed + k, night, duration: 20 }), time: 9 })),
  );
  const pixels = contactSheet(rows, SHEET_CELL);
  const picture = /png$/i.test(target) ? encodePng(pixels) : encodeJpeg(pixels, 80);
  await writeFileBeside(target, picture);
  return rows.length;
}

/** The rig of the generated drives as a configuration, so that its bands can be fused. */
async function writeRig(target: string, { overwrite, json }: ScenesOptions): Promise<void> {
  const cameras = Object.fromEntries(
    Object.entries(defaultConfig('throughput').cameras).map(([spectrum, { model }]) => [spectrum, { model }]),
  );
  const text = stringify({ cameras, fusion: RIG_FUSION }, { collectionStyle: 'any', lineWidth: 0 });
  try {
    await writeFile(target, text, { flag: overwrite ? 'w' : 'wx' });
  } catch (error) {
    throw outputError(target, error);
  }
  process.stdout.write(
    json ? `${JSON.stringify({ target, layout: 'rig' })}\n` : `${target}: cameras and homographies of the rig\n`,
  );
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 100_000)) throw new InvalidArgumentError('must be a positive number.');
  return value;
}

/** One file of the user's name: its folder has to be there, as a mistyped one would be made otherwise. */
function writeFileBeside(file: string, content: string | Uint8Array): Promise<void> {
  return namingOutput(file, () => writeAtomically(file, content));
}
