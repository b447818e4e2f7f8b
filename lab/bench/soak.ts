import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { reasonOf } from '../../src/errors.js';
import { packageRoot } from '../../src/packageRoot.js';
import { SPECTRA } from '../../src/spectrum.js';
import { type DiagnosticStatus, PerceptionUnderTest, type PeerReport, TINY_MODEL } from '../../test/ros/perception.js';
import { RosProcess, startPeerIn, testEnvironment } from '../../test/ros/ros.js';
import { childOf, residentMegabytes } from './processFigures.js';
import { soakPlan, USUAL } from './soakPlan.js';

const HELP = `Four cameras at 10 Hz and the explain node, for as long as asked for, while cameras die, change size, encoding and clock on a seeded
plan. Says whether memory stays, whether handles or threads are left over, whether every image is accounted for and the queue is drained.

npm run soak -- --minutes 30
npm run soak -- --minutes 3 --seed 7 --model models/efficientdet-d0-rgb.json --json

  --minutes N    how long (30)
  --seed N       of the plan (1)
  --model FILE   manifest of the detector on all bands (the tiny test network)
  --json         the table as JSON on standard output
Exit code: 0 where everything held, 1 where something did not, 2 for a wrong argument.`;

/** Memory of the last third over that of the first, after the warm-up. */
const MOST_GROWTH = 1.05;
/** Threads and handles that may come and go (a timer of the middleware, a file that is being written). */
const MOST_LEFT = 4;
/** The first part is no measure: networks are compiled, heaps find their size. */
const WARM_UP = 0.1;
const DRAIN_SECONDS = 600;

/** Everything that can become of an image that was received. */
const FATES = [
  'images published',
  'images dropped (detector busy)',
  'images dropped (late)',
  'images dropped (stamp came twice)',
  'images dropped (queue full)',
  'images dropped (stamp far from the others)',
  'images waiting for others',
  'images not usable',
  'images ignored (not active, or off)',
];

interface Sample {
  readonly megabytes: number;
  readonly threads: number;
  readonly handles: number;
}

interface Row {
  readonly what: string;
  readonly figure: string;
  readonly held: boolean;
}

const flags = readFlags();
const seconds = flags.minutes * 60;
const folder = mkdtempSync(path.join(tmpdir(), 'msal-soak-'));
const log = path.join(folder, 'log');
const detection = { scoreThreshold: 0.0001, maxDetections: 3 };
const configFile = path.join(folder, 'perception.yaml');
const cameras = Object.fromEntries(SPECTRA.map((spectrum) => [spectrum, { model: flags.model }]));
writeFileSync(configFile, stringify({ cameras, detection, execution: { mode: 'latency' } }));
const profile = { FASTDDS_DEFAULT_PROFILES_FILE: path.join(packageRoot, 'config', 'fastdds.xml') };
const ros = new PerceptionUnderTest({
  model: flags.model,
  config: { detection, execution: { mode: 'latency' } },
  parameters: {
    'frame_log.folder': log,
    'frame_log.period': '10.0',
    'frame_log.middling_low': 1,
    diagnostics_period: 1,
  },
});
const explain = new RosProcess<object>(
  process.execPath,
  [
    path.join(packageRoot, 'dist/src/ros/explainSupervisor.js'),
    '--ros-args',
    ...[
      `config_file:=${configFile}`,
      `frame_log.folder:=${log}`,
      'method:=rise',
      'passes:=20',
      'budget.cores:=1.0',
    ].flatMap((assignment) => ['-p', assignment]),
  ],
  { ...testEnvironment(), FASTDDS_BUILTIN_TRANSPORTS: 'UDPv4' },
);
const peer = startPeerIn<PeerReport>(profile, 'peer.py');
const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
try {
  const rows = await soak();
  print(rows);
  process.exitCode = rows.every(({ held }) => held) ? 0 : 1;
} catch (error) {
  console.error(interrupt.signal.aborted ? 'soak: ended before its time' : error);
  process.exitCode = 1;
} finally {
  await Promise.all([ros.stop(), explain.stop(), peer.stop()]);
  rmSync(folder, { recursive: true, force: true });
}

async function soak(): Promise<Row[]> {
  ros.subscribe('/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray');
  await ros.diagnosis('detector', /^active/);
  // At the lowest priority it may take its time to start.
  await explain.line(/explaining the frame log/, 300_000);
  const camera = (spectrum: string, settings: object): void =>
    peer.send({ camera: `/camera/${spectrum}/image_raw`, frame_id: spectrum, reliability: 'sensor', ...settings });
  for (const spectrum of SPECTRA) camera(spectrum, USUAL);

  const processes = { perception_node: childOf(ros.node.pid), explain_node: childOf(explain.pid) };
  const samples = new Map(Object.keys(processes).map((name): [string, Sample[]] => [name, []]));
  const plan = [...soakPlan(seconds, flags.seed)];
  const happened = plan.length / 2;
  const begun = performance.now();
  const passed = (): number => (performance.now() - begun) / 1000;
  while (passed() < seconds) {
    for (let next = plan[0]; next !== undefined && next.atSeconds <= passed(); next = plan[0]) {
      plan.shift();
      tell(`${next.spectrum} ${next.what}`);
      camera(next.spectrum, next.settings);
    }
    for (const [name, pid] of Object.entries(processes)) samples.get(name)?.push(sampleOf(pid));
    forgetOldReports();
    await sleep(1000, undefined, { signal: interrupt.signal });
  }
  tell('the cameras are switched off');
  for (const spectrum of SPECTRA) camera(spectrum, { rate: 0 });
  await sleep(5000, undefined, { signal: interrupt.signal });

  const rows = [...samples].flatMap(([name, taken]) => resourceRows(name, taken));
  for (const spectrum of SPECTRA) rows.push(accountRow(spectrum, await ros.diagnosis(`${spectrum} camera`, /./)));
  rows.push(await queueRow(), ...(await endRows(processes)));
  rows.unshift({ what: 'troubles of the cameras', figure: String(happened), held: true });
  return rows;
}

function resourceRows(name: string, all: readonly Sample[]): Row[] {
  const taken = all.slice(Math.floor(WARM_UP * all.length));
  const third = Math.floor(taken.length / 3);
  const [first, last] = [taken.slice(0, third), taken.slice(-third)];
  const mean = (of: readonly Sample[], key: keyof Sample): number =>
    of.reduce((sum, sample) => sum + sample[key], 0) / Math.max(1, of.length);
  const least = (of: readonly Sample[], key: keyof Sample): number => Math.min(...of.map((sample) => sample[key]));
  const growth = mean(last, 'megabytes') / mean(first, 'megabytes');
  const memory = `${mean(first, 'megabytes').toFixed(0)} → ${mean(last, 'megabytes').toFixed(0)} MB (${growth.toFixed(3)} ×)`;
  return [
    { what: `${name}: RSS, first → last third (≤ ${MOST_GROWTH})`, figure: memory, held: growth <= MOST_GROWTH },
    ...(['threads', 'handles'] as const).map((key) => {
      const [before, after] = [least(first, key), least(last, key)];
      return {
        what: `${name}: ${key}, least of first → last third`,
        figure: `${before} → ${after}`,
        held: after <= before + MOST_LEFT,
      };
    }),
  ];
}

function accountRow(spectrum: string, { values }: DiagnosticStatus): Row {
  const of = (key: string): number => Number(values.find((entry) => entry.key === key)?.value ?? NaN);
  const received = of('images received');
  const left = received - FATES.reduce((sum, key) => sum + of(key), 0);
  const figure = `${received} received, ${of('images published')} published, ${left} unaccounted for`;
  return { what: `${spectrum}: every image accounted for`, figure, held: received > 0 && left === 0 };
}

async function queueRow(): Promise<Row> {
  tell('the explain queue is drained');
  const end = performance.now() + 1000 * DRAIN_SECONDS;
  for (;;) {
    const { message, values } = await ros.diagnosis('explanations', /./);
    forgetOldReports();
    const of = (key: string): string => values.find((entry) => entry.key === key)?.value ?? '?';
    const drained = of('queue length (frame sets)') === '0' && of('in work') === 'nothing';
    const explained = Number(of('frame sets explained'));
    if (!drained && performance.now() < end) continue;
    const figure = `${explained} explained, ${of('frame sets that cannot be explained')} failed, ${of('queue length (frame sets)')} left; ${message}`;
    return { what: 'explain_node: queue drained', figure, held: drained && explained > 0 };
  }
}

async function endRows(processes: Readonly<Record<string, number>>): Promise<Row[]> {
  const supervised = { perception_node: ros.node, explain_node: explain };
  const rows: Row[] = [];
  for (const [name, node] of Object.entries(supervised)) {
    node.signal('SIGTERM');
    const code = await Promise.race([node.ended(), sleep(60_000, 'did not end' as const)]);
    const pid = processes[name] ?? 0;
    const gone = !readdirSync('/proc').includes(String(pid));
    rows.push({ what: `${name}: ends, and leaves nothing`, figure: `exit code ${code}`, held: code === 0 && gone });
  }
  return rows;
}

function sampleOf(pid: number): Sample {
  return {
    megabytes: residentMegabytes(pid),
    threads: readdirSync(`/proc/${pid}/task`).length,
    handles: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** This process, too, is to stay as it is. */
function forgetOldReports(): void {
  const { reports } = ros.peer;
  if (reports.length > 200) reports.splice(0, reports.length - 100);
}

function print(rows: readonly Row[]): void {
  const about = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}; ${flags.minutes} minutes, seed ${flags.seed}, ${path.basename(flags.model)}`;
  if (flags.json) {
    console.log(JSON.stringify({ about, rows }, null, 2));
    return;
  }
  console.log(about);
  console.log('\n| what | figure | held |\n| --- | --- | --- |');
  for (const { what, figure, held } of rows) console.log(`| ${what} | ${figure} | ${held ? 'yes' : '**no**'} |`);
}

function tell(text: string): void {
  process.stderr.write(`soak: ${text}\n`);
}

function readFlags(): {
  readonly minutes: number;
  readonly seed: number;
  readonly model: string;
  readonly json: boolean;
} {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '30' },
        seed: { type: 'string', default: '1' },
        model: { type: 'string', default: TINY_MODEL },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
    if (!(minutes > 0 && minutes <= 10_000)) throw new Error(`--minutes ${values.minutes}: give a number above 0`);
    if (!Number.isSafeInteger(seed)) throw new Error(`--seed ${values.seed}: give a whole number`);
    return { minutes, seed, model: path.resolve(values.model), json: values.json };
  } catch (error) {
    console.error(`soak: ${reasonOf(error)}\n\n${HELP}`);
    process.exit(2);
  }
}
