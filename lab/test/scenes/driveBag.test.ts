import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { decode } from 'fast-png';
import type { RawMessage } from '../../../src/messages/rawMessage.js';
import { decodeMessage } from '../../../src/messages/decode.js';
import { decodeCameraInfo, decodeFrame, isImageType } from '../../../src/bag/frames.js';
import { openBag } from '../../../src/bag/openBag.js';
import { Drive } from '../../scenes/drive.js';
import { DRIVE_START_NS, type ImageForm, writeDriveBag } from '../../scenes/driveBag.js';
import { renderDrive } from '../../scenes/driveFrames.js';
import { toEightBit } from '../../scenes/render/sensor.js';
import { RIG } from '../../scenes/rig.js';
import { ExpectedError } from '../../../src/errors.js';
import { decodeImage } from '../../../src/images/decode.js';
import { SPECTRA } from '../../../src/spectrum.js';

describe('generated drives', function () {
  this.timeout(120_000);
  let root = '';
  before(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'msal-drive-'));
  });
  after(() => rm(root, { recursive: true, force: true }));
  const scene = { seed: 8, night: true, duration: 0.4, rate: 5, threads: 1 };

  const write = async (images: ImageForm, depth: 8 | 16): Promise<string> => {
    const file = path.join(root, `${images}${depth}.mcap`);
    assert.equal(await writeDriveBag(file, { ...scene, images, depth }), 2);
    return file;
  };
  const messages = async (file: string): Promise<{ topics: Map<string, string>; list: RawMessage[] }> => {
    const bag = await openBag(file);
    const list: RawMessage[] = [];
    for await (const message of bag.messages()) list.push(message);
    await bag.close();
    return { topics: new Map(bag.topics.map(({ name, definition }) => [name, definition])), list };
  };

  it('have pictures, camera infos and true boxes of all spectra, all at the same moments', async () => {
    const { topics, list } = await messages(await write('png', 8));
    assert.equal(list.length, 2 * 4 * 3);
    const drive = new Drive({ seed: scene.seed, night: true, duration: scene.duration });
    const views = drive.render(0, 0);
    for (const spectrum of SPECTRA) {
      const own = list.filter(({ topic }) => topic.includes(`/${spectrum}/`));
      assert.deepEqual(
        [...new Set(own.map(({ logTimeNs }) => logTimeNs))],
        [DRIVE_START_NS, DRIVE_START_NS + 200_000_000n],
      );
      const [info] = own.filter(({ type }) => type.endsWith('CameraInfo'));
      assert.ok(info);
      const camera = decodeCameraInfo(info, topics.get(info.topic) ?? '');
      assert.deepEqual([camera.width, camera.height], [RIG[spectrum].lens.width, RIG[spectrum].lens.height]);
      const [image] = own.filter(({ type }) => isImageType(type));
      assert.ok(image);
      const frame = decodeFrame(image, spectrum, topics.get(image.topic) ?? '');
      assert.equal(frame.frameId, `${spectrum}_optical_frame`);
      const view = views.find((v) => v.spectrum === spectrum);
      assert.ok(view);
      assert.deepEqual(decodeImage(frame.image).data, toEightBit(view.picture));
      const [truth] = own.filter(({ type }) => type.endsWith('Detection2DArray'));
      assert.ok(truth);
      const boxes = decodeMessage(truth.type, topics.get(truth.topic) ?? '', truth.data) as {
        detections: { results: { hypothesis: { class_id: string } }[]; bbox: { size_x: number } }[];
      };
      assert.deepEqual(
        boxes.detections.map(({ results, bbox }) => [results[0]?.hypothesis.class_id, bbox.size_x]),
        view.objects.filter(({ ignore }) => !ignore).map(({ label, box }) => [label, box.x2 - box.x1]),
      );
    }
  });

  it('keep 16 bits in raw pictures, and the same seed gives the same file', async () => {
    const file = await write('raw', 16);
    const { topics, list } = await messages(file);
    const fir = list.find(({ topic }) => topic === '/camera/fir/image_raw');
    assert.ok(fir);
    const { image } = decodeFrame(fir, 'fir', topics.get(fir.topic) ?? '');
    assert.ok(image.kind === 'raw' && image.encoding === 'mono16');
    const [view] = new Drive({ seed: scene.seed, night: true, duration: scene.duration }).render(0, 0, ['fir']);
    assert.deepEqual(new Uint16Array(image.data.slice().buffer), view?.picture.data);
    const first = await readFile(file);
    await writeDriveBag(file, { ...scene, images: 'raw', depth: 16, overwrite: true });
    assert.ok(first.equals(await readFile(file)));
  });

  it('refuse 16-bit JPEG and to replace a file unasked', async () => {
    const file = path.join(root, 'once.mcap');
    const options = { ...scene, duration: 0.1, images: 'png', depth: 8 } as const;
    await assert.rejects(writeDriveBag(file, { ...options, images: 'jpeg', depth: 16 }), ExpectedError);
    await writeDriveBag(file, options);
    await assert.rejects(writeDriveBag(file, options), ExpectedError);
  });

  it('come frame by frame in order, whatever the number of threads, and may be left early', async () => {
    const seen: string[][] = [[], []];
    for (const [i, threads] of [1, 2].entries()) {
      for await (const { index, time, views } of renderDrive({
        ...scene,
        duration: 0.8,
        spectra: ['mir'],
        threads,
        png: true,
      })) {
        const [mir] = views;
        assert.ok(mir);
        assert.equal(decode(mir.data).width, 320);
        seen[i]?.push(`${index} ${time} ${Buffer.from(mir.data).toString('base64').slice(-400)}`);
        if (index === 2) break;
      }
    }
    assert.equal(seen[0]?.length, 3);
    assert.deepEqual(seen[0], seen[1]);
  });
});
