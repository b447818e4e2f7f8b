import type { Command } from 'commander';
import path from 'node:path';
import { writeDriveBag } from '../scenes/driveBag.js';
import { INTERRUPTED_EXIT_CODE, onInterrupt } from '../../src/cli/interrupt.js';
import { wholeNumber } from '../../src/cli/optionValues.js';
import { openOutputFolder } from '../../src/cli/outputFolder.js';
import { startProgress } from '../../src/cli/progress.js';
import { rigFusion } from './rigFusion.js';
import { describeReplay } from '../../src/cli/replayText.js';
import { defaultConfig } from '../../src/perception/config.js';
import { replay } from '../../src/replay/replay.js';
import { availableParallelism } from 'node:os';

interface DemoFlags {
  readonly output: string;
  readonly seed: number;
  readonly day?: boolean;
  readonly seconds: number;
  readonly json?: boolean;
}

/** Training and test data use seeds below; no network has seen a drive of the demo. */
export const DEMO_SEED = 20_260_101;
const FRAMES_PER_SECOND = 2;

/** `msal demo`: the main job on a drive that is drawn on the spot. */
export function register(program: Command): void {
  program
    .command('demo')
    .description('draw a drive through a campus street in four spectra, replay it, and say where the report is')
    .option('-o, --output <dir>', 'folder for the drive and the outputs; replaced', path.join('output', 'demo'))
    .option('--seed <n>', 'another street, other people', wholeNumber(0, 2 ** 30), DEMO_SEED)
    .option('--day', 'by day; by night unless given, when the infrared cameras see what the others do not')
    .option('--seconds <n>', 'length of the drive', wholeNumber(1, 600), 12)
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
Examples:
  $ msal demo
  $ msal demo --day --seed 7 --seconds 30 -o my-demo`,
    )
    .action(async (flags: DemoFlags) => {
      const output = await openOutputFolder(flags.output, true);
      const { signal, release } = onInterrupt();
      try {
        const bag = path.join(output, 'drive.mcap');
        const drawn = await drawDrive(bag, flags, signal);
        if (signal.aborted) {
          process.stderr.write(`interrupted: ${bag} holds the ${String(drawn)} frame sets drawn so far\n`);
          return;
        }
        const total = drawn * 4;
        const progress = startProgress('replaying', total, 'frames');
        const config = { ...defaultConfig('throughput'), fusion: rigFusion() };
        const summary = await replay(
          { bag, output, config },
          { signal, onProgress: (done, _total, note) => progress.update(done, note) },
        ).finally(() => progress.stop());
        process.stdout.write(
          flags.json === true ? `${JSON.stringify(summary, undefined, 2)}\n` : describeReplay(summary),
        );
      } finally {
        if (signal.aborted) process.exitCode = INTERRUPTED_EXIT_CODE;
        release();
      }
    });
}

async function drawDrive(bag: string, { seed, day = false, seconds }: DemoFlags, signal: AbortSignal): Promise<number> {
  const progress = startProgress('drawing the drive', seconds * FRAMES_PER_SECOND, 'frame sets');
  try {
    return await writeDriveBag(bag, {
      seed,
      night: !day,
      duration: seconds,
      rate: FRAMES_PER_SECOND,
      images: 'png',
      depth: 8,
      threads: availableParallelism(),
      overwrite: true,
      signal,
      onProgress: (done) => progress.update(done),
    });
  } finally {
    progress.stop();
  }
}
