import { readFileSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../src/packageRoot.js';
import { LatencyWindow } from '../src/ros/latencyWindow.js';
import { SPECTRA } from '../src/spectrum.js';
import { PerceptionUnderTest, TINY_MODEL } from '../test/ros/perception.js';
import { RosProcess, startPeer } from '../test/ros/ros.js';

/**
 * The node in real ROS, fed and heard by an rclpy process: milliseconds from publishing an image to receiving its detections, over the bare
 * inference time; CPU time, memory and event-loop delay of the node's process. `npm run bench:ros -- --seconds 120 --rate 10 --bands 4`
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '10' },
    bands: { type: 'string', default: '1' },
    width: { type: 'string', default: '640' },
    height: { type: 'string', default: '480' },
    model: { type: 'string', default: TINY_MODEL },
  },
});
// Without it Fast DDS loses most best-effort images of this size before any node sees them.
process.env.FASTDDS_DEFAULT_PROFILES_FILE ??= path.join(packageRoot, 'config', 'fastdds.xml');
/** What can become of a received image other than being published, and where /diagnostics counts it. */
const REASONS = {
  'replaced (detector busy)': 'images dropped (detector busy)',
  late: 'images dropped (late)',
  'with a stamp that came twice': 'images dropped (stamp came twice)',
  'in a full queue': 'images dropped (queue full)',
  'not usable': 'images not usable',
  'ignored (not active)': 'images ignored (not active, or off)',
} as const;
const bands = SPECTRA.slice(0, Number(values.bands));
const ros = new PerceptionUnderTest({
  bands,
  model: values.model,
  config: { detection: { scoreThreshold: 0.3 } },
  parameters: { diagnostics_period: 1 },
});
try {
  ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
  await ros.diagnosis('detector', /active/);
  const peer: RosProcess<{ latencies: number[]; inferences: number[]; published: number; sent: number }> = startPeer(
    'bench.py',
    ...[values.seconds, values.rate, values.width, values.height, ...bands],
  );
  const pid = childOf(ros.node.pid);
  const memory: number[] = [];
  const cpuAtStart = cpuMilliseconds(pid);
  const sampling = setInterval(() => memory.push(residentMegabytes(pid)), 1000);
  const { latencies, inferences, published, sent } = await peer.report(
    () => true,
    (Number(values.seconds) + 60) * 1000,
  );
  clearInterval(sampling);
  const cpu = cpuMilliseconds(pid) - cpuAtStart;
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
  console.log(`publish → detections: median ${all.median.toFixed(1)} ms, p99 ${all.p99.toFixed(1)} ms`);
  console.log(`bare inference:       median ${inference.median.toFixed(1)} ms, p99 ${inference.p99.toFixed(1)} ms`);
  console.log(`added at the median:  ${(all.median - inference.median).toFixed(1)} ms`);
  console.log(`CPU per image: ${(cpu / images).toFixed(1)} ms, of which inference ${inference.median.toFixed(1)} ms`);
  console.log(
    `RSS: ${Math.min(...settled).toFixed(0)} to ${Math.max(...settled).toFixed(0)} MB over the last two thirds, last ${(memory.at(-1) ?? 0).toFixed(0)} MB`,
  );
  console.log(`event loop delay p99: ${figure(0, 'event loop delay (ms, p99)')} ms`);
} finally {
  await ros.stop();
}

function figures(numbers: readonly number[]): { readonly median: number; readonly p99: number } {
  const window = new LatencyWindow(Math.max(1, numbers.length));
  for (const value of numbers) window.add(value);
  return window.figures() ?? { median: NaN, p99: NaN };
}

/** User and system time of a process, in ticks of 10 ms. */
function cpuMilliseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

function residentMegabytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function childOf(pid: number): number {
  const parentOf = (entry: string): string | undefined => {
    try {
      return readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ')[1]?.split(' ')[1];
    } catch {
      return undefined; // has ended meanwhile
    }
  };
  const child = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && parentOf(entry) === String(pid));
  if (child === undefined) throw new Error(`process ${pid} has no child`);
  return Number(child);
}
