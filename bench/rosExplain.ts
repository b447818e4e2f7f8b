import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { packageRoot } from '../src/packageRoot.js';
import { LatencyWindow } from '../src/ros/latencyWindow.js';
import { PerceptionUnderTest, TINY_MODEL } from '../test/ros/perception.js';
import { RosProcess, startPeer } from '../test/ros/ros.js';
import { childOf, cpuMilliseconds } from './processFigures.js';

/**
 * What the explain node costs the perception node: milliseconds from publishing an image to receiving its detections with the explain node at
 * work at its default budget, over the same with the explain node stopped (SIGSTOP), in alternating rounds of one run.
 * `npm run bench:explain-node -- --rounds 6 --seconds 20 --model models/efficientdet-d0-fir.json`
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '5' },
    model: { type: 'string', default: TINY_MODEL },
    method: { type: 'string', default: 'rise' },
    cores: { type: 'string', default: '' },
  },
});
process.env.FASTDDS_DEFAULT_PROFILES_FILE ??= path.join(packageRoot, 'config', 'fastdds.xml');
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
const budget = values.cores === '' ? [] : ['-p', `budget.cores:=${Number(values.cores).toFixed(3)}`];
const explain = new RosProcess<object>(process.execPath, [
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
]);
const latencies = { without: [] as number[], with: [] as number[] };
let busySeconds = 0;
let withSeconds = 0;
try {
  ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
  await ros.diagnosis('detector', /active/);
  await ros.diagnosis('explanations', /./);
  const explainPid = childOf(explain.pid);
  // Fills the frame log, and loads the explain node's model.
  await measure(10);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const kind of ['without', 'with'] as const) {
      process.kill(explainPid, kind === 'with' ? 'SIGCONT' : 'SIGSTOP');
      const cpu = cpuMilliseconds(explainPid) / 1000;
      const startedMs = performance.now();
      latencies[kind].push(...(await measure(Number(values.seconds))));
      if (kind === 'with') {
        busySeconds += cpuMilliseconds(explainPid) / 1000 - cpu;
        withSeconds += (performance.now() - startedMs) / 1000;
      }
    }
  }
  const status = await ros.diagnosis('explanations', /./);
  const without = figures(latencies.without);
  const beside = figures(latencies.with);
  console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}; ${values.model}`);
  console.log(`explain node: ${values.method}, ${(busySeconds / withSeconds).toFixed(2)} cores used while it ran`);
  console.log(status.values.map(({ key, value }) => `  ${key}: ${value}`).join('\n'));
  for (const [name, { count, median, p99 }] of [
    ['without', without],
    ['with', beside],
  ] as const)
    console.log(`${name} it: ${count} images, median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  console.log(
    `with over without: median ${(beside.median / without.median).toFixed(3)}, p99 ${(beside.p99 / without.p99).toFixed(3)} (at most 1.2)`,
  );
} finally {
  await Promise.all([ros.stop(), explain.stop()]);
  rmSync(folder, { recursive: true, force: true });
}

async function measure(seconds: number): Promise<readonly number[]> {
  const peer: RosProcess<{ latencies: number[] }> = startPeer(
    'bench.py',
    String(seconds),
    values.rate,
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
