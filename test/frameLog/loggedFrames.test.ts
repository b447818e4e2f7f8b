import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BagWriter } from '../../src/bag/bagWriter.js';
import { openBag } from '../../src/bag/openBag.js';
import { ExpectedError } from '../../src/errors.js';
import { logFile } from '../../src/frameLog/fileNames.js';
import { readLoggedSet } from '../../src/frameLog/loggedFrames.js';
import { findLoggedFrame } from '../../src/frameLog/findLoggedFrame.js';
import { HEIGHT, logFrames, LOG_PERIOD_NS, LOG_START_NS, WIDTH } from './frameLogs.js';

describe('the frame log', () => {
  let folder: string;
  const file = (): string => path.join(folder, logFile(1, LOG_START_NS).name);

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'msal-logged-'));
    await logFrames(folder, [0, 1]);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is read as it was written: images, boxes, model, reason', async () => {
    const { reason, frames } = await readLoggedSet(file());
    assert.equal(reason, 'on request');
    assert.deepEqual(
      frames.map(({ frame }) => [frame.spectrum, frame.topic, frame.stampNs - LOG_START_NS]),
      [
        ['rgb', '/camera/rgb/image_raw', 0n],
        ['fir', '/camera/fir/image_raw', 3_000_000n],
      ],
    );
    for (const { frame, detections, modelSha256 } of frames) {
      assert.ok(frame.image.kind === 'raw' && frame.image.width === WIDTH && frame.image.height === HEIGHT);
      assert.equal(frame.image.data.byteLength, WIDTH * HEIGHT * 3);
      assert.match(modelSha256, /^[0-9a-f]{64}$/);
      assert.deepEqual(detections, [
        { className: 'Person', score: 0.75, box: { x1: 10, y1: 8, x2: 50, y2: 48 } },
        { className: 'car', score: 0.5, box: { x1: 40, y1: 20, x2: 90, y2: 60 } },
      ]);
    }
  });

  it('is read without the names of the topics too: an image is known by its stamp and frame id', async () => {
    const old = path.join(folder, 'old.mcap');
    const bag = await openBag(file());
    const writer = await BagWriter.create(old);
    for await (const message of bag.messages()) {
      const topic = bag.topics.find(({ name }) => name === message.topic);
      if (topic) await writer.copy(message, topic);
    }
    await writer.close();
    await bag.close();
    const [now, then] = [await readLoggedSet(file()), await readLoggedSet(old)];
    assert.deepEqual(then.frames, now.frames);
  });

  it('is searched by band and stamp, of the image or of its set; 0 is the newest', async () => {
    const second = LOG_START_NS + LOG_PERIOD_NS;
    for (const [wanted, found] of [
      [LOG_START_NS, LOG_START_NS + 3_000_000n],
      [second + 3_000_000n, second + 3_000_000n],
      [0n, second + 3_000_000n],
    ] as const) {
      assert.equal((await findLoggedFrame(folder, 'fir', wanted)).frame.stampNs, found);
    }
    for (const [band, stamp] of [
      ['nir', 0n],
      ['fir', 5n],
      ['fir', LOG_START_NS + 1n],
    ] as const) {
      await assert.rejects(
        findLoggedFrame(folder, band, stamp),
        (error: unknown) => error instanceof ExpectedError && error.kind === 'input' && error.message.includes(band),
      );
    }
  });

  it('says which bands a file that was cut has lost', async () => {
    const whole = readFileSync(file());
    assert.deepEqual((await readLoggedSet(file())).missing, []);
    const cut = path.join(folder, 'cut.mcap');
    // The image of RGB and what was found in it come first.
    writeFileSync(cut, whole.subarray(0, whole.length - HEIGHT * WIDTH * 3));
    const { frames, missing, losses } = await readLoggedSet(cut);
    assert.deepEqual(
      frames.map(({ frame }) => frame.spectrum),
      ['rgb'],
    );
    assert.deepEqual(missing, ['fir']);
    assert.notEqual(losses, '');
  });

  it('refuses files that are none of its own', async () => {
    const wrong = path.join(folder, 'wrong.mcap');
    writeFileSync(wrong, 'nothing of the kind');
    await assert.rejects(readLoggedSet(wrong), ExpectedError);
    const writer = await BagWriter.create(wrong, { overwrite: true });
    await writer.close();
    await assert.rejects(readLoggedSet(wrong), /holds no image with its detections/);
  });
});
