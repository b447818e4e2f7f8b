import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/packageRoot.js';
import { logFile } from '../../src/frameLog/fileNames.js';
import { logFrames, LOG_PERIOD_NS, LOG_START_NS, TINY_LOG_CONFIG } from '../frameLog/frameLogs.js';
import { PerceptionUnderTest } from './perception.js';
import { RosProcess, startPeer } from './ros.js';

interface ExplanationReport {
  readonly spectrum: string;
  readonly class_name: string;
  readonly score: number;
  readonly method: string;
  readonly seed: number;
  readonly passes: number;
  readonly planned_passes: number;
  readonly complete: boolean;
  readonly model_sha256: string;
  readonly image_width: number;
  readonly image_height: number;
  readonly map_width: number;
  readonly map_height: number;
  readonly map_values: number;
  readonly map_maximum: number;
  readonly standard_error_values: number;
  readonly scores: Readonly<Record<string, number>>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly stamp: string;
}

interface Report {
  readonly topic?: string;
  readonly subscribed?: string;
  readonly message?: ExplanationReport &
    Record<string, { level: number; message: string; values: Record<string, string> }>;
  readonly id?: number;
  readonly feedback?: {
    readonly passes: number;
    readonly planned_passes: number;
    readonly seconds_left: number;
    readonly partial: readonly ExplanationReport[];
  };
  readonly result?: {
    readonly status: string;
    readonly message: string;
    readonly explanations: readonly ExplanationReport[];
  };
}

const stampOf = (number: number): bigint => LOG_START_NS + BigInt(number) * LOG_PERIOD_NS;
const STATUS = 'explain_node: explanations';

/** A running explain node with the tiny model, and an rclpy process that listens to it and asks it. */
class ExplainUnderTest {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'msal-explain-ros-'));
  readonly log = path.join(this.folder, 'log');
  readonly peer = startPeer<Report>('explain_peer.py');
  #node: RosProcess<object> | undefined;
  #nextId = 0;

  constructor() {
    writeFileSync(path.join(this.folder, 'perception.yaml'), TINY_LOG_CONFIG);
    for (const topic of [
      '/explain_node/rgb/explanation',
      '/explain_node/fir/explanation',
      '/explain_node/fir/overlay/compressed',
      '/diagnostics',
    ])
      this.peer.send({ subscribe: topic });
  }

  /** Resolves when the listener, a process that starts slowly, is there: what was published before is not heard. */
  async listening(): Promise<void> {
    await this.peer.report(({ subscribed }) => subscribed === '/diagnostics', 90_000);
  }

  start(parameters: Readonly<Record<string, string | number>> = {}): RosProcess<object> {
    const all = {
      config_file: path.join(this.folder, 'perception.yaml'),
      'frame_log.folder': this.log,
      'queue.poll_period': 0.1,
      diagnostics_period: 0.2,
      'budget.cores': '1000.0',
      'budget.frames_per_minute': '6000.0',
      passes: 40,
      ...parameters,
    };
    const assigned = Object.entries(all).flatMap(([name, value]) => ['-p', `${name}:=${value}`]);
    const executable = path.join(packageRoot, 'dist', 'src', 'ros', 'explainSupervisor.js');
    this.#node = new RosProcess(process.execPath, [executable, '--ros-args', ...assigned]);
    return this.#node;
  }

  /** Starts the node and, once it is heard, hands it logged frames, the newest first: what it publishes before that is lost. */
  async startThenLog(numbers: readonly number[], parameters: Readonly<Record<string, string | number>>): Promise<void> {
    const staged = path.join(this.folder, 'staged');
    await logFrames(staged, numbers);
    mkdirSync(this.log);
    this.start(parameters);
    await this.diagnosis(() => true);
    const files = readdirSync(staged).filter((name) => name.endsWith('.mcap'));
    for (const name of files.sort().reverse()) renameSync(path.join(staged, name), path.join(this.log, name));
  }

  get node(): RosProcess<object> {
    if (this.#node === undefined) throw new Error('not started');
    return this.#node;
  }

  async report(wanted: (report: Report) => boolean, timeoutMs = 90_000): Promise<Report> {
    return this.peer.report(wanted, timeoutMs).catch((error: unknown) => {
      throw new Error(`${String(error)}\nthe node said:\n${this.node.log.slice(-30).join('\n')}`);
    });
  }

  /** A diagnosis whose values are as wanted, from now on. */
  async diagnosis(
    wanted: (values: Readonly<Record<string, string>>) => boolean,
  ): Promise<{ level: number; message: string; values: Record<string, string> }> {
    const from = this.peer.reports.length;
    const { message } = await this.report(
      (report) =>
        report.topic === '/diagnostics' &&
        this.peer.reports.indexOf(report) >= from &&
        wanted(report.message?.[STATUS]?.values ?? {}),
    );
    const status = message?.[STATUS];
    assert.ok(status);
    return status;
  }

  ask(goal: object, extra: object = {}): number {
    const id = this.#nextId++;
    this.peer.send({ goal, id, ...extra });
    return id;
  }

  async result(id: number): Promise<NonNullable<Report['result']>> {
    const { result } = await this.report((report) => report.id === id && report.result !== undefined);
    assert.ok(result);
    return result;
  }

  results(): string[] {
    return readdirSync(path.join(this.log, 'explained'))
      .filter((name) => name.endsWith('.mcap'))
      .sort();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#node?.stop(), this.peer.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe('explain_node', function () {
  this.timeout(300_000);
  let ros: ExplainUnderTest;

  beforeEach(async () => {
    ros = new ExplainUnderTest();
    await ros.listening();
  });
  afterEach(() => ros.stop());

  it('explains what is logged, publishes it, keeps it beside the frames, and says how far it is', async () => {
    await ros.startThenLog([0, 1], {});
    const { message } = await ros.report(
      ({ topic, message }) => topic === '/explain_node/fir/explanation' && message?.class_name === 'car',
    );
    assert.equal(message?.stamp, String(stampOf(1) + 3_000_000n), 'the newest comes first');
    assert.deepEqual([message?.spectrum, message?.method, message?.complete], ['fir', 'live-rise', true]);
    assert.equal(message?.map_values, (message?.map_width ?? 0) * (message?.map_height ?? 0));
    // Maps of live masks that are corrected have no standard error that covers what it should: none is published.
    assert.equal(message?.standard_error_values, 0);
    assert.ok(Number(message?.scores['energy_in_box']) >= 0);
    assert.match(message?.model_sha256 ?? '', /^[0-9a-f]{64}$/);
    await ros.report(({ topic }) => topic === '/explain_node/fir/overlay/compressed');
    const { level, values } = await ros.diagnosis((values) => values['frame sets explained'] === '2');
    assert.equal(level, 0);
    assert.equal(values['queue length (frame sets)'], '0');
    assert.deepEqual(
      ros.results(),
      [0, 1].flatMap((number) => {
        const { id } = logFile(number + 1, stampOf(number));
        // The newest set first, RGB first.
        return [`${id}.fir.${number === 1 ? 2 : 4}.mcap`, `${id}.rgb.${number === 1 ? 1 : 3}.mcap`];
      }),
    );
    await logFrames(ros.log, [2]);
    await ros.diagnosis((values) => values['frame sets explained'] === '3');
    assert.equal(
      ros.peer.reports.filter(({ topic }) => topic?.endsWith('/rgb/explanation')).length,
      6,
      'two boxes of three images',
    );
    ros.node.signal('SIGINT');
    assert.equal(await ros.node.ended(), 0, ros.node.log.join('\n'));
  });

  it('runs all of its threads at the lowest priority', async () => {
    await logFrames(ros.log, [0]);
    ros.start();
    await ros.diagnosis((values) => values['frame sets explained'] === '1');
    const supervisor = ros.node.pid;
    const children = readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim().split(' ');
    assert.equal(children.length, 1);
    const threads = readdirSync(`/proc/${children[0] ?? ''}/task`);
    assert.ok(threads.length > 5);
    for (const thread of threads) {
      const fields = readFileSync(`/proc/${children[0] ?? ''}/task/${thread}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      assert.equal(fields[16], '19', `nice of thread ${thread}`);
    }
    // Between sessions only the session's own value counts.
    const session = `/proc/${children[0] ?? ''}/autogroup`;
    if (existsSync(session)) assert.match(readFileSync(session, 'utf8'), / nice 19$/m);
  });

  it('follows a perception node that looks at a camera', async () => {
    const perception = new PerceptionUnderTest({
      bands: ['fir'],
      parameters: { 'frame_log.folder': ros.log, 'frame_log.period': '1.0', max_detections: 2 },
    });
    try {
      perception.camera('fir', { encoding: 'mono8', rate: 5 });
      ros.start();
      const { message } = await ros.report(({ topic }) => topic === '/explain_node/fir/explanation');
      assert.deepEqual([message?.complete, message?.image_width, message?.image_height], [true, 64, 48]);
      await ros.diagnosis((values) => Number(values['frame sets explained']) >= 2);
    } finally {
      await perception.stop();
    }
  });

  it('goes on after kill -9 where it was', async () => {
    await ros.startThenLog([0, 1, 2, 3], { 'queue.order': 'oldest-first' });
    await ros.report(({ topic }) => topic === '/explain_node/fir/explanation');
    await ros.node.stop();
    const before = ros.results().length;
    assert.ok(before >= 1 && before < 8, `${before} results`);
    ros.start({ 'queue.order': 'oldest-first' });
    await ros.diagnosis((values) => values['frame sets explained'] === '4');
    assert.equal(ros.results().length, 8);
  });

  it('serves the action: a logged frame by band and stamp, an image of the goal, one box', async () => {
    await logFrames(ros.log, [0]);
    ros.start({ 'budget.frames_per_minute': '0.001' });
    const all = await ros.result(ros.ask({ spectrum: 'fir', stamp: String(stampOf(0)), passes: 120 }));
    assert.deepEqual([all.status, all.message], ['succeeded', '']);
    assert.deepEqual(
      all.explanations.map(({ class_name, complete }) => [class_name, complete]),
      [
        ['Person', true],
        ['car', true],
      ],
    );
    const one = await ros.result(
      ros.ask({ spectrum: 'rgb', x_min: 42, y_min: 22, x_max: 88, y_max: 60, method: 'grad-cam', seed: 5 }),
    );
    assert.deepEqual(
      one.explanations.map(({ class_name, method, seed }) => [class_name, method, seed]),
      [['car', 'grad-cam', 5]],
    );
    const image = { width: 96, height: 64 };
    const own = await ros.result(
      ros.ask({ spectrum: 'nir', image, x_min: 5, y_min: 5, x_max: 90, y_max: 60, class_name: 'animal', passes: 40 }),
    );
    assert.equal(own.status, 'succeeded', own.message);
    assert.deepEqual(
      own.explanations.map(({ class_name, spectrum }) => [class_name, spectrum]),
      [['animal', 'nir']],
    );
  });

  it('tells how far a goal is, and ends it when it is cancelled, with what there is', async () => {
    await logFrames(ros.log, [0]);
    ros.start({ 'budget.frames_per_minute': '0.001' });
    const id = ros.ask({ spectrum: 'fir', passes: 1_000_000, preset: 'paper' }, { cancel_after: 2 });
    const { feedback } = await ros.report((report) => report.id === id && report.feedback !== undefined);
    assert.equal(feedback?.planned_passes, 1_000_000);
    assert.ok((feedback?.passes ?? 0) > 0 && (feedback?.seconds_left ?? 0) > 0);
    assert.deepEqual(
      feedback?.partial.map(({ class_name, complete }) => [class_name, complete]),
      [
        ['Person', false],
        ['car', false],
      ],
    );
    assert.ok((feedback?.partial[0]?.map_values ?? 0) > 0);
    const { status, explanations } = await ros.result(id);
    assert.equal(status, 'canceled');
    assert.equal(explanations.length, 2);
    assert.ok(explanations.every(({ complete, passes }) => !complete && passes > 0));
    const next = await ros.result(ros.ask({ spectrum: 'fir', method: 'grad-cam' }));
    assert.equal(next.status, 'succeeded', 'the node goes on');
  });

  it('refuses goals that cannot be met in words, and lives on', async () => {
    ros.start();
    for (const [goal, message] of [
      [{ spectrum: 'uv' }, /spectrum/],
      [{ spectrum: 'rgb', method: 'guessing' }, /method/],
      [{ spectrum: 'rgb', stamp: '5' }, /frame log .* does not exist/],
      [
        { spectrum: 'rgb', image: { width: 96, height: 64 }, x_min: 5, y_min: 5, x_max: 5, y_max: 9 },
        /a box cannot be/,
      ],
    ] as const) {
      const result = await ros.result(ros.ask(goal));
      assert.equal(result.status, 'aborted');
      assert.match(result.message, message);
    }
    assert.equal(ros.node.exitCode, null);
  });

  it('says that a model is missing, and keeps the queue', async () => {
    await logFrames(ros.log, [0]);
    writeFileSync(
      path.join(ros.folder, 'perception.yaml'),
      'cameras: { rgb: { model: no.json }, fir: { model: no.json } }\n',
    );
    ros.start();
    const { message } = await ros.diagnosis(
      (values) => values['frame sets explained'] === '0' && values['queue length (frame sets)'] === '0',
    );
    assert.ok(message.length > 0);
    const from = await ros.report(
      ({ topic, message }) => topic === '/diagnostics' && /no\.json/.test(message?.[STATUS]?.message ?? ''),
    );
    assert.equal(from.message?.[STATUS]?.level, 2);
    assert.equal(from.message?.[STATUS]?.values['frame sets that cannot be explained'], '0');
  });

  it('ends with code 4 where the results cannot be kept', async () => {
    await logFrames(ros.log, [0]);
    writeFileSync(path.join(ros.folder, 'a-file'), '');
    ros.start({ 'results.folder': path.join(ros.folder, 'a-file', 'results') });
    assert.equal(await ros.node.ended(), 4);
    assert.match(ros.node.log.join('\n'), /cannot write .*a-file/);
  });

  it('ends with code 2 for a parameter that cannot be', async () => {
    ros.start({ method: 'guessing' });
    assert.equal(await ros.node.ended(), 2);
    assert.match(ros.node.log.join('\n'), /parameter method cannot be "guessing"/);
  });
});
