/**
 * Run as a process of its own, because OpenCV serves one thread per process and mocha's has it already: perceives frames with
 * the real threads and the tiny network, and prints what happened as JSON. The scenario is named by the first argument.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type * as threads from 'node:worker_threads';
import { ExpectedError, reasonOf } from '../../../src/errors.js';
import type { CompressedImage } from '../../../src/images/sensorImage.js';
import { packageRoot } from '../../../src/packageRoot.js';
import type { FailedFrame, PerceivedFrame } from '../../../src/perception/perceivedSet.js';
import { PerceptionPipeline } from '../../../src/perception/perception.js';
import type { Spectrum } from '../../../src/spectrum.js';
import { rawFrame, setOf, tinyConfig } from '../fakeServices.js';

/** Every thread that this process starts, by its name. */
const started = new Map<string, threads.Worker>();
const builtin = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof threads.Worker };
builtin.Worker = class extends builtin.Worker {
  constructor(script: URL, options: threads.WorkerOptions) {
    super(script, options);
    started.set(options.name ?? '', this);
  }
};
syncBuiltinESMExports();

const scenarios: Readonly<Record<string, () => Promise<unknown>>> = {
  goodAndBad: async () => {
    const pipeline = await PerceptionPipeline.open(tinyConfig('execution: { workers: 2 }'));
    const sets = [0, 100, 200].map((atMs) =>
      setOf(
        pictureFrame('rgb', atMs),
        encodedFrame('nir', atMs, 'grey.jpg'),
        rawFrame('mir', atMs, { image: { kind: 'compressed', format: 'png', data: Uint8Array.of(1, 2, 3) } }),
        encodedFrame('fir', atMs, 'grey16.png'),
      ),
    );
    const results: unknown[] = [];
    for await (const { stampNs, frames } of pipeline.perceive(sets, { overlay: true, thumbnail: ['rgb'] })) {
      results.push({ stampNs: String(stampNs), frames: [...frames.values()].map(summary) });
    }
    await pipeline.close();
    return results;
  },

  latency: async () => {
    const config = tinyConfig('execution: { mode: latency }\ndetection: { scoreThreshold: 0.05 }', ['rgb']);
    const pipeline = await PerceptionPipeline.open(config);
    const runs: PerceivedFrame[] = [];
    const perceive = async (atMs: number): Promise<PerceivedFrame> => {
      const frame = (await pipeline.process(setOf(pictureFrame('rgb', atMs)))).frames.get('rgb');
      if (frame?.kind !== 'perceived') throw new Error('no frame');
      return frame;
    };
    const first = await perceive(0);
    const soon = await pipeline.render(first, { overlay: true });
    for (let at = 1; at <= 10; at++) runs.push(await perceive(at));
    const late = await outcomeOf(pipeline.render(first, { overlay: true }));
    await pipeline.close();
    return {
      runs: [first, ...runs].map(({ detections }) =>
        detections.map(({ box, score, attention }) => ({ box, score, attention })),
      ),
      soon: fileType(soon.overlay),
      late,
      second: await outcomeOf(PerceptionPipeline.open(config)),
    };
  },

  noModel: () => {
    const config = tinyConfig('', ['rgb']);
    const cameras = { rgb: { ...config.cameras.rgb, model: '/absent/model.json' } } as typeof config.cameras;
    return outcomeOf(PerceptionPipeline.open({ ...config, cameras }));
  },

  visionDies: () => whenDying('vision worker'),
  detectorDies: () => whenDying('detector worker 1'),
};

async function whenDying(name: string): Promise<unknown> {
  const reported: string[] = [];
  const config = tinyConfig('execution: { workers: 1 }', ['rgb']);
  const pipeline = await PerceptionPipeline.open(config, { onFatal: ({ message }) => reported.push(message) });
  await started.get(name)?.terminate();
  const outcome = await outcomeOf(pipeline.process(setOf(pictureFrame('rgb', 0))));
  const later = await outcomeOf(pipeline.process(setOf(pictureFrame('rgb', 1))));
  await pipeline.close();
  return { outcome, later, reported };
}

/** A colour picture with structure: a bright box on a gradient. */
function pictureFrame(spectrum: Spectrum, atMs: number) {
  const [width, height] = [160, 120];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / 3 / width);
    return x > 40 && x < 90 && y > 30 && y < 100 ? 230 : (x + y * (1 + (i % 3))) % 200;
  });
  const image = { kind: 'raw', width, height, encoding: 'rgb8', bigEndian: false, step: width * 3, data } as const;
  return rawFrame(spectrum, atMs, { image });
}

/** A file of the images room's fixtures. */
function encodedFrame(spectrum: Spectrum, atMs: number, name: string) {
  const text = readFileSync(path.join(packageRoot, 'test/images/fixtures/encoded.json'), 'utf8');
  const stored = (JSON.parse(text) as Record<string, { file: string } | undefined>)[name];
  if (stored === undefined) throw new Error(`no fixture ${name}`);
  const format = name.endsWith('.jpg') ? 'jpeg' : 'png';
  const image: CompressedImage = { kind: 'compressed', format, data: Buffer.from(stored.file, 'base64') };
  return rawFrame(spectrum, atMs, { image });
}

function summary(frame: PerceivedFrame | FailedFrame): unknown {
  const { spectrum, topic } = frame.header;
  if (frame.kind === 'failed') {
    const { stage, error } = frame;
    return { spectrum, topic, failed: stage, expected: error instanceof ExpectedError, message: error.message };
  }
  const { detections, timings, pictures, picturesError, width, height } = frame;
  return {
    spectrum,
    size: [width, height],
    detections: detections.length,
    maps: detections.every(({ map }) => map !== undefined && map.values.length === map.width * map.height),
    attention: detections.every(({ attention }) => attention !== undefined && attention.energyInBox >= 0),
    inside: detections.every(({ box }) => box.x1 >= 0 && box.y1 >= 0 && box.x2 <= width && box.y2 <= height),
    timings,
    overlay: fileType(pictures?.overlay),
    thumbnail: fileType(pictures?.thumbnail),
    picturesError: picturesError?.message,
  };
}

function fileType(file: Uint8Array | undefined): string {
  if (file === undefined) return 'none';
  return Buffer.from(file.subarray(0, 3)).toString('hex') === 'ffd8ff' ? 'jpeg' : 'other';
}

async function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return { fulfilled: true };
  } catch (error) {
    if (error instanceof ExpectedError) return { kind: error.kind, message: error.message };
    return { message: reasonOf(error) };
  }
}

const scenario = scenarios[process.argv[2] ?? ''];
if (scenario === undefined) throw new Error(`scenarios: ${Object.keys(scenarios).join(', ')}`);
process.stdout.write(JSON.stringify(await scenario()));
