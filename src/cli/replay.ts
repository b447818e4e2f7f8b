import { Option, type Command } from 'commander';
import { openOutputFolder } from './outputFolder.js';
import { INTERRUPTED_EXIT_CODE, onInterrupt } from './interrupt.js';
import { addExplainMethodFlags, explainSettingsOf, type ExplainMethodFlags } from './explainFlags.js';
import { number, wholeNumber } from './optionValues.js';
import { perceptionConfig, type PerceptionFlags } from './perceptionFlags.js';
import { addPerceptionFlags } from './perceptionFlags.js';
import { ExpectedError } from '../errors.js';
import { perceivedFrames } from '../replay/replaySummary.js';
import { noProgress, startProgress, type Progress } from './progress.js';
import { describeReplay } from './replayText.js';
import { replay } from '../replay/replay.js';

interface ReplayFlags extends PerceptionFlags, ExplainMethodFlags {
  readonly explain?: number;
  readonly output: string;
  readonly overwrite?: boolean;
  readonly jsonl?: boolean;
  readonly maps?: boolean;
  readonly baseline?: string;
  readonly reportSize: number;
  readonly json?: boolean;
}

/** `msal replay`: from a recorded drive to detections, maps, an annotated bag and a report. */
export function register(program: Command): void {
  const command = program
    .command('replay')
    .description('detect and explain in a recorded drive (rosbag2, MCAP or SQLite3); needs no ROS')
    .argument('<bag>', 'bag folder with metadata.yaml, or a bare .mcap or .db3 file')
    .requiredOption('-o, --output <dir>', 'folder for annotated.mcap, report.html and summary.json')
    .option('--overwrite', 'replace what an earlier run left in the output folder')
    .option(
      '--jsonl',
      'also write detections.jsonl, one detection a line, tracks.jsonl, and fused.jsonl where bands are fused',
    )
    .option('--maps', 'put the Grad-CAM map of every detection into the annotated bag')
    .option('--baseline <file>', 'also write a drift baseline of this drive (JSON), for drift.baseline of the ROS node')
    .addOption(
      new Option('--report-size <MB>', 'largest size of the report; pictures are thinned evenly to honour it')
        .argParser(number(1, 2000))
        .default(60),
    )
    .option(
      '--explain <n>',
      'explain n frame sets, spread evenly, by masking: messages, maps and the report',
      wholeNumber(1, 10_000),
    );
  addExplainMethodFlags(command).option('--json', 'print the summary as JSON');
  addPerceptionFlags(command)
    .addHelpText(
      'after',
      `
Topics are matched to bands by the words in their names (rgb, color; nir; mir, mwir; fir, lwir, thermal); a configuration
file says it where they do not. Ctrl-C ends the replay early and leaves valid files. Where no image can be used the exit code is 3.

Examples:
  $ msal replay drive/ --output out
  $ msal replay drive.mcap -o out --score-threshold 0.5 --jsonl
  $ msal replay drive.mcap -o out --explain 5 --method rise --passes 250
  $ msal replay drive.db3 -o out --config config/replay.yaml --json > summary.json`,
    )
    .action(async (bag: string, flags: ReplayFlags) => {
      const explain =
        flags.explain === undefined
          ? undefined
          : { sets: flags.explain, settings: explainSettingsOf(flags), seed: flags.seed };
      const config = await perceptionConfig(flags, 'throughput');
      const output = await openOutputFolder(flags.output, flags.overwrite ?? false);
      const { signal, release } = onInterrupt();
      let progress: Progress = noProgress;
      try {
        const summary = await replay(
          {
            bag,
            output,
            config,
            jsonLines: flags.jsonl ?? false,
            maps: flags.maps ?? false,
            ...(explain && { explain }),
            ...(flags.baseline === undefined ? {} : { baseline: flags.baseline }),
            reportBytes: flags.reportSize * 1e6,
          },
          {
            signal,
            onProgress(done, total, note) {
              if (progress === noProgress) progress = startProgress('replaying', total, 'frames');
              progress.update(done, note);
            },
          },
        );
        progress.stop();
        process.stdout.write(
          flags.json === true ? `${JSON.stringify(summary, undefined, 2)}\n` : describeReplay(summary),
        );
        if (!summary.completed) process.exitCode = INTERRUPTED_EXIT_CODE;
        else if (perceivedFrames(summary) === 0)
          throw new ExpectedError(
            'input',
            `no image of ${bag} could be used`,
            'look at what the summary says about its frames, and at the bag with `msal info --thorough`',
          );
      } finally {
        progress.stop();
        release();
      }
    });
}
