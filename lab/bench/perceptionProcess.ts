import { availableParallelism } from 'node:os';
import { testPicture } from '../../src/detector/inputTensors.js';
import type { RawImage } from '../../src/images/sensorImage.js';
import { parseConfig } from '../../src/perception/config.js';
import type { PerceptionConfig } from '../../src/perception/configSchema.js';
import type { FrameSet } from '../../src/perception/frameSet.js';
import type { PerceivedFrame, PerceivedSet } from '../../src/perception/perceivedSet.js';
import { PerceptionPipeline, type ProcessOptions } from '../../src/perception/perception.js';
import { SPECTRA, type Spectrum } from '../../src/spectrum.js';
import { startBareWorker } from './bareWorkers.js';
import { comparedRow, plainRow, type BenchRow } from './benchRow.js';
import { compare, interleave, median } from './interleave.js';

/** Cameras of a generated drive. */
const CAMERAS: Readonly<Record<Spectrum, RawImage>> = {
  rgb: image(640, 480, 'bgr8', 3),
  nir: image(320, 256, 'mono8', 1),
  mir: image(320, 256, 'mono16', 2),
  fir: image(640, 480, 'mono16', 2),
};
const CORES = availableParallelism();

/** Frame sets a second of recordings, against as many bare single-threaded sessions side by side as there are cores. */
async function throughput(model: string, rounds: number): Promise<BenchRow[]> {
  const setsPerRound = 2 * CORES;
  const frames = setsPerRound * SPECTRA.length;
  const pipeline = await PerceptionPipeline.open(configuration(model, 'throughput'));
  const bare = await Promise.all(Array.from({ length: CORES }, () => startBareWorker(model, 1)));
  const sets = Array.from({ length: setsPerRound }, (_, i) => frameSet(SPECTRA, i));
  const perceive = async (options: ProcessOptions): Promise<void> => {
    for await (const set of pipeline.perceive(sets, options)) perceivedFrames(set);
  };
  const cpuMs = { bare: [] as number[], plain: [] as number[], pictures: [] as number[] };
  const metered = (name: keyof typeof cpuMs, work: () => Promise<unknown>) => async (): Promise<void> => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    cpuMs[name].push((user + system) / 1000 / frames);
  };
  const timings = await interleave(
    {
      bare: metered('bare', () => Promise.all(bare.map((worker) => worker.run(frames / CORES)))),
      plain: metered('plain', () => perceive({})),
      pictures: metered('pictures', () => perceive({ overlay: true, thumbnail: true })),
    },
    Math.max(5, Math.ceil(rounds / 4)),
  );
  await Promise.all(bare.map((worker) => worker.close()));
  await pipeline.close();
  const rates = (milliseconds: readonly number[]): number[] => milliseconds.map((value) => (1000 * frames) / value);
  const goal = { limit: 0.9, side: 'at least' } as const;
  return [
    comparedRow(
      `four spectra, ${CORES} detector threads / bare sessions side by side`,
      'frames/s',
      compare(rates(timings.plain), rates(timings.bare)),
      goal,
    ),
    comparedRow(
      'the same with an overlay and a thumbnail of every frame',
      'frames/s',
      compare(rates(timings.pictures), rates(timings.bare)),
    ),
    // All threads together: says what the pipeline costs also where others use the machine.
    comparedRow('CPU time of a frame / of a bare run', 'ms', compare(cpuMs.plain, cpuMs.bare)),
    comparedRow('CPU time of a frame with pictures / of a bare run', 'ms', compare(cpuMs.pictures, cpuMs.bare)),
  ];
}

/** One frame at a time through all threads, against a bare session over all cores. */
async function latency(model: string, rounds: number): Promise<BenchRow[]> {
  const pipeline = await PerceptionPipeline.open(configuration(model, 'latency'));
  const bare = await startBareWorker(model, CORES);
  const queueMs: number[] = [];
  const perceive = async (spectrum: Spectrum): Promise<void> => {
    const [frame] = perceivedFrames(await pipeline.process(frameSet([spectrum], 0)));
    queueMs.push(frame.timings.queueMs);
  };
  for (let i = 0; i < 10; i++) await perceive('rgb');
  const timings = await interleave(
    { bare: () => bare.run(1), rgb: () => perceive('rgb'), fir: () => perceive('fir') },
    rounds,
  );
  await bare.close();
  await pipeline.close();
  const on = `${CORES} thread${CORES === 1 ? '' : 's'}`;
  const goal = { limit: 1.15, side: 'at most' } as const;
  return [
    comparedRow(
      `live frame through the workers, bgr8 (${on}) / bare run`,
      'ms',
      compare(timings.rgb, timings.bare),
      goal,
    ),
    comparedRow(`live frame through the workers, mono16 (${on}) / bare run`, 'ms', compare(timings.fir, timings.bare)),
    plainRow('waiting and handing over between threads', 'ms', median(queueMs)),
  ];
}

function configuration(manifest: string, mode: string): PerceptionConfig {
  const cameras = Object.fromEntries(SPECTRA.map((spectrum) => [spectrum, { model: manifest }]));
  // Ten boxes, whatever the model makes of the picture.
  const detection = { scoreThreshold: 0, iouThreshold: 1, maxDetections: 10 };
  return parseConfig(JSON.stringify({ cameras, detection, execution: { mode } }), 'bench');
}

function frameSet(bands: readonly Spectrum[], index: number): FrameSet {
  const stampNs = BigInt(index) * 100_000_000n;
  const frame = (spectrum: Spectrum) =>
    [spectrum, { spectrum, topic: '', frameId: '', stampNs, receivedNs: stampNs, image: CAMERAS[spectrum] }] as const;
  return { stampNs, skewNs: 0n, frames: new Map(bands.map(frame)), missing: [] };
}

function image(width: number, height: number, encoding: string, bytes: number): RawImage {
  const data = testPicture({ width, height }).subarray(0, width * height * bytes);
  return { kind: 'raw', width, height, encoding, bigEndian: false, step: width * bytes, data };
}

function perceivedFrames({ frames }: PerceivedSet): PerceivedFrame[] {
  return [...frames.values()].map((frame) => {
    if (frame.kind === 'failed') throw frame.error;
    if (frame.detections.length !== 10) throw new Error(`${frame.detections.length} boxes where ten were asked for`);
    return frame;
  });
}

const [mode, model, rounds] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await (mode === 'latency' ? latency : throughput)(model, Number(rounds))));
