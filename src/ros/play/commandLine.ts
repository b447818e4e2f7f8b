import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { ExpectedError } from '../../errors.js';

export interface PlayCommand {
  readonly bag: string;
  readonly rate: number;
  readonly loop: boolean;
  /** Messages a second on /clock; 0: none. */
  readonly clockHz: number;
  /** Seconds. */
  readonly startOffset: number;
  /** Seconds before the first message, in which listeners are found. */
  readonly delay: number;
  /** Empty: all. */
  readonly topics: readonly string[];
  /** Lifecycle node that has to be active first. */
  readonly waitFor: string | undefined;
  /** Seconds. */
  readonly waitTimeout: number;
}

interface Flags {
  readonly rate: number;
  readonly loop: boolean;
  readonly clock?: number | true;
  readonly startOffset: number;
  readonly delay: number;
  readonly topics?: readonly string[];
  readonly waitFor?: string;
  readonly waitTimeout: number;
}

/** As `ros2 bag play` has it. */
const DEFAULT_CLOCK_HZ = 40;

/**
 * Reads the command line, whose names are those of `ros2 bag play` where it has them.
 * @param args without the program's name
 * @returns undefined where help was asked for, and printed
 * @throws ExpectedError `usage`
 */
export function parsePlayCommand(args: readonly string[]): PlayCommand | undefined {
  let parsed: PlayCommand | undefined;
  const command = new Command('play_node')
    .description('Plays a rosbag2 recording (MCAP or SQLite3) into ROS 2, at the pace at which it was recorded')
    .argument('<bag>', 'bag folder with metadata.yaml, or a bare .mcap or .db3 file')
    .addOption(new Option('-r, --rate <factor>', 'speed').argParser(number(0.01, 1000)).default(1))
    .addOption(new Option('-l, --loop [true]', 'start again at the end (true, false)').argParser(yes).default(false))
    .addOption(new Option('--clock [Hz]', `publish /clock, ${DEFAULT_CLOCK_HZ} Hz`).argParser(number(1, 1000)))
    .addOption(
      new Option('--start-offset <s>', 'seconds to leave out at the beginning').argParser(number(0, 1e9)).default(0),
    )
    .addOption(
      new Option('--delay <s>', 'seconds before the first message, in which listeners are found')
        .argParser(number(0, 86_400))
        .default(1),
    )
    .option('--topics <names...>', 'play only these topics')
    .option('--wait-for <node>', 'begin when this lifecycle node is active')
    .addOption(
      new Option('--wait-timeout <s>', 'how long to wait for it, seconds').argParser(number(0, 86_400)).default(120),
    )
    .addHelpText(
      'after',
      `
ROS arguments come last: --ros-args -r /camera/rgb/image_raw:=/front/image -p qos_overrides./tf.publisher.depth:=100

Examples:
  $ ros2 run multispectral_saliency play_node /data/drive --clock --wait-for /perception_node
  $ ros2 run multispectral_saliency play_node drive.mcap --rate 0.5 --loop --topics /camera/fir/image_raw`,
    )
    .exitOverride()
    .action((bag: string, flags: Flags) => {
      const clockHz = flags.clock === true ? DEFAULT_CLOCK_HZ : (flags.clock ?? 0);
      const { rate, loop, startOffset, delay, topics = [], waitFor, waitTimeout } = flags;
      parsed = { bag, rate, loop, clockHz, startOffset, delay, topics, waitFor, waitTimeout };
    });
  // What is wrong is said once, by the caller.
  command.configureOutput({ writeErr: () => undefined });
  try {
    command.parse(withoutRosArguments(args), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new ExpectedError('usage', error.message.replace(/^error: /, ''), 'play_node --help shows the usage', {
      cause: error,
    });
  }
  return parsed;
}

/** ROS takes what stands from `--ros-args` to `--` or the end. */
function withoutRosArguments(args: readonly string[]): string[] {
  const own: string[] = [];
  let ros = false;
  for (const arg of args) {
    if (!ros && arg === '--ros-args') ros = true;
    else if (!ros) own.push(arg);
    else if (arg === '--') ros = false;
  }
  return own;
}

function number(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`it has to be a number from ${minimum} to ${maximum}.`);
  };
}

function yes(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('it has to be true or false.');
}
