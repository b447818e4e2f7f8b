import assert from 'node:assert/strict';
import { ExpectedError } from '../../src/errors.js';
import { DetectorPool } from '../../src/inference/detectorPool.js';
import { ExplainingDetector } from '../../src/inference/explainingDetector.js';
import { fixture, reference, referencePicture } from '../detector/reference.js';

const model = fixture('efficientdet-tiny.json');
const expected = reference('efficientdet-tiny');
const input = { width: 128, height: 128 };
const thresholds = { scoreThreshold: 0.1, maxDetections: 6 };
const job = () => ({ model: 'rgb', pixels: referencePicture(expected, input), source: expected.picture, thresholds });

describe('DetectorPool', () => {
  let pool: DetectorPool;
  before(async () => {
    pool = await DetectorPool.open({ models: { rgb: model, fir: model }, workers: 2, threads: 1 });
  });
  after(() => pool.close());

  it('gives what a detector in this thread gives, from every worker', async () => {
    const local = await ExplainingDetector.load(model, { threads: 1 });
    const { detections } = await local.detect(job());
    assert.equal(detections.length, 6);
    const results = await Promise.all([job(), job(), { ...job(), model: 'fir' }].map((each) => pool.detect(each)));
    for (const result of results) assert.deepEqual(result.detections, detections);
    await local.close();
  });

  it('moves the pixels there and back', async () => {
    const mine = job();
    const before = mine.pixels.slice();
    const promise = pool.detect(mine);
    assert.equal(mine.pixels.length, 0, 'the buffer was not moved');
    assert.deepEqual((await promise).pixels, before);
  });

  it('copies a view of a larger buffer, and leaves the rest alone', async () => {
    const large = new Uint8Array(3 * input.width * input.height + 8).fill(9);
    await pool.detect({ ...job(), pixels: large.subarray(8) });
    assert.equal(large[0], 9);
  });

  it('sends maps, attention figures and features only as asked', async () => {
    const plain = await pool.detect({ ...job(), gradCam: false });
    assert.ok(plain.detections.every(({ map, attention }) => !map && !attention) && !plain.featureMaps);
    const full = await pool.detect({ ...job(), gradCam: 'none', wantFeatures: true });
    assert.deepEqual(
      full.featureMaps?.map(({ level }) => level),
      [3, 4, 5, 6, 7],
    );
    assert.ok(full.detections.every(({ map, attention }) => map && attention));
    assert.ok(full.detections.some(({ map }) => map?.values.some((value) => value < 0)));
  });

  it('rejects a job that fails, names the worker, and goes on', async () => {
    await assert.rejects(
      pool.detect({ ...job(), pixels: new Uint8Array(3) }),
      /^Error: detector worker \d: 3 values are no 128×128/,
    );
    await assert.rejects(pool.detect({ ...job(), model: 'nir' }), (error) => {
      assert.ok(error instanceof ExpectedError);
      assert.match(error.remedy, /rgb, fir/);
      return true;
    });
    assert.equal((await pool.detect(job())).detections.length, 6);
  });

  it('refuses more than may wait, and says when there is room', async () => {
    const running = Array.from({ length: 2 + 4 }, () => pool.detect(job()));
    assert.equal(pool.hasRoom, false);
    await assert.rejects(pool.detect(job()), /the detector pool is full: 4 jobs wait/);
    await pool.whenRoom();
    assert.equal(pool.hasRoom, true);
    await Promise.all(running);
  });

  it('does not block this thread while it infers', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    for (let i = 0; i < 5; i++) await pool.detect(job());
    clearInterval(timer);
    assert.ok(turns > 0);
  });
});

describe('DetectorPool, at its ends', () => {
  it('does not open with a model that cannot be loaded', async () => {
    await assert.rejects(
      DetectorPool.open({ models: { rgb: fixture('absent.json') }, workers: 2 }),
      (error) => error instanceof ExpectedError && error.kind === 'model' && error.message.includes('absent.json'),
    );
  });

  it('lets what runs finish and refuses the rest when closed', async () => {
    const pool = await DetectorPool.open({ models: { rgb: model }, workers: 1, threads: 1 });
    const [running, waiting] = [pool.detect(job()), pool.detect(job())];
    const refused = assert.rejects(waiting, /the detector pool was closed/);
    await pool.close();
    assert.equal((await running).detections.length, 6);
    await refused;
    await assert.rejects(pool.detect(job()), /the detector pool was closed/);
  });
});
