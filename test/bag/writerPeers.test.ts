import assert from 'node:assert/strict';
import path from 'node:path';
import { z } from 'zod';
import { BagWriter } from '../../src/bag/bagWriter.js';
import { standardDefinition } from '../../src/messages/definitions.js';
import {
  OUTPUT_TYPES,
  toCameraInfo,
  toCompressedImage,
  toDetection2DArray,
  toExplainedDetections,
  toImage,
  toImageAnnotations,
} from '../../src/messages/outputMessages.js';
import { DETECTION_2D_ARRAY_HASH } from '../../src/messages/visionMsgs.js';
import { inFolder } from './bagTools.js';
import { runPython } from './python.js';

const found = z.array(z.tuple([z.string(), z.string(), z.string(), z.unknown()]));
const schema = z.object({
  rosbags: z.object({
    messages: found,
    hashes: z.record(z.string(), z.string()),
    counts: z.record(z.string(), z.number()),
  }),
  mcap: z.object({
    profile: z.string(),
    messages: found,
    metadata: z.record(z.string(), z.record(z.string(), z.string())),
    chunks: z.number(),
    compressions: z.array(z.string()),
    count: z.number(),
    channels: z.record(z.string(), z.tuple([z.string(), z.array(z.string())])),
    encodings: z.array(z.string()),
  }),
});

/** The values of a written message as both readers shall give them: typed arrays as lists, float32 rounded. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

describe('bags that we write', function () {
  this.timeout(60_000);

  for (const compression of ['zstd', 'none'] as const) {
    it(`are read value for value by rosbags and by mcap-ros2-support (${compression})`, () =>
      inFolder(async (folder) => {
        const header = { stampNs: 1_700_000_000_123_456_789n, frameId: 'fir_optical_frame' };
        const detections = [
          { className: 'Person', score: 0.75, box: { x1: 10.5, y1: 20, x2: 30, y2: 60.25 } },
          { className: 'color_cone', score: 0.5, box: { x1: 0, y1: 0, x2: 640, y2: 480 } },
        ];
        const data = Uint8Array.from({ length: 4000 }, (_, i) => i % 7);
        const made = { spectrum: 'fir', modelSha256: 'ab12', method: 'grad-cam', variant: 'usual' };
        const attention = { level: 4, energyInBox: 0.5, energyGain: 2.25, peakInBox: true };
        const map = { width: 2, height: 2, values: Float32Array.of(0, 0.25, 0.5, 1) };
        const camera = { width: 40, height: 25, fx: 50, fy: 60, cx: 20, cy: 12.5 };
        const written: [string, string, unknown][] = [
          ['/image', 'sensor_msgs/msg/Image', toImage(header, { width: 40, height: 25, encoding: 'mono32', data })],
          ['/info', 'sensor_msgs/msg/CameraInfo', toCameraInfo(header, camera)],
          ['/overlay', OUTPUT_TYPES.overlay, toCompressedImage(header, 'jpeg', data)],
          ['/detections', OUTPUT_TYPES.detections, toDetection2DArray(header, detections)],
          [
            '/annotations',
            OUTPUT_TYPES.annotations,
            toImageAnnotations(header, detections, () => ({ r: 1, g: 0.5, b: 0 })),
          ],
          [
            '/explained',
            OUTPUT_TYPES.explained,
            toExplainedDetections(header, made, [
              { ...detections[0], ...attention, map },
              { ...detections[1], ...attention, peakInBox: false },
            ]),
          ],
          ['/empty', OUTPUT_TYPES.detections, toDetection2DArray(header, [])],
        ];
        const target = path.join(folder, 'replay');
        const writer = await BagWriter.create(target, { compression, chunkBytes: 3000 });
        for (const [name, type] of written) await writer.addTopic({ name, type });
        await Promise.all(written.map(([name, , message], i) => writer.writeMessage(name, BigInt(1000 + i), message)));
        await writer.addMetadata('provenance', { model: 'efficientdet-d0', städte: '東京' });
        await writer.close();

        const { rosbags, mcap } = schema.parse(await runPython('read_bags.py', target));
        const expected = written.map(([name, type, message], i) => [name, type, String(1000 + i), plain(message)]);
        assert.deepEqual(rosbags.messages, expected);
        assert.deepEqual(mcap.messages, expected);
        assert.equal(mcap.profile, 'ros2');
        assert.deepEqual(mcap.metadata, { provenance: { model: 'efficientdet-d0', städte: '東京' } });
        assert.deepEqual(rosbags.counts, Object.fromEntries(written.map(([name]) => [name, 1])));
        assert.equal(mcap.count, written.length);
        assert.ok(mcap.chunks >= 3);
        assert.deepEqual(mcap.compressions, [compression === 'none' ? '' : 'zstd']);
        assert.deepEqual(mcap.encodings, ['ros2msg']);
        for (const entry of Object.values(mcap.channels)) {
          assert.deepEqual(entry, ['cdr', ['offered_qos_profiles', 'topic_type_hash']]);
        }
        // The hash that ROS 2 itself gives the type proves the definition to be that of vision_msgs, field by field.
        assert.equal(rosbags.hashes['/detections'], DETECTION_2D_ARRAY_HASH);
      }));
  }

  it('know every definition that they need', () => {
    for (const type of Object.values(OUTPUT_TYPES)) assert.ok(standardDefinition(type), type);
    assert.equal(standardDefinition('my_msgs/msg/Thing'), undefined);
    assert.equal(standardDefinition('multispectral_saliency/msg/../../package'), undefined);
  });
});
