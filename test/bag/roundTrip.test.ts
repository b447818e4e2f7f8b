import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BagWriter } from '../../src/bag/bagWriter.js';
import { decodeMessage } from '../../src/messages/decode.js';
import { decodeCameraInfo, decodeFrame, decodeHeader } from '../../src/bag/frames.js';
import { openBag } from '../../src/bag/openBag.js';
import {
  OUTPUT_TYPES,
  toCameraInfo,
  toCompressedImage,
  toDetection2DArray,
  toExplainedDetections,
  toImage,
  toImageAnnotations,
} from '../../src/messages/outputMessages.js';
import { allMessages } from './bagTools.js';

describe('bag round trip', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'msal-bag-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('gives back every kind of message that a replay writes', async () => {
    const target = path.join(folder, 'drive');
    const header = { stampNs: 1_700_000_000_123_456_789n, frameId: 'rgb_optical_frame' };
    const detections = [{ className: 'Person', score: 0.75, box: { x1: 10, y1: 20, x2: 30, y2: 60 } }];
    const pixels = Uint8Array.from({ length: 24 }, (_, i) => i);
    const writer = await BagWriter.create(target);
    const put = async (name: string, type: string, message: unknown): Promise<void> => {
      await writer.addTopic({ name, type });
      await writer.writeMessage(name, header.stampNs, message);
    };
    await put(
      '/image',
      'sensor_msgs/msg/Image',
      toImage(header, { width: 4, height: 2, encoding: 'rgb8', data: pixels }),
    );
    await put(
      '/info',
      'sensor_msgs/msg/CameraInfo',
      toCameraInfo(header, { width: 4, height: 2, fx: 5, fy: 6, cx: 2, cy: 1 }),
    );
    await put('/overlay', OUTPUT_TYPES.overlay, toCompressedImage(header, 'jpeg', pixels));
    await put('/detections', OUTPUT_TYPES.detections, toDetection2DArray(header, detections));
    await put(
      '/annotations',
      OUTPUT_TYPES.annotations,
      toImageAnnotations(header, detections, () => ({ r: 1, g: 0.5, b: 0 })),
    );
    const made = { spectrum: 'rgb', modelSha256: 'ab', method: 'grad-cam', variant: 'study' };
    const map = { width: 2, height: 1, values: Float32Array.of(0.25, 1) };
    const explained = { ...detections[0], level: 3, energyInBox: 0.5, energyGain: 2, peakInBox: true, map };
    await put('/explained', OUTPUT_TYPES.explained, toExplainedDetections(header, made, [explained]));
    await writer.addMetadata('provenance', { model: 'd0', seed: '7' });
    await writer.close();

    const bag = await openBag(target);
    assert.deepEqual(bag.losses, []);
    assert.deepEqual(bag.metadata, [{ name: 'provenance', values: { model: 'd0', seed: '7' } }]);
    assert.equal(bag.startTimeNs, header.stampNs);
    assert.equal(bag.messageCount, 6);
    const byTopic = new Map((await allMessages(bag)).map((message) => [message.topic, message]));
    const definition = (topic: string): string => bag.topics.find(({ name }) => name === topic)!.definition;
    const decoded = (topic: string): Record<string, unknown> =>
      decodeMessage(byTopic.get(topic)!.type, definition(topic), byTopic.get(topic)!.data) as Record<string, unknown>;

    const frame = decodeFrame(byTopic.get('/image')!, 'rgb', definition('/image'));
    assert.deepEqual(
      { ...frame, image: { ...frame.image, data: [...frame.image.data] } },
      {
        spectrum: 'rgb',
        topic: '/image',
        frameId: 'rgb_optical_frame',
        stampNs: header.stampNs,
        receivedNs: header.stampNs,
        image: { kind: 'raw', width: 4, height: 2, encoding: 'rgb8', bigEndian: false, step: 12, data: [...pixels] },
      },
    );
    assert.equal(frame.image.data.buffer, byTopic.get('/image')!.data.buffer, 'pixels are not copied');
    const overlay = decodeFrame(byTopic.get('/overlay')!, 'rgb', definition('/overlay'));
    assert.deepEqual(
      { ...overlay.image, data: [...overlay.image.data] },
      { kind: 'compressed', format: 'jpeg', data: [...pixels] },
    );
    const info = decodeCameraInfo(byTopic.get('/info')!, definition('/info'));
    assert.deepEqual([...info.k], [5, 0, 2, 0, 6, 1, 0, 0, 1]);
    assert.deepEqual(decodeHeader(byTopic.get('/detections')!, definition('/detections')), header);
    const [detection] = decoded('/detections')['detections'] as { bbox: unknown; results: { hypothesis: unknown }[] }[];
    assert.deepEqual(detection.bbox, { center: { position: { x: 20, y: 40 }, theta: 0 }, size_x: 20, size_y: 40 });
    assert.deepEqual(detection.results[0].hypothesis, { class_id: 'Person', score: 0.75 });
    const [text] = decoded('/annotations')['texts'] as { text: string }[];
    assert.equal(text.text, 'Person 0.75');
    const [entry] = decoded('/explained')['detections'] as { peak_in_box: boolean; map: Float32Array }[];
    assert.equal(entry.peak_in_box, true);
    assert.deepEqual([...entry.map], [0.25, 1]);
    await bag.close();
  });

  it('gives messages in the order of log time, by topic and by time', async () => {
    const target = path.join(folder, 'bag.mcap');
    const writer = await BagWriter.create(target, { chunkBytes: 2000 });
    for (const name of ['/a', '/b']) await writer.addTopic({ name, type: 'std_msgs/msg/Int32' });
    // Stamps that jump about by far more than a chunk.
    const stamps = Array.from({ length: 1000 }, (_, i) => BigInt((i * 377) % 1000));
    for (const [i, stamp] of stamps.entries()) {
      await writer.writeMessage(i % 3 === 0 ? '/b' : '/a', stamp, { data: Number(stamp) });
    }
    await writer.close();
    for (const bufferedBytes of [1, 64 * 1024 * 1024]) {
      const bag = await openBag(target, { limits: { bufferedBytes } });
      const values = (await allMessages(bag)).map(({ data }) => new DataView(data.buffer).getInt32(4, true));
      assert.deepEqual(
        values,
        Array.from({ length: 1000 }, (_, i) => i),
      );
      const part = await allMessages(bag, { topics: new Set(['/b']), start: 100n, end: 500n });
      const expected = stamps
        .filter((stamp, i) => i % 3 === 0 && stamp >= 100n && stamp <= 500n)
        .sort((a, b) => Number(a - b));
      assert.deepEqual(
        part.map(({ logTimeNs }) => logTimeNs),
        expected,
      );
      assert.deepEqual(
        bag.topics.map(({ name, count }) => [name, count]),
        [
          ['/a', 666],
          ['/b', 334],
        ],
      );
      await bag.close();
    }
  });
});
