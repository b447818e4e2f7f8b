import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../src/packageRoot.js';
import { LatencyWindow } from '../../src/ros/latencyWindow.js';
import { SPECTRA } from '../../src/spectrum.js';
import { PerceptionUnderTest, TINY_MODEL } from '../../test/ros/perception.js';
import { type RosProcess, startPeer } from '../../test/ros/ros.js';
import { gcMilliseconds } from './gcTimes.js';
import { childOf, cpuMilliseconds, residentMegabytes } from './processFigures.js';

/**
 * The node in real ROS, fed and heard by an rclpy process: milliseconds from publishing an image to receiving its detections, over the bare
 * inference time, and beside them the same way there and back through an rclpy process that does nothing (`--no-echo` leaves it out); CPU
 * time, garbage collection, memory and event-loop delay of the node's process. `npm run bench:ros -- --seconds 120 --rate 10 --bands 4`
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '10' },
    bands: { type: 'string', default: '1' },
    width: { type: 'string', default: '640' },
    height: { type: 'string', default: '480' },
    model: { type: 'string', default: TINY_MODEL },
    echo: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
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
const bands = SPECTRA.slice(0, Number(values.bands));
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
    ...[values.seconds, values.rate, values.width, values.height, ...bands],
  );
  const pid = childOf(ros.node.pid);
  const memory: number[] = [];
  const cpuAtStart = cpuMilliseconds(pid);
  const gcAtStart = gcMilliseconds(gcFolder, pid);
  const sampling = setInterval(() => memory.push(residentMegabytes(pid)), 1000);
  const report = await peer.report(() => true, (Number(values.seconds) + 60) * 1000);
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
  console.log(
    `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}, ${process.env.ROS_DISTRO ?? 'kilted (wheels)'}`,
  );
  console.log(
    `${bands.length} bands at ${values.rate} Hz, ${values.width}×${values.height} rgb8, ${values.seconds} s, ${values.model}`,
  );
  console.log(
    `published ${published}, detections back ${latencies.length} (${((100 * latencies.length) / published).toFixed(1)} %)`,
  );
  bands.forEach((band, i) =>
    console.log(
      `  ${band}: received ${figure(i + 1, 'images received')}, published ${figure(i + 1, 'images published')}, ` +
        `dropped ${figure(i + 1, 'images dropped (detector busy)')}, not usable ${figure(i + 1, 'images not usable')}`,
    ),
  );
  const received = total('images received');
  const reasons = Object.entries(REASONS).map(([reason, key]) => [reason, total(key)] as const);
  const unexplained = received - images - reasons.reduce((sum, [, count]) => sum + count, 0);
  console.log(
    `every image of ${sent} sent: ${images} published, ${sent - received} lost between the processes, ` +
      `${reasons.map(([reason, count]) => `${count} ${reason}`).join(', ')}, ${unexplained} unexplained (goal 0)`,
  );
  const ratio = (all.p99 / all.median).toFixed(2);
  console.log(`publish → detections: ${inWords(latencies)}: p99 is ${ratio} × the median (goal ≤ 2)`);
  console.log(`  publishing, in the camera's process:       ${inWords(report.publishing)}`);
  console.log(`  on the way, in the node, to publishing:    ${inWords(report.between)}`);
  console.log(`  from there to the listener:                ${inWords(report.returning)}`);
  if (report.echo) {
    const echo = figures(report.echo.latencies);
    console.log(
      `the same through rclpy that does nothing: ${inWords(report.echo.latencies)}: ${(echo.p99 / echo.median).toFixed(2)} ×`,
    );
    console.log(
      `  publishing, on the way, to the listener:   ${[report.echo.publishing, report.echo.between, report.echo.returning].map(inWords).join('; ')}`,
    );
  }
  console.log(`bare inference:       ${inWords(inferences)}`);
  console.log(`added at the median:  ${(all.median - inference.median).toFixed(1)} ms (goal ≤ 8 for one camera)`);
  console.log(
    `CPU per image: ${(cpu / images).toFixed(1)} ms, of which inference ${inference.median.toFixed(1)} ms; ` +
      `garbage collection holds the threads up for ${(gc / images).toFixed(2)} ms`,
  );
  console.log(
    `RSS: ${Math.min(...settled).toFixed(0)} to ${Math.max(...settled).toFixed(0)} MB over the last two thirds, last ${(memory.at(-1) ?? 0).toFixed(0)} MB`,
  );
  console.log(`event loop delay p99: ${figure(0, 'event loop delay (ms, p99)')} ms`);
} finally {
  await Promise.all([ros.stop(), echoProcess?.stop()]);
  rmSync(gcFolder, { recursive: true, force: true });
}

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
