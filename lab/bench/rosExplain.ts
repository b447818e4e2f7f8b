import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { number, wholeNumber } from '../../src/cli/optionValues.js';
import { packageRoot } from '../../src/packageRoot.js';
import { LatencyWindow } from '../../src/ros/latencyWindow.js';
import { PerceptionUnderTest, TINY_MODEL } from '../../test/ros/perception.js';
import { RosProcess, startPeer, testEnvironment } from '../../test/ros/ros.js';
import { benchCommand, runBench } from './benchCommand.js';
import { childOf, cpuMilliseconds } from './processFigures.js';

/**
 * What the explain node costs the perception node: milliseconds from publishing an image to receiving its detections with the explain node at
 * work at its default budget, over the same with the explain node stopped (SIGSTOP), in alternating rounds of one run. With `--nice` a third
 * kind of round has it at the lowest nice value instead of the idle priority (needs CAP_SYS_NICE).
 * `npm run bench:explain-node -- --rounds 6 --seconds 20 --model models/efficientdet-d0-fir.json`
 */
interface Flags {
  readonly rounds: number;
  readonly seconds: number;
  readonly rate: number;
  readonly model: string;
  readonly method: string;
  readonly cores?: number;
  readonly nice?: boolean;
  readonly json?: boolean;
}

const program = benchCommand(
  'bench:explain-node',
  'What the explain node costs the perception node, in alternating rounds with and without it.',
  'print {model, method, coresUsed, latency: {without, with: {count, median, p99}}}',
)
  .option('--rounds <n>', 'rounds of each kind', wholeNumber(1, 1e6), 4)
  .option('--seconds <n>', 'of each round', number(1, 1e6), 20)
  .option('--rate <hz>', 'images a second', number(0.1, 1000), 5)
  .option('--model <manifest>', 'model of both nodes', TINY_MODEL)
  .option('--method <name>', 'of explaining', 'rise')
  .option('--cores <n>', 'budget of the explain node', number(0.001, 1024))
  .option('--nice', 'a third kind of round at the lowest nice value instead of the idle priority (needs CAP_SYS_NICE)')
  .addHelpText(
    'after',
    '\nExample: npm run bench:explain-node -- --rounds 6 --seconds 20 --model models/efficientdet-d0-fir.json',
  );
process.env.FASTDDS_DEFAULT_PROFILES_FILE ??= path.join(packageRoot, 'config', 'fastdds.xml');
const KINDS = { without: 'without it', with: 'with it', nice: 'with it, nice 19 only' } as const;
type Kind = keyof typeof KINDS;

await runBench<Flags>(program, async (values) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'msal-bench-explain-'));
  const model = path.resolve(values.model);
  const configFile = path.join(folder, 'perception.yaml');
  // The bench's pictures are noise: any box will do.
  const detection = { scoreThreshold: 0.0001, maxDetections: 5 };
  writeFileSync(configFile, stringify({ cameras: { fir: { model } }, detection, execution: { mode: 'latency' } }));
  const log = path.join(folder, 'log');
  const ros = new PerceptionUnderTest({
    bands: ['fir'],
    model,
    config: { detection, execution: { mode: 'latency' } },
    parameters: { 'frame_log.folder': log, 'frame_log.period': '1.0', diagnostics_period: 1 },
  });
  const budget = values.cores === undefined ? [] : ['-p', `budget.cores:=${values.cores.toFixed(3)}`];
  // As the launch file starts it.
  const explain = new RosProcess<object>(
    'chrt',
    [
      '--idle',
      '0',
      process.execPath,
      path.join(packageRoot, 'dist/src/ros/explainSupervisor.js'),
      '--ros-args',
      // A stopped process gives no sign of life.
      ...[
        'config_file:=' + configFile,
        'frame_log.folder:=' + log,
        'method:=' + values.method,
        'watchdog_timeout:=0.0',
      ].flatMap((assignment) => ['-p', assignment]),
      ...budget,
    ],
    { ...testEnvironment(), FASTDDS_DEFAULT_PROFILES_FILE: undefined, FASTDDS_BUILTIN_TRANSPORTS: 'UDPv4' },
  );
  const kinds: readonly Kind[] = values.nice ? ['without', 'with', 'nice'] : ['without', 'with'];
  const latencies: Readonly<Record<Kind, number[]>> = { without: [], with: [], nice: [] };
  // With --json the figures alone go to the standard output.
  const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);
  let busySeconds = 0;
  let withSeconds = 0;
  try {
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    await ros.diagnosis('detector', /active/);
    await ros.diagnosis('explanations', /./);
    const explainPid = childOf(explain.pid);
    // Fills the frame log, and loads the explain node's model.
    await measure(10, values.rate);
    for (let round = 0; round < values.rounds; round++) {
      for (const kind of kinds) {
        process.kill(explainPid, kind === 'without' ? 'SIGSTOP' : 'SIGCONT');
        if (values.nice) setPolicy(explainPid, kind === 'nice' ? '--other' : '--idle');
        const cpu = cpuMilliseconds(explainPid) / 1000;
        const startedMs = performance.now();
        latencies[kind].push(...(await measure(values.seconds, values.rate)));
        if (kind === 'with') {
          busySeconds += cpuMilliseconds(explainPid) / 1000 - cpu;
          withSeconds += (performance.now() - startedMs) / 1000;
        }
      }
    }
    const status = await ros.diagnosis('explanations', /./);
    say(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}; ${values.model}`);
    say(`explain node: ${values.method}, ${(busySeconds / withSeconds).toFixed(2)} cores used while it ran`);
    say(status.values.map(({ key, value }) => `  ${key}: ${value}`).join('\n'));
    const without = figures(latencies.without);
    for (const kind of kinds) {
      const { count, median, p99 } = figures(latencies[kind]);
      say(
        `${KINDS[kind]}: ${count} images, median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; over without: ` +
          `median ${(median / without.median).toFixed(3)}, p99 ${(p99 / without.p99).toFixed(3)} (at most 1.2)`,
      );
    }
    if (values.json) {
      const latency = Object.fromEntries(kinds.map((kind) => [kind, figures(latencies[kind])]));
      const results = { model: values.model, method: values.method, coresUsed: busySeconds / withSeconds, latency };
      process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
    }
  } finally {
    await Promise.all([ros.stop(), explain.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
});

async function measure(seconds: number, rate: number): Promise<readonly number[]> {
  const peer: RosProcess<{ latencies: number[] }> = startPeer(
    'bench.py',
    String(seconds),
    String(rate),
    '640',
    '480',
    'fir',
  );
  try {
    return (await peer.report(() => true, (seconds + 60) * 1000)).latencies;
  } finally {
    await peer.stop();
  }
}

function figures(numbers: readonly number[]): {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
} {
  const window = new LatencyWindow(Math.max(1, numbers.length));
  for (const value of numbers) window.add(value);
  return window.figures() ?? { count: 0, median: NaN, p99: NaN };
}

/** @param policy `--idle` or `--other`, for all threads */
function setPolicy(pid: number, policy: string): void {
  const { status, stderr } = spawnSync('chrt', ['--all-tasks', policy, '--pid', '0', String(pid)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`chrt: ${stderr}`);
}
