import { Option, type Command } from 'commander';
import path from 'node:path';
import { writeOutput } from '../files/atomicWrite.js';
import { ExpectedError, troubleText } from '../errors.js';
import { printable } from '../printable.js';
import type { Frame } from '../images/frame.js';
import { detectionLines } from '../replay/detectionLines.js';
import type { PerceptionConfig } from '../perception/configSchema.js';
import type { FrameSet } from '../perception/frameSet.js';
import type { FailedFrame, ModelIdentity, PerceivedFrame } from '../perception/perceivedSet.js';
import { PerceptionPipeline } from '../perception/perception.js';
import { SPECTRA, type Spectrum } from '../spectrum.js';
import { distinctNames } from './distinctNames.js';
import { INTERRUPTED_EXIT_CODE, onInterrupt } from './interrupt.js';
import { readImageFrame } from './imageFile.js';
import { openOutputFolder } from './outputFolder.js';
import { addPerceptionFlags, perceptionConfig, type PerceptionFlags } from './perceptionFlags.js';
import { startProgress } from './progress.js';

interface DetectFlags extends PerceptionFlags {
  readonly spectrum: Spectrum;
  readonly model?: string;
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** `msal detect`: image files to detections and overlays. */
export function register(program: Command): void {
  const command = program
    .command('detect')
    .description('detect and explain in image files (JPEG or PNG, 8 or 16 bit)')
    .argument('<image...>', 'image files of one band')
    .addOption(new Option('-s, --spectrum <band>', 'which band they show').choices(SPECTRA).default('rgb'))
    .option(
      '-m, --model <manifest>',
      "manifest of the model, or its .onnx file (see msal model); by default the band's model of this package",
    )
    .option(
      '-o, --output <dir>',
      'write an overlay picture <name>.overlay.jpg for each image into this folder; images of one name get more of their paths',
    )
    .option('--overwrite', 'replace what an earlier run left in the output folder')
    .option('--json', 'print one JSON object per detection and line');
  addPerceptionFlags(command)
    .addHelpText(
      'after',
      `
Images that cannot be used are named on standard error; the exit code is then 3.

Examples:
  $ msal detect street.png --output overlays
  $ msal detect thermal/*.png --spectrum fir --score-threshold 0.5 --json`,
    )
    .action(async (images: string[], flags: DetectFlags) => {
      const config = await detectConfig(flags);
      const output =
        flags.output === undefined ? undefined : await openOutputFolder(flags.output, flags.overwrite ?? false);
      const names = distinctNames(images);
      const { signal, release } = onInterrupt();
      const progress = startProgress('detecting', images.length, 'images');
      const pipeline = await PerceptionPipeline.open(config, {}, [flags.spectrum]);
      sayWithoutMaps(pipeline.models.get(flags.spectrum), flags);
      let done = 0;
      try {
        const sets = imageSets(images, flags.spectrum, signal, reportTrouble);
        for await (const { frames } of pipeline.perceive(sets, { overlay: output !== undefined })) {
          for (const frame of frames.values()) await handle(frame, { output, names, json: flags.json ?? false });
          progress.update(++done);
        }
      } finally {
        progress.stop();
        release();
        await pipeline.close();
      }
      if (signal.aborted) process.exitCode = INTERRUPTED_EXIT_CODE;
    });
}

/** Said once, where maps were to be expected. */
function sayWithoutMaps(model: ModelIdentity | undefined, { gradCam }: DetectFlags): void {
  if (model?.withoutMaps === undefined || gradCam === 'off') return;
  process.stderr.write(printable(`msal: boxes of ${model.name} come without maps: ${model.withoutMaps}\n`));
}

async function detectConfig(flags: DetectFlags): Promise<PerceptionConfig> {
  const config = await perceptionConfig(flags, 'throughput');
  const { spectrum, model } = flags;
  const camera = config.cameras[spectrum];
  if (camera === undefined && model === undefined)
    throw new ExpectedError(
      'usage',
      `the configuration has no band ${spectrum}`,
      'add it, or name a model with --model',
    );
  if (model === undefined) return config;
  const defaults = camera ?? Object.values(config.cameras)[0];
  if (defaults === undefined) return config;
  return { ...config, cameras: { ...config.cameras, [spectrum]: { ...defaults, model: path.resolve(model) } } };
}

/** One set for each readable file, in order; its stamp is its number. */
async function* imageSets(
  files: readonly string[],
  spectrum: Spectrum,
  signal: AbortSignal,
  onTrouble: (file: string, error: Error) => void,
): AsyncGenerator<FrameSet> {
  for (const [index, file] of files.entries()) {
    if (signal.aborted) return;
    const stampNs = BigInt(index);
    let frame: Frame;
    try {
      frame = await readImageFrame(file, spectrum, stampNs);
    } catch (error) {
      onTrouble(file, error as Error);
      continue;
    }
    yield { stampNs, skewNs: 0n, frames: new Map([[spectrum, frame]]), missing: [] };
  }
}

interface Handling {
  /** Folder for overlays, and their names there by image file. */
  readonly output: string | undefined;
  readonly names: ReadonlyMap<string, string>;
  readonly json: boolean;
}

async function handle(frame: PerceivedFrame | FailedFrame, { output, names, json }: Handling): Promise<void> {
  const file = frame.header.topic;
  if (frame.kind === 'failed') {
    reportTrouble(file, frame.error);
    return;
  }
  if (output !== undefined) {
    if (frame.picturesError !== undefined) reportTrouble(file, frame.picturesError);
    else if (frame.pictures?.overlay !== undefined)
      await saveOverlay(names.get(file) ?? path.parse(file).name, frame.pictures.overlay, output);
  }
  process.stdout.write(json ? jsonLines(frame) : printable(textLines(file, frame)));
}

async function saveOverlay(name: string, overlay: Uint8Array, folder: string): Promise<void> {
  const target = path.join(folder, `${name}.overlay.jpg`);
  await writeOutput(target, overlay);
}

function jsonLines(frame: PerceivedFrame): string {
  return detectionLines(frame)
    .map(({ topic, frameId: _frameId, stampNs: _stampNs, ...line }) => `${JSON.stringify({ image: topic, ...line })}\n`)
    .join('');
}

function textLines(file: string, { detections, timings }: PerceivedFrame): string {
  const lines = detections.map(({ className, score, box, attention }) => {
    const corners = [box.x1, box.y1, box.x2, box.y2].map((value) => value.toFixed(0)).join(' ');
    const looks = attention ? `, ${(100 * attention.energyInBox).toFixed(0)} % of its map inside the box` : '';
    return `  ${className} ${score.toFixed(2)} at ${corners}${looks}\n`;
  });
  return `${file}: ${String(detections.length)} detections in ${timings.inferenceMs.toFixed(0)} ms\n${lines.join('')}`;
}

function reportTrouble(file: string, error: Error): void {
  process.stderr.write(`msal: ${printable(`${file}: ${troubleText(error)}`)}\n`);
  process.exitCode = 3;
}
