import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openBag } from '../../src/bag/openBag.js';
import type { Frame } from '../../src/images/frame.js';
import type { PerceivedFrame } from '../../src/perception/perceivedSet.js';
import { MARKER } from '../../src/files/ownFolder.js';
import { unfinishedName } from '../../src/files/atomicWrite.js';
import { logFile, logFilesIn } from '../../src/frameLog/fileNames.js';
import { FrameLog, type LogEntry } from '../../src/frameLog/frameLog.js';
import { readLoggedSet } from '../../src/frameLog/loggedFrames.js';
import { FrameLogTriggers } from '../../src/frameLog/frameLogTriggers.js';

const run = promisify(execFile);
const FULL_DISK = fileURLToPath(new URL('./processes/logOnFullDisk.js', import.meta.url));
const START_NS = 1_800_000_000_000_000_000n;
const SECOND = 1_000_000_000n;

const nameOf = (sequence: number, index: number): string => logFile(sequence, START_NS + BigInt(index) * SECOND).name;

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
    const log = new FrameLog({ folder, maxBytes: 1e9 }, unexpected);
    assert.equal(log.offer(entry(0)), true);
    await log.settled();
    assert.deepEqual(files(), [nameOf(1, 0)]);
    const bag = await openBag(path.join(folder, nameOf(1, 0)));
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
    const log = new FrameLog({ folder, maxBytes: 1e9 }, unexpected);
    log.offer(entry(0));
    await log.settled();
    const [first] = files();
    const size = statSync(path.join(folder, first ?? '')).size;
    const small = new FrameLog({ folder, maxBytes: 2.5 * size }, unexpected);
    for (const index of [1, 2, 3]) {
      small.offer(entry(index));
      await small.settled();
    }
    assert.deepEqual(
      files().sort(),
      [2, 3].map((index) => nameOf(index + 1, index)),
    );
    const tiny = new FrameLog({ folder, maxBytes: 1 }, unexpected);
    tiny.offer(entry(4));
    await tiny.settled();
    assert.deepEqual(files(), [nameOf(5, 4)]);
    assert.deepEqual(tiny.counts, { written: 1, leftOut: 0, deleted: 2 });
  });

  it('leaves out what a slow disk cannot take, and counts it', async () => {
    const log = new FrameLog({ folder, maxBytes: 1e9 }, unexpected);
    assert.deepEqual(
      [0, 1, 2, 3].map((index) => log.offer(entry(index))),
      [true, true, false, false],
    );
    await log.settled();
    assert.deepEqual(log.counts, { written: 2, leftOut: 2, deleted: 0 });
  });

  it('clears away what a power cut left unfinished, and touches no file that is not its own', async () => {
    const first = new FrameLog({ folder, maxBytes: 1 }, unexpected);
    first.offer(entry(0));
    await first.settled();
    const torn = unfinishedName(path.join(folder, nameOf(2, 1)));
    mkdirSync(path.join(folder, 'unfinished'));
    const foreign = ['notes.mcap', '.unfinished-notes.txt', 'unfinished/1.mcap', '2025.mcap', '0000000001_drive.mcap'];
    for (const name of foreign) writeFileSync(path.join(folder, name), 'mine');
    writeFileSync(torn, 'torn');
    const log = new FrameLog({ folder, maxBytes: 1 }, unexpected);
    log.offer(entry(1));
    await log.settled();
    assert.equal(existsSync(torn), false);
    for (const name of foreign) assert.equal(readFileSync(path.join(folder, name), 'utf8'), 'mine');
    assert.deepEqual(
      logFilesIn(files()).map(({ name }) => name),
      [nameOf(2, 1)],
    );
  });

  it('does not clear away anything in a folder that does not say that it is a frame log', async () => {
    const torn = unfinishedName(path.join(folder, nameOf(2, 1)));
    writeFileSync(torn, 'torn');
    await new FrameLog({ folder, maxBytes: 1 }, unexpected).settled();
    assert.ok(existsSync(torn));
    assert.match(readFileSync(path.join(folder, MARKER), 'utf8'), /"kind":"frame log"/);
    const errors: unknown[] = [];
    writeFileSync(path.join(folder, MARKER), '{"kind":"holiday pictures","id":"f3b1c1de-6d0c-4a53-9d3c-0f0a4f0a4f01"}');
    await new FrameLog({ folder, maxBytes: 1 }, (error) => errors.push(error)).settled();
    assert.match(String(errors[0]), /a folder of another kind: holiday pictures/);
  });

  it('keeps what was written last, whichever way the clock goes', async () => {
    const measure = new FrameLog({ folder, maxBytes: 1e9 }, unexpected);
    measure.offer(entry(0));
    await measure.settled();
    const size = statSync(path.join(folder, files()[0] ?? '')).size;
    const log = new FrameLog({ folder, maxBytes: 2.5 * size }, unexpected);
    // An hour back, then before 1970.
    const indices = [1, -3600, -3599, -3598, -2_000_000_000];
    for (const index of indices) {
      log.offer(entry(index));
      await log.settled();
      assert.ok(
        files().some((name) => name.includes(String(START_NS + BigInt(index) * SECOND))),
        `${index} is there`,
      );
    }
    assert.deepEqual(files().sort(), [nameOf(5, -3598), nameOf(6, -2_000_000_000)]);
    assert.deepEqual(log.counts, { written: 5, leftOut: 0, deleted: 4 });
    const { frames } = await readLoggedSet(path.join(folder, nameOf(6, -2_000_000_000)));
    assert.deepEqual(
      frames.map(({ frame }) => frame.stampNs),
      [START_NS - 2_000_000_000n * SECOND],
    );
  });

  it('deletes the files of older versions first', async () => {
    for (const stamp of ['1900000000000000000', '00000000000000000-5', '1700000000000000000'])
      writeFileSync(path.join(folder, `${stamp}.mcap`), Buffer.alloc(1000));
    const log = new FrameLog({ folder, maxBytes: 1500 }, unexpected);
    await log.settled();
    assert.deepEqual(files(), ['1900000000000000000.mcap'], 'room is made at the start');
    log.offer(entry(0));
    await log.settled();
    assert.deepEqual(files(), [nameOf(1, 0)]);
  });

  it('tells trouble with the disk and goes on', async () => {
    const errors: unknown[] = [];
    const log = new FrameLog({ folder, maxBytes: 1e9 }, (error) => errors.push(error));
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file where the folder was');
    log.offer(entry(0));
    await log.settled();
    assert.match(String(errors[0]), /cannot write/);
    assert.match(log.trouble ?? '', /cannot write/);
    assert.deepEqual(log.counts, { written: 0, leftOut: 1, deleted: 0 });
    rmSync(folder);
    log.offer(entry(1));
    await log.settled();
    assert.equal(log.trouble, undefined, 'what was mended is not told for ever');
    assert.deepEqual([log.counts.written, files().length], [1, 1]);
  });

  it('leaves nothing of what a full disk did not take, and takes up again where there is room', async () => {
    // A limit on file sizes is what a test can set: the first half of an entry is written, then no more.
    const { stdout, stderr } = await run('bash', [
      '-c',
      'ulimit -f 1; exec "$@"',
      'bash',
      process.execPath,
      FULL_DISK,
      folder,
    ]);
    assert.deepEqual(JSON.parse(stdout), { written: 0, leftOut: 1, deleted: 0 }, stderr);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name !== MARKER),
      [],
    );
  });

  it('gives up a folder in which nothing can be made', async () => {
    const errors: unknown[] = [];
    const log = new FrameLog({ folder: '/proc/none/log', maxBytes: 1e9 }, (error) => errors.push(error));
    log.offer(entry(0));
    await log.settled();
    assert.equal(errors.length, 2);
    assert.equal(log.counts.leftOut, 1);
  });
});

describe('FrameLogTriggers', () => {
  const limits = { periodSeconds: 60, middlingLow: 0.4, middlingHigh: 0.6, restSeconds: 10 };
  const off = { ...limits, periodSeconds: 0 };
  const at = (seconds: number): bigint => BigInt(seconds) * SECOND;
  const sure = { detections: [{ score: 0.9, className: 'car' }] };
  const doubtful = { detections: [...sure.detections, { score: 0.45, className: 'bike' }] };

  /** What is kept of frames that all find room. */
  const keep = (triggers: FrameLogTriggers, ...of: Parameters<FrameLogTriggers['reasonFor']>): string | undefined => {
    const reason = triggers.reasonFor(...of);
    reason?.kept();
    return reason?.text;
  };

  it('keeps a frame in every period', () => {
    const triggers = new FrameLogTriggers();
    const kept = [0, 1, 59, 60, 61, 130].map((time) => keep(triggers, sure, at(time), limits));
    assert.deepEqual(kept, ['every 60 s', undefined, undefined, 'every 60 s', undefined, 'every 60 s']);
    assert.equal(keep(new FrameLogTriggers(), sure, at(0), { ...limits, periodSeconds: 0 }), undefined);
  });

  it('keeps doubtful frames, with a rest between them', () => {
    const triggers = new FrameLogTriggers();
    const kept = [0, 5, 10].map((time) => keep(triggers, doubtful, at(time), off));
    assert.deepEqual(kept, ['middling score 0.45 of bike', undefined, 'middling score 0.45 of bike']);
    assert.equal(keep(new FrameLogTriggers(), doubtful, at(0), { ...off, middlingLow: 1, middlingHigh: 0 }), undefined);
  });

  it('keeps frames about which the bands disagree or whose attention is unusual, each kind with a rest of its own', () => {
    const triggers = new FrameLogTriggers();
    const findings = { ...doubtful, disagreement: 'only fir', unusualAttention: 'energy' };
    const kept = [0, 1, 2, 3, 10, 10].map((time) => keep(triggers, findings, at(time), off));
    assert.deepEqual(kept, [
      'disagreement: only fir',
      'unusual attention: energy',
      'middling score 0.45 of bike',
      undefined,
      'disagreement: only fir',
      undefined,
    ]);
    assert.equal(
      keep(new FrameLogTriggers(), { ...sure, unusualAttention: 'energy' }, at(0), limits),
      'unusual attention: energy',
    );
  });

  it('keeps one frame for a request', () => {
    const triggers = new FrameLogTriggers();
    triggers.request();
    const nothing = { detections: [] };
    assert.equal(keep(triggers, nothing, at(0), off), 'on request');
    assert.equal(keep(triggers, nothing, at(0), off), undefined);
  });

  it('does not forget why where there was no room for the frame', () => {
    const triggers = new FrameLogTriggers();
    triggers.request();
    for (const expected of ['on request', 'middling score 0.45 of bike', 'every 60 s']) {
      assert.equal(triggers.reasonFor(doubtful, at(0), limits)?.text, expected);
      assert.equal(keep(triggers, doubtful, at(1), limits), expected);
    }
    assert.equal(triggers.reasonFor(doubtful, at(2), limits), undefined);
  });
});
