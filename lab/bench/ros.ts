import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { number, wholeNumber } from '../../src/cli/optionValues.js';
import { packageRoot } from '../../src/packageRoot.js';
import { LatencyWindow } from '../../src/ros/latencyWindow.js';
import { SPECTRA } from '../../src/spectrum.js';
import { PerceptionUnderTest, TINY_MODEL } from '../../test/ros/perception.js';
import { type RosProcess, startPeer } from '../../test/ros/ros.js';
import { benchCommand, runBench } from './benchCommand.js';
import { gcMilliseconds } from './gcTimes.js';
import { childOf, cpuMilliseconds, residentMegabytes } from './processFigures.js';

/**
 * The node in real ROS, fed and heard by an rclpy process: milliseconds from publishing an image to receiving its detections, over the bare
 * inference time, and beside them the same way there and back through an rclpy process that does nothing (`--no-echo` leaves it out); CPU
 * time, garbage collection, memory and event-loop delay of the node's process. `npm run bench:ros -- --seconds 120 --rate 10 --bands 4`
 */
interface Flags {
  readonly seconds: number;
  readonly rate: number;
  readonly bands: number;
  readonly width: number;
  readonly height: number;
  readonly model: string;
  readonly echo: boolean;
  readonly json?: boolean;
}

const program = benchCommand(
  'bench:ros',
  'The node in real ROS: milliseconds from publishing an image to receiving its detections, CPU time and memory.',
  'print the figures as one JSON object',
)
  .option('--seconds <n>', 'how long images are published', number(1, 1e6), 20)
  .option('--rate <hz>', 'images of each band a second', number(0.1, 1000), 10)
  .option('--bands <n>', 'how many cameras', wholeNumber(1, SPECTRA.length), 1)
  .option('--width <pixels>', 'of the images', wholeNumber(1, 1e5), 640)
  .option('--height <pixels>', 'of the images', wholeNumber(1, 1e5), 480)
  .option('--model <manifest>', 'model of every band', TINY_MODEL)
  .option('--no-echo', 'leave out the way through an rclpy process that does nothing')
  .addHelpText('after', '\nExample: npm run bench:ros -- --seconds 120 --rate 10 --bands 4');
// Without it Fast DDS loses most best-effort images of this size before any node sees them.
process.env.FASTDDS_DEFAULT_PROFILES_FILE ??= path.join(packageRoot, 'config', 'fastdds.xml');
/** What can become of a received image other than being published, and where /diagnostics counts it. */
const REASONS = {
  'replaced (detector busy)': 'images dropped (detector busy)',
  late: 'images dropped (late)',
  'with a stamp that came twice': 'images dropped (stamp came twice)',
  'in a full queue': 'images dropped (queue full)',
  'with a stamp far from the others': 'images dropped (stamp far from the others)',
  'not usable': 'images not usable',
  'ignored (not active)': 'images ignored (not active, or off)',
} as const;
await runBench<Flags>(program, async (values) => {
  // With --json the figures alone go to the standard output.
  const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);
  const bands = SPECTRA.slice(0, values.bands);
  const gcFolder = mkdtempSync(path.join(tmpdir(), 'msal-bench-gc-'));
  const ros = new PerceptionUnderTest({
    bands,
    model: values.model,
    config: { detection: { scoreThreshold: 0.3 } },
    parameters: { diagnostics_period: 1 },
    env: { MSAL_BENCH_GC: gcFolder, NODE_OPTIONS: `--import=${new URL('./gcTimes.js', import.meta.url).href}` },
  });
  const echoProcess = values.echo ? startPeer<object>('bench_echo.py', ...bands) : undefined;
  try {
    ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
    await ros.diagnosis('detector', /active/);
    const peer: RosProcess<Report> = startPeer(
      'bench.py',
      ...(values.echo ? ['--echo'] : []),
      ...[values.seconds, values.rate, values.width, values.height].map(String),
      ...bands,
    );
    const pid = childOf(ros.node.pid);
    const memory: number[] = [];
    const cpuAtStart = cpuMilliseconds(pid);
    const gcAtStart = gcMilliseconds(gcFolder, pid);
    const sampling = setInterval(() => memory.push(residentMegabytes(pid)), 1000);
    const report = await peer.report(() => true, (values.seconds + 60) * 1000);
    const { latencies, inferences, published, sent } = report;
    clearInterval(sampling);
    const cpu = cpuMilliseconds(pid) - cpuAtStart;
    const gc = gcMilliseconds(gcFolder, pid) - gcAtStart;
    const statuses = await Promise.all(
      ['detector', ...bands.map((band) => `${band} camera`)].map((name) => ros.diagnosis(name, /./)),
    );
    const figure = (status: number, key: string): string =>
      statuses[status]?.values.find((entry) => entry.key === key)?.value ?? 'none';

    const inference = figures(inferences);
    const all = figures(latencies);
    const total = (key: string): number => bands.reduce((sum, _, i) => sum + Number(figure(i + 1, key)), 0);
    const images = total('images published');
    const settled = memory.slice(Math.floor(memory.length / 3));
    say(
      `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}, ${process.env.ROS_DISTRO ?? 'kilted (wheels)'}`,
    );
    say(
      `${bands.length} bands at ${values.rate} Hz, ${values.width}×${values.height} rgb8, ${values.seconds} s, ${values.model}`,
    );
    say(
      `published ${published}, detections back ${latencies.length} (${((100 * latencies.length) / published).toFixed(1)} %)`,
    );
    bands.forEach((band, i) =>
      say(
        `  ${band}: received ${figure(i + 1, 'images received')}, published ${figure(i + 1, 'images published')}, ` +
          `dropped ${figure(i + 1, 'images dropped (detector busy)')}, not usable ${figure(i + 1, 'images not usable')}`,
      ),
    );
    const received = total('images received');
    const reasons = Object.entries(REASONS).map(([reason, key]) => [reason, total(key)] as const);
    const unexplained = received - images - reasons.reduce((sum, [, count]) => sum + count, 0);
    say(
      `every image of ${sent} sent: ${images} published, ${sent - received} lost between the processes, ` +
        `${reasons.map(([reason, count]) => `${count} ${reason}`).join(', ')}, ${unexplained} unexplained (goal 0)`,
    );
    const ratio = (all.p99 / all.median).toFixed(2);
    say(`publish → detections: ${inWords(latencies)}: p99 is ${ratio} × the median (goal ≤ 2)`);
    say(`  publishing, in the camera's process:       ${inWords(report.publishing)}`);
    say(`  on the way, in the node, to publishing:    ${inWords(report.between)}`);
    say(`  from there to the listener:                ${inWords(report.returning)}`);
    if (report.echo) {
      const echo = figures(report.echo.latencies);
      say(
        `the same through rclpy that does nothing: ${inWords(report.echo.latencies)}: ${(echo.p99 / echo.median).toFixed(2)} ×`,
      );
      say(
        `  publishing, on the way, to the listener:   ${[report.echo.publishing, report.echo.between, report.echo.returning].map(inWords).join('; ')}`,
      );
    }
    say(`bare inference:       ${inWords(inferences)}`);
    say(`added at the median:  ${(all.median - inference.median).toFixed(1)} ms (goal ≤ 8 for one camera)`);
    say(
      `CPU per image: ${(cpu / images).toFixed(1)} ms, of which inference ${inference.median.toFixed(1)} ms; ` +
        `garbage collection holds the threads up for ${(gc / images).toFixed(2)} ms`,
    );
    say(
      `RSS: ${Math.min(...settled).toFixed(0)} to ${Math.max(...settled).toFixed(0)} MB over the last two thirds, last ${(memory.at(-1) ?? 0).toFixed(0)} MB`,
    );
    say(`event loop delay p99: ${figure(0, 'event loop delay (ms, p99)')} ms`);
    if (values.json) {
      const results = {
        ...{ model: values.model, bands, rate: values.rate, seconds: values.seconds, width: values.width },
        ...{
          height: values.height,
          sent,
          received,
          published: images,
          unexplained,
          dropped: Object.fromEntries(reasons),
        },
        milliseconds: {
          publishToDetections: all,
          publishing: figures(report.publishing),
          between: figures(report.between),
          returning: figures(report.returning),
          inference,
          ...(report.echo && { echo: figures(report.echo.latencies) }),
        },
        perImage: { cpuMs: cpu / images, garbageCollectionMs: gc / images },
        residentMegabytes: { lowest: Math.min(...settled), highest: Math.max(...settled), last: memory.at(-1) ?? null },
      };
      process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
    }
  } finally {
    await Promise.all([ros.stop(), echoProcess?.stop()]);
    rmSync(gcFolder, { recursive: true, force: true });
  }
});

/** Milliseconds of each image, by stage; see peers/bench.py. */
interface Times {
  readonly latencies: readonly number[];
  readonly publishing: readonly number[];
  readonly between: readonly number[];
  readonly returning: readonly number[];
}

interface Report extends Times {
  readonly inferences: readonly number[];
  readonly echo: Times | null;
  readonly published: number;
  readonly sent: number;
}

function figures(numbers: readonly number[]): { readonly median: number; readonly p99: number } {
  const window = new LatencyWindow(Math.max(1, numbers.length));
  for (const value of numbers) window.add(value);
  return window.figures() ?? { median: NaN, p99: NaN };
}

function inWords(numbers: readonly number[]): string {
  const { median, p99 } = figures(numbers);
  return `median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
}
