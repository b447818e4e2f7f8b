import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { finishedName } from '../../../src/files/atomicWrite.js';
import { logFile } from '../../../src/frameLog/fileNames.js';
import { presetSettings } from '../../../src/explain/settings.js';
import { BandModels, type OpenExplainer } from '../../../src/explain/frame/bandModels.js';
import { ExpectedError } from '../../../src/errors.js';
import { CpuBudget } from '../../../src/explain/queue/cpuBudget.js';
import { ExplainLoop, type LoopHooks, type LoopOptions } from '../../../src/explain/queue/explainLoop.js';
import { parseConfig } from '../../../src/perception/config.js';
import { runPython } from '../../bag/python.js';
import { HEIGHT, logFrames, LOG_PERIOD_NS, LOG_START_NS, TINY_LOG_CONFIG, WIDTH } from '../../frameLog/frameLogs.js';
import { openTestExplainer } from '../frame/gradCamExplainer.js';

const FOREVER = fileURLToPath(new URL('./processes/explainForever.js', import.meta.url));
const stampOf = (number: number): bigint => LOG_START_NS + BigInt(number) * LOG_PERIOD_NS;
/** Of sets that were logged from 0 on. */
const idOf = (number: number): string => logFile(number + 1, stampOf(number)).id;

interface ReadResult {
  readonly topics: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly explanations: readonly {
    readonly class_name: string;
    readonly score: number;
    readonly map: { readonly size: number; readonly expected: number; readonly sum: number };
    readonly standard_error: { readonly size: number };
    readonly method: string;
    readonly settings: Readonly<Record<string, unknown>>;
    readonly seed: number;
    readonly complete: boolean;
    readonly passes: number;
    readonly planned_passes: number;
    readonly lost: number;
    readonly scores: Readonly<Record<string, number>>;
    readonly model_sha256: string;
    readonly versions: Readonly<Record<string, string>>;
    readonly stamp: string;
    readonly frame_id: string;
  }[];
  readonly overlays: number;
}

describe('ExplainLoop', function () {
  this.timeout(180_000);
  let folder: string;
  let results: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'msal-explain-'));
    results = path.join(folder, 'explained');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const resultFiles = (): string[] =>
    readdirSync(results)
      .filter((name) => name.endsWith('.mcap'))
      .sort();

  const frameFiles = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.mcap'));

  async function explainAll(
    options: Partial<LoopOptions> = {},
    open: OpenExplainer = (manifest) => openTestExplainer(manifest, {}, { count: 3, milliseconds: 1 }),
    onTrouble: (message: string) => void = () => undefined,
    sets?: number,
  ): Promise<{ loop: ExplainLoop; explained: string[]; troubles: string[] }> {
    const explained: string[] = [];
    const troubles: string[] = [];
    const controller = new AbortController();
    const hooks: LoopHooks = {
      parameters: () => ({
        settings: presetSettings('grad-cam'),
        seed: 7,
        maxBoxes: 10,
        cores: 1000,
        framesPerMinute: 1e9,
        style: { overlayOpacity: 0.6, colorMap: 'inferno', jpegQuality: 80 },
      }),
      mayGoOn: () => Promise.resolve(),
      onExplained: ({ set, image }) => explained.push(`${set} ${image.spectrum}`),
      onTrouble: (message) => {
        troubles.push(message);
        onTrouble(message);
      },
    };
    const models = new BandModels(parseConfig(TINY_LOG_CONFIG, 'test'), open, {});
    const loop = new ExplainLoop(
      {
        frameLogFolder: folder,
        resultsFolder: results,
        resultBytes: 1e9,
        order: 'oldest-first',
        maxWaiting: 100,
        pollSeconds: 0.01,
        retrySeconds: 0.1,
        ...options,
      },
      hooks,
      models,
      new CpuBudget(),
    );
    const done = setInterval(() => {
      const { totals, inWork } = loop.state;
      const finished = totals.explained + totals.failed;
      if (finished === (sets ?? frameFiles().length) && inWork === undefined) controller.abort();
    }, 50);
    await loop.run(controller.signal).finally(() => clearInterval(done));
    await models.close();
    return { loop, explained, troubles };
  }

  it('explains what a file that was cut still holds, and says which band is missing', async () => {
    await logFrames(folder, [0]);
    const [name = ''] = frameFiles();
    truncateSync(path.join(folder, name), statSync(path.join(folder, name)).size - HEIGHT * WIDTH * 3);
    const { loop, explained, troubles } = await explainAll();
    assert.deepEqual(explained, [`${idOf(0)} rgb`]);
    assert.equal(loop.state.totals.failed, 1);
    assert.match(troubles.join(), /fir: its image or its detections are missing from the file: ./);
  });

  it('writes MCAP files that independent readers understand, with everything that made the maps', async () => {
    await logFrames(folder, [0]);
    const { explained, troubles } = await explainAll();
    assert.deepEqual(troubles, []);
    assert.deepEqual(explained, [`${idOf(0)} rgb`, `${idOf(0)} fir`]);
    assert.deepEqual(resultFiles(), [`${idOf(0)}.fir.2.mcap`, `${idOf(0)}.rgb.1.mcap`]);
    const readers = (await runPython(
      '../explain/frame/read_explanations.py',
      path.join(results, `${idOf(0)}.fir.2.mcap`),
    )) as Record<string, ReadResult>;
    assert.deepEqual(readers['rosbags'], readers['mcap_ros2']);
    const read = readers['mcap_ros2'];
    assert.deepEqual(read?.topics, {
      '/explanations/fir': 'multispectral_saliency/msg/Explanation',
      '/explanations/fir/overlay/compressed': 'sensor_msgs/msg/CompressedImage',
    });
    assert.equal(read?.overlays, 1);
    assert.deepEqual(
      read?.explanations.map(({ class_name, score }) => [class_name, score]),
      [
        ['Person', 0.75],
        ['car', 0.5],
      ],
    );
    for (const one of read?.explanations ?? []) {
      assert.equal(one.map.size, one.map.expected);
      assert.ok(one.map.size > 0);
      assert.equal(one.standard_error.size, one.map.size);
      assert.equal(one.method, 'grad-cam');
      assert.deepEqual(one.settings, presetSettings('grad-cam'));
      assert.equal(one.seed, 7);
      assert.deepEqual([one.complete, one.passes, one.planned_passes, one.lost], [true, 3, 3, 1]);
      assert.deepEqual(Object.keys(one.scores), [
        'energy_in_box',
        'energy_gain',
        'peak_in_box',
        'flat_in_box',
        'convergence',
      ]);
      assert.match(one.model_sha256, /^[0-9a-f]{64}$/);
      assert.ok(one.versions['onnxruntime-node']);
      assert.equal(one.stamp, String(stampOf(0) + 3_000_000n), 'the image has its own stamp');
      assert.equal(one.frame_id, 'fir_optical_frame');
    }
  });

  it('goes past frames that cannot be explained, says why, and does not try them again', async () => {
    await logFrames(folder, [0, 1, 2], { broken: [0], foreign: [1] });
    const first = await explainAll();
    assert.deepEqual(first.explained, [`${idOf(0)} fir`, `${idOf(2)} rgb`, `${idOf(2)} fir`]);
    assert.deepEqual(first.loop.state.totals, { explained: 1, failed: 2, skipped: 0, gone: 0 });
    assert.match(first.troubles[0] ?? '', /rgb: .*step/);
    assert.match(first.troubles[1] ?? '', /made by the model abab/);
    const second = await explainAll();
    assert.deepEqual([second.explained, second.troubles], [[], []]);
  });

  it('keeps what it has not done where a model is missing, and does it once the model is there', async () => {
    await logFrames(folder, [0]);
    let missing = true;
    const { explained, troubles } = await explainAll({}, (manifest) => {
      if (!missing) return openTestExplainer(manifest, {}, { count: 1, milliseconds: 0 });
      missing = false;
      return Promise.reject(Object.assign(new Error('no such file'), { code: 'ENOENT', syscall: 'open' }));
    });
    assert.equal(troubles.length, 1);
    assert.equal(explained.length, 2);
  });

  it('keeps its results within their size, the newest ones', async () => {
    await logFrames(folder, [0, 1, 2, 3], { bands: ['fir'] });
    await explainAll();
    const sizes = resultFiles().map((name) => statSync(path.join(results, name)).size);
    await logFrames(folder, [4], { bands: ['fir'] });
    await explainAll({ resultBytes: 2.5 * Math.max(...sizes) });
    assert.deepEqual(
      resultFiles(),
      [3, 4].map((number) => `${idOf(number)}.fir.${number + 1}.mcap`),
    );
  });

  it('keeps a result that the disk does not take, and tries to write it again, not to make it', async () => {
    await logFrames(folder, [0]);
    let explained = 0;
    let isTold = false;
    const { troubles } = await explainAll(
      {},
      async (manifest) => {
        const explainer = await openTestExplainer(manifest, {}, { count: 1, milliseconds: 0 });
        async function* explain(...of: Parameters<typeof explainer.explain>): ReturnType<typeof explainer.explain> {
          if (explained++ === 0) {
            renameSync(results, `${results}.away`);
            writeFileSync(results, 'a file where the folder was');
          }
          yield* explainer.explain(...of);
        }
        return { ...explainer, explain, close: () => explainer.close() };
      },
      () => {
        if (isTold) return;
        isTold = true;
        rmSync(results);
        renameSync(`${results}.away`, results);
      },
    );
    assert.equal(troubles.length, 1);
    assert.match(troubles[0] ?? '', /cannot write .*explained/);
    assert.equal(explained, 2, 'one for each band');
    assert.deepEqual(resultFiles(), [`${idOf(0)}.fir.2.mcap`, `${idOf(0)}.rgb.1.mcap`]);
  });

  it('ends where results and journal cannot be kept from the first, which no waiting mends', async () => {
    await logFrames(folder, [0], { bands: ['fir'] });
    const file = path.join(folder, 'a-file');
    writeFileSync(file, '');
    await assert.rejects(explainAll({ resultsFolder: path.join(file, 'results') }), (error) => {
      assert.ok(error instanceof ExpectedError);
      assert.equal(error.kind, 'output');
      assert.match(error.message, /cannot write .*a-file/);
      return true;
    });
  });

  it('waits for a frame log that is not there, makes nothing in its place, and goes on when it is', async () => {
    const late = path.join(folder, 'late');
    const staged = path.join(folder, 'staged');
    await logFrames(staged, [0], { bands: ['fir'] });
    const { troubles } = await explainAll(
      { frameLogFolder: late, resultsFolder: path.join(late, 'explained') },
      undefined,
      (message) => {
        if (message.includes('does not exist')) {
          assert.equal(existsSync(late), false);
          mkdirSync(late);
        } else {
          assert.deepEqual(readdirSync(late), []);
          for (const name of readdirSync(staged)) renameSync(path.join(staged, name), path.join(late, name));
        }
      },
      1,
    );
    assert.equal(troubles.length, 2);
    assert.match(troubles[1] ?? '', /holds no frame log/);
    assert.deepEqual(
      readdirSync(path.join(late, 'explained')).filter((name) => name.endsWith('.mcap')),
      [`${idOf(0)}.fir.1.mcap`],
    );
  });

  it('explains files that were copied together from elsewhere, without the marker of their log', async () => {
    const staged = path.join(folder, 'staged');
    await logFrames(staged, [0], { bands: ['fir'] });
    const log = path.join(folder, 'copied');
    mkdirSync(log);
    for (const name of readdirSync(staged).filter((file) => file.endsWith('.mcap')))
      renameSync(path.join(staged, name), path.join(log, name));
    const { explained, troubles } = await explainAll(
      { frameLogFolder: log, resultsFolder: path.join(log, 'explained') },
      undefined,
      undefined,
      1,
    );
    assert.deepEqual(troubles, []);
    assert.deepEqual(explained, [`${idOf(0)} fir`]);
  });

  it('gives up a frame that ends the process three times, and goes on with the others', async () => {
    await logFrames(folder, [0, 1, 2]);
    const ends: (string | null)[] = [];
    const said: string[] = [];
    do {
      const child = spawn(process.execPath, [FOREVER, folder, idOf(1)], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(child, 'close');
      said.length = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        said.push(line);
        if (line.startsWith('totals') && line.includes('"explained":2')) child.kill('SIGTERM');
      }
      await ended;
      ends.push(child.signalCode);
    } while (ends.at(-1) === 'SIGKILL' && ends.length < 10);
    assert.deepEqual(ends, ['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGTERM']);
    assert.match(said.find((line) => line.startsWith('trouble')) ?? '', /ended 3 times while it was explaining it/);
    assert.match(said.at(-1) ?? '', /"explained":2,"failed":1/);
    assert.deepEqual(new Set(resultFiles().map((name) => name.split('.')[0])), new Set([idOf(0), idOf(2)]));
  });

  it('survives kill -9 at any moment: every logged image is explained exactly once', async () => {
    const numbers = Array.from({ length: 12 }, (_, index) => index);
    await logFrames(folder, numbers.slice(0, 8));
    /** Inodes: a result that were made a second time would be another file. */
    const made = new Map<string, number>();
    const look = (): void => {
      for (const name of resultFiles()) {
        const { ino } = statSync(path.join(results, name));
        assert.equal(made.get(name) ?? ino, ino, `${name} was made twice`);
        made.set(name, ino);
      }
    };
    for (const [round, lines] of [1, 3, 2, 5].entries()) {
      await runUntil((line, seen) => line.startsWith('explained') && seen >= lines, round * 3);
      look();
      if (round === 1) await logFrames(folder, numbers.slice(8));
    }
    const [last = ''] = await runUntil(
      (line) => line.startsWith('totals') && line.includes(`"explained":${numbers.length}`),
      0,
    );
    look();
    assert.deepEqual(JSON.parse(last.slice('totals '.length)), {
      explained: numbers.length,
      failed: 0,
      skipped: 0,
      gone: 0,
    });
    assert.equal(made.size, 2 * numbers.length);
    assert.deepEqual(
      readdirSync(results).filter((name) => finishedName(name) !== undefined),
      [],
    );
  });

  /** Runs the process until a line satisfies `enough`, then kills it, `laterMs` later. @returns the last line */
  async function runUntil(enough: (line: string, seen: number) => boolean, laterMs: number): Promise<string[]> {
    const child = spawn(process.execPath, [FOREVER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    let seen = 0;
    let last = '';
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('explained')) seen++;
      last = line;
      if (!enough(line, seen)) continue;
      await new Promise((resolve) => setTimeout(resolve, laterMs));
      child.kill('SIGKILL');
      break;
    }
    await ended;
    assert.equal(child.signalCode, 'SIGKILL', `the process ended by itself: ${last}`);
    return [last];
  }
});
