import assert from 'node:assert/strict';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import type * as threads from 'node:worker_threads';
import { DetectorPool } from '../../src/perception/detectorPool.js';
import type { DetectionJob } from '../../src/perception/protocol.js';
import { preloadOf, WIDTH } from '../faults/fault.js';
import { tinyManifestPath } from './fakeServices.js';

const builtin = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof threads.Worker };
const RealWorker = builtin.Worker;
const ordinary = { width: 64, height: 48 };

describe('DetectorPool with a detector that has defects', function () {
  this.timeout(60_000);
  let pool: DetectorPool;
  let strays: Error[];

  before(() => {
    builtin.Worker = class extends RealWorker {
      constructor(script: URL, options: threads.WorkerOptions) {
        super(script, { ...options, execArgv: ['--import', preloadOf('detectorErrors').href] });
      }
    };
    syncBuiltinESMExports();
  });
  after(() => {
    builtin.Worker = RealWorker;
    syncBuiltinESMExports();
  });

  const open = async (workers: number): Promise<void> => {
    strays = [];
    pool = await DetectorPool.open({
      models: { rgb: tinyManifestPath },
      workers,
      threads: 1,
      maxWaiting: 20,
      onStray: (error) => strays.push(error),
    });
  };
  const job = (width: number = ordinary.width): DetectionJob => {
    const { input } = pool.models.rgb?.manifest ?? assert.fail('no model');
    const pixels = new Uint8Array(input.width * input.height * 3);
    return { model: 'rgb', pixels, source: { ...ordinary, width }, thresholds: { scoreThreshold: 0.01 } };
  };

  it('rejects the job that fails, and goes on with the next', async () => {
    await open(1);
    const [failed, next] = await Promise.allSettled([pool.detect(job(WIDTH.throws)), pool.detect(job())]);
    assert.match(String(failed.status === 'rejected' && failed.reason), /detector worker 1: a defect of the detector/);
    assert.equal(next.status, 'fulfilled');
    await pool.close();
  });

  it('outlives an error that belongs to no job, and hands it on', async () => {
    await open(1);
    await pool.detect(job(WIDTH.throwsLater));
    while (strays.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.match(strays[0]?.message ?? '', /detector worker 1: a late defect of the detector/);
    const { detections } = await pool.detect(job());
    assert.ok(detections.length >= 0);
    await pool.close();
  });

  it('leaves the work to the others when a thread really ends, and ends with the last one', async () => {
    await open(2);
    const jobs = [job(WIDTH.exits), ...Array.from({ length: 6 }, () => job())].map((one) => pool.detect(one));
    const outcomes = await Promise.allSettled(jobs);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', ...Array.from({ length: 6 }, () => 'fulfilled')],
    );
    const died = { name: 'ExpectedError', kind: 'environment', message: /detector worker \d ended .* with code 9/ };
    await assert.rejects(jobs[0] ?? assert.fail(), died);
    const [last, waiting] = [pool.detect(job(WIDTH.exits)), pool.detect(job())];
    await assert.rejects(last, died);
    await assert.rejects(waiting, died, 'what waits for nobody is not left to wait');
    await assert.rejects(pool.detect(job()), died);
    await pool.close();
  });
});
