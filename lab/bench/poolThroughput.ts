import { availableParallelism } from 'node:os';
import { testPicture } from '../../src/detector/inputTensors.js';
import { DetectorPool } from '../../src/perception/detectorPool.js';
import { startBareWorker } from './bareWorkers.js';
import { comparedRow, type Bench } from './benchRow.js';
import { median } from './interleave.js';

const FRAMES = 12;
const SOURCE = { width: 640, height: 480 };

/**
 * Frames per second of the pool (inference, boxes, Grad-CAM of ten boxes, transfers) against bare sessions side by side:
 * as many threads, each with a session of its own that does nothing but run.
 */
export const poolThroughput: Bench = async ({ model, rounds }) => {
  const workers = availableParallelism();
  const bare = await Promise.all(Array.from({ length: workers }, () => startBareWorker(model, 1)));
  const pool = await DetectorPool.open({ models: { rgb: model }, workers, threads: 1 });
  const { input } = pool.models.rgb.manifest;
  const pictures = Array.from({ length: 2 * workers }, () => testPicture(input));
  const rates: { pool: number[]; bare: number[] } = { pool: [], bare: [] };
  for (let round = -1; round < Math.max(3, Math.ceil(rounds / 5)); round++) {
    const bareMs = await timed(() => Promise.all(bare.map((worker) => worker.run(FRAMES))));
    const poolMs = await timed(() => runPool(pool, FRAMES * workers, pictures));
    if (round < 0) continue;
    rates.bare.push((1000 * FRAMES * workers) / bareMs);
    rates.pool.push((1000 * FRAMES * workers) / poolMs);
  }
  await pool.close();
  await Promise.all(bare.map((worker) => worker.close()));
  const ratio = median(rates.pool.map((rate, i) => rate / rates.bare[i]));
  return [
    comparedRow(
      `detector pool (${workers} workers) / bare sessions side by side`,
      'frames/s',
      { value: median(rates.pool), reference: median(rates.bare), ratio },
      { limit: 0.9, side: 'at least' },
    ),
  ];
};

async function runPool(pool: DetectorPool, frames: number, pictures: Uint8Array[]): Promise<void> {
  const thresholds = { scoreThreshold: 0, maxDetections: 10 };
  const free = [...pictures];
  const running: Promise<void>[] = [];
  for (let frame = 0; frame < frames; frame++) {
    await pool.whenRoom();
    const pixels = free.pop() ?? testPicture(pool.models.rgb.manifest.input);
    const job = pool.detect({ model: 'rgb', pixels, source: SOURCE, thresholds });
    running.push(job.then((result) => void free.push(result.pixels)));
  }
  await Promise.all(running);
  pictures.splice(0, pictures.length, ...free.slice(0, pictures.length));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
