import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openBag } from '../../src/bag/openBag.js';
import type { Frame } from '../../src/images/frame.js';
import type { PerceivedFrame } from '../../src/perception/perceivedSet.js';
import { FrameLog, type LogEntry } from '../../src/frameLog/frameLog.js';
import { FrameLogTriggers } from '../../src/frameLog/frameLogTriggers.js';

const START_NS = 1_800_000_000_000_000_000n;
const SECOND = 1_000_000_000n;

function entry(index: number): LogEntry {
  const stampNs = START_NS + BigInt(index) * SECOND;
  const data = Uint8Array.from({ length: 8 * 6 * 2 }, (_, i) => (i + index) % 256);
  const frame: Frame = {
    spectrum: 'fir',
    topic: '/camera/fir/image_raw',
    frameId: 'fir',
    stampNs,
    receivedNs: 0n,
    image: { kind: 'raw', width: 8, height: 6, encoding: 'mono16', bigEndian: true, step: 16, data },
  };
  const timings = { decodeMs: 0, resizeMs: 0, inferenceMs: 0, postprocessMs: 0, gradCamMs: 0, queueMs: 0, totalMs: 0 };
  const perceived: PerceivedFrame = {
    kind: 'perceived',
    header: frame,
    width: 8,
    height: 6,
    detections: [
      {
        box: { x1: 1, y1: 2, x2: 5, y2: 6 },
        classIndex: 0,
        className: 'Person',
        score: 0.5,
        source: { level: 3, row: 0, column: 0, anchor: 0 },
        map: { width: 2, height: 1, values: Float32Array.of(0.25, 1) },
        attention: { energyInBox: 0.5, energyGain: 2, peakInBox: true },
      },
    ],
    model: { name: 'm', sha256: 'ab'.repeat(32), provider: 'cpu', classes: ['Person'] },
    timings,
    pictureKey: index,
  };
  return { stampNs, reason: 'on request', frames: [{ frame, perceived }], variant: 'study' };
}

describe('FrameLog', () => {
  let folder: string;
  const unexpected = (error: unknown): void => assert.fail(String(error));
  const files = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.mcap'));

  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'msal-log-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('writes MCAP files that hold image, detections and maps as they were', async () => {
    const log = await FrameLog.open({ folder, maxBytes: 1e9 }, unexpected);
    assert.equal(log.offer(entry(0)), true);
    await log.settled();
    assert.deepEqual(files(), [`${START_NS}.mcap`]);
    const bag = await openBag(path.join(folder, `${START_NS}.mcap`));
    try {
      const types = new Map(bag.topics.map(({ name, type }) => [name, type]));
      assert.equal(types.get('/camera/fir/image_raw'), 'sensor_msgs/msg/Image');
      assert.equal(types.get('/frame_log/fir/detections'), 'vision_msgs/msg/Detection2DArray');
      assert.equal(types.get('/frame_log/fir/explained'), 'multispectral_saliency/msg/ExplainedDetections');
      const sizes: number[] = [];
      for await (const message of bag.messages()) {
        assert.equal(message.logTimeNs, START_NS);
        sizes.push(message.data.byteLength);
      }
      assert.equal(sizes.length, 3);
      assert.ok(Math.max(...sizes) >= 96);
    } finally {
      await bag.close();
    }
  });

  it('is a ring: the oldest go, the newest stays however small the cap', async () => {
    const log = await FrameLog.open({ folder, maxBytes: 1e9 }, unexpected);
    log.offer(entry(0));
    await log.settled();
    const [first] = files();
    const size = statSync(path.join(folder, first ?? '')).size;
    const small = await FrameLog.open({ folder, maxBytes: 2.5 * size }, unexpected);
    for (const index of [1, 2, 3]) {
      small.offer(entry(index));
      await small.settled();
    }
    assert.deepEqual(
      files().sort(),
      [2n, 3n].map((index) => `${START_NS + index * SECOND}.mcap`),
    );
    const tiny = await FrameLog.open({ folder, maxBytes: 1 }, unexpected);
    tiny.offer(entry(4));
    await tiny.settled();
    assert.deepEqual(files(), [`${START_NS + 4n * SECOND}.mcap`]);
  });

  it('leaves out what a slow disk cannot take, and counts it', async () => {
    const log = await FrameLog.open({ folder, maxBytes: 1e9 }, unexpected);
    assert.deepEqual(
      [0, 1, 2, 3].map((index) => log.offer(entry(index))),
      [true, true, false, false],
    );
    await log.settled();
    assert.deepEqual(log.counts, { written: 2, leftOut: 2 });
  });

  it('clears away what a power cut left unfinished, and touches no file that is not its own', async () => {
    mkdirSync(path.join(folder, 'unfinished'));
    writeFileSync(path.join(folder, 'unfinished', '1.mcap'), 'torn');
    writeFileSync(path.join(folder, 'notes.mcap'), 'mine');
    const log = await FrameLog.open({ folder, maxBytes: 1 }, unexpected);
    log.offer(entry(0));
    await log.settled();
    assert.deepEqual(readdirSync(path.join(folder, 'unfinished')), []);
    assert.ok(files().includes('notes.mcap'));
  });

  it('tells trouble with the disk and goes on', async () => {
    const errors: unknown[] = [];
    const log = await FrameLog.open({ folder, maxBytes: 1e9 }, (error) => errors.push(error));
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file where the folder was');
    log.offer(entry(0));
    await log.settled();
    assert.match(String(errors[0]), /cannot write/);
    assert.deepEqual(log.counts, { written: 0, leftOut: 1 });
  });
});

describe('FrameLogTriggers', () => {
  const limits = { periodSeconds: 60, middlingLow: 0.4, middlingHigh: 0.6, restSeconds: 10 };
  const off = { ...limits, periodSeconds: 0 };
  const at = (seconds: number): bigint => BigInt(seconds) * SECOND;
  const sure = { detections: [{ score: 0.9, className: 'car' }] };
  const doubtful = { detections: [...sure.detections, { score: 0.45, className: 'bike' }] };

  it('keeps a frame in every period', () => {
    const triggers = new FrameLogTriggers();
    const kept = [0, 1, 59, 60, 61, 130].map((time) => triggers.reasonFor(sure, at(time), limits));
    assert.deepEqual(kept, ['every 60 s', undefined, undefined, 'every 60 s', undefined, 'every 60 s']);
    assert.equal(new FrameLogTriggers().reasonFor(sure, at(0), { ...limits, periodSeconds: 0 }), undefined);
  });

  it('keeps doubtful frames, with a rest between them', () => {
    const triggers = new FrameLogTriggers();
    const kept = [0, 5, 10].map((time) => triggers.reasonFor(doubtful, at(time), off));
    assert.deepEqual(kept, ['middling score 0.45 of bike', undefined, 'middling score 0.45 of bike']);
    assert.equal(
      new FrameLogTriggers().reasonFor(doubtful, at(0), { ...off, middlingLow: 1, middlingHigh: 0 }),
      undefined,
    );
  });

  it('keeps frames about which the bands disagree or whose attention is unusual, each kind with a rest of its own', () => {
    const triggers = new FrameLogTriggers();
    const findings = { ...doubtful, disagreement: 'only fir', unusualAttention: 'energy' };
    const kept = [0, 1, 2, 3, 10, 10].map((time) => triggers.reasonFor(findings, at(time), off));
    assert.deepEqual(kept, [
      'disagreement: only fir',
      'unusual attention: energy',
      'middling score 0.45 of bike',
      undefined,
      'disagreement: only fir',
      undefined,
    ]);
    assert.equal(
      new FrameLogTriggers().reasonFor({ ...sure, unusualAttention: 'energy' }, at(0), limits),
      'unusual attention: energy',
    );
  });

  it('keeps one frame for a request', () => {
    const triggers = new FrameLogTriggers();
    triggers.request();
    const nothing = { detections: [] };
    assert.equal(triggers.reasonFor(nothing, at(0), off), 'on request');
    assert.equal(triggers.reasonFor(nothing, at(0), off), undefined);
  });
});
