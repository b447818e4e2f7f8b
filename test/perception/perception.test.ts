import assert from 'node:assert/strict';
import { ExpectedError } from '../../src/errors.js';
import type { FailedFrame, PerceivedFrame } from '../../src/perception/perceivedSet.js';
import { PerceptionPipeline, type PerceptionHooks } from '../../src/perception/perception.js';
import { SPECTRA, type Spectrum } from '../../src/spectrum.js';
import { FakeServices, person, rawFrame, setOf, tinyConfig } from './fakeServices.js';
import { ms } from './stamped.js';

function rig(config = tinyConfig(), hooks: PerceptionHooks = {}) {
  const services = new FakeServices();
  const pipeline = new PerceptionPipeline(config, services, { clock: services.clock, ...hooks });
  return { services, pipeline };
}

const allFour = () => setOf(...SPECTRA.map((spectrum) => rawFrame(spectrum)));
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const damaged = new ExpectedError('input', 'PNG image is damaged', 'check the recording');
const died = new ExpectedError('environment', 'detector worker 1 ended unexpectedly with code 1', 'start again');

function perceived(frame: PerceivedFrame | FailedFrame | undefined): PerceivedFrame {
  assert.ok(frame?.kind === 'perceived');
  return frame;
}

describe('PerceptionPipeline', () => {
  it('perceives every frame of a set and says where it came from', async () => {
    const { services, pipeline } = rig();
    const set = setOf(rawFrame('rgb', 100), rawFrame('fir', 110));
    const result = await pipeline.process(set);
    assert.deepEqual([result.stampNs, result.skewNs, result.missing], [ms(100), ms(10), ['nir', 'mir']]);
    assert.deepEqual([...result.frames.keys()], ['rgb', 'fir']);
    const fir = perceived(result.frames.get('fir'));
    assert.deepEqual(fir.header, {
      spectrum: 'fir',
      topic: '/camera/fir/image_raw',
      frameId: 'fir_optical_frame',
      stampNs: ms(110),
      receivedNs: ms(115),
    });
    assert.deepEqual([fir.width, fir.height], [64, 48]);
    assert.deepEqual(fir.detections, [person]);
    assert.equal(fir.model.name, 'efficientdet-tiny');
    assert.match(fir.model.sha256, /^[0-9a-f]{64}$/);
    assert.equal(fir.model.provider, 'cpu', 'the provider in use, not the one tried first');
    assert.equal(fir.model.fallback, 'cuda could not be used (no GPU)');
    assert.equal(fir.pictures, undefined);
    assert.ok(
      services.calls.every((call) => !call.startsWith('render')),
      'nobody asked for pictures',
    );
  });

  it('hands the configured thresholds and variant on, and the pixels without a copy, there and back', async () => {
    const { services, pipeline } = rig(
      tinyConfig(
        'detection: { scoreThreshold: 0.4, iouThreshold: 0.6, maxDetections: 7 }\nexplanation: { gradCam: usual }',
      ),
    );
    await pipeline.process(setOf(rawFrame('nir')));
    const [job] = services.jobs;
    assert.deepEqual(job?.thresholds, { scoreThreshold: 0.4, iouThreshold: 0.6, maxDetections: 7 });
    assert.equal(job?.pixels, services.inputs[0]);
    assert.equal(services.reused[0], services.inputs[0], 'and back again');
    assert.equal(job?.gradCam, 'usual');
    assert.equal(job?.model, 'nir');
    assert.deepEqual(job?.source, { width: 64, height: 48 });
    const off = rig(tinyConfig('explanation: { gradCam: off }'));
    await off.pipeline.process(setOf(rawFrame('nir')));
    assert.equal(off.services.jobs[0]?.gradCam, false);
  });

  it('follows a model whose provider is lost, and says so once for each band', async () => {
    const fallbacks: string[] = [];
    const { services, pipeline } = rig(tinyConfig(), {
      onFallback: (spectrum, { fallback }) => fallbacks.push(`${spectrum}: ${fallback}`),
    });
    services.attempts = [
      { provider: 'cuda', outcome: 'lost', detail: 'CUDA failure 700: an illegal memory access\nat …' },
      { provider: 'webgpu', outcome: 'used', detail: 'since cuda was lost' },
    ];
    const set = await pipeline.process(setOf(rawFrame('rgb', 0), rawFrame('fir', 0)));
    const lost = 'cuda was lost while it ran (CUDA failure 700: an illegal memory access)';
    for (const band of ['rgb', 'fir'] as const) {
      const { provider, fallback } = perceived(set.frames.get(band)).model;
      assert.deepEqual([provider, fallback], ['webgpu', lost]);
      assert.equal(pipeline.models.get(band)?.provider, 'webgpu');
    }
    assert.equal(pipeline.models.get('nir')?.provider, 'cpu', 'a band that has not detected since');
    await pipeline.process(setOf(rawFrame('rgb', 100)));
    assert.deepEqual(fallbacks, [`rgb: ${lost}`, `fir: ${lost}`]);
  });

  it('lets a caller steer each set and hands over each frame as soon as it is done', async () => {
    const { services, pipeline } = rig();
    const order: string[] = [];
    services.behave.set('rgb', { prepare: damaged });
    services.hold = true;
    const work = pipeline.process(setOf(rawFrame('rgb'), rawFrame('fir')), {
      thresholds: { scoreThreshold: 0.8 },
      gradCam: 'none',
      onFrame: ({ kind, header }) => order.push(`${kind} ${header.spectrum}`),
    });
    await settle();
    assert.deepEqual(order, ['failed rgb'], 'while the other band is in work');
    services.letGo();
    await work;
    assert.deepEqual(order, ['failed rgb', 'perceived fir']);
    assert.deepEqual(services.jobs[0]?.thresholds, { scoreThreshold: 0.8, iouThreshold: 0.5, maxDetections: 100 });
    assert.equal(services.jobs[0]?.gradCam, 'none');
  });

  it('times every stage; what is left of the total is waiting', async () => {
    const { pipeline } = rig();
    const { frames, totalMs } = await pipeline.process(setOf(rawFrame('rgb')), { overlay: true });
    assert.deepEqual(perceived(frames.get('rgb')).timings, {
      decodeMs: 2,
      resizeMs: 1,
      inferenceMs: 35,
      postprocessMs: 4,
      gradCamMs: 1,
      queueMs: 10,
      totalMs: 53,
    });
    assert.equal(totalMs, 153, 'pictures are on top');
  });

  it('paints what is asked for, of the bands that are asked for', async () => {
    const { services, pipeline } = rig();
    const { frames } = await pipeline.process(allFour(), { overlay: ['fir', 'rgb'], thumbnail: true });
    assert.deepEqual(services.calls.filter((call) => call.startsWith('render')).sort(), [
      'render fir 1 overlay+thumbnail',
      'render mir 1 thumbnail',
      'render nir 1 thumbnail',
      'render rgb 1 overlay+thumbnail',
    ]);
    assert.deepEqual(perceived(frames.get('fir')).pictures?.overlay, Uint8Array.of(1));
  });

  it('paints later, too', async () => {
    const { services, pipeline } = rig();
    const { frames } = await pipeline.process(setOf(rawFrame('mir')));
    const pictures = await pipeline.render(perceived(frames.get('mir')), { overlay: true });
    assert.equal(pictures.renderMs, 100);
    assert.equal(services.calls.at(-1), 'render mir 1 overlay');
  });

  for (const stage of ['prepare', 'detect'] as const) {
    it(`turns a frame that fails to ${stage} into a failed value and perceives the others`, async () => {
      const { services, pipeline } = rig();
      services.behave.set('nir', { [stage]: damaged });
      const { frames } = await pipeline.process(allFour(), { overlay: true });
      const nir = frames.get('nir');
      assert.ok(nir?.kind === 'failed');
      assert.equal(nir.error, damaged);
      assert.equal(nir.stage, stage === 'prepare' ? 'decode' : 'detect');
      assert.equal(nir.header.topic, '/camera/nir/image_raw');
      for (const other of ['rgb', 'mir', 'fir'] as const) perceived(frames.get(other));
    });
  }

  it('keeps the detections of a frame whose pictures cannot be painted', async () => {
    const { services, pipeline } = rig();
    services.behave.set('rgb', { render: new Error('no memory for a JPEG') });
    const { frames } = await pipeline.process(setOf(rawFrame('rgb')), { overlay: true });
    const rgb = perceived(frames.get('rgb'));
    assert.equal(rgb.detections.length, 1);
    assert.equal(rgb.pictures, undefined);
    assert.equal(rgb.picturesError?.message, 'no memory for a JPEG');
  });

  it('says of a band without a model that it is not configured', async () => {
    const { pipeline } = rig(tinyConfig('', ['fir']));
    const { frames } = await pipeline.process(setOf(rawFrame('rgb'), rawFrame('fir')));
    const rgb = frames.get('rgb');
    assert.ok(rgb?.kind === 'failed' && rgb.error instanceof ExpectedError);
    assert.match(rgb.error.message, /no model is configured for the band rgb/);
    perceived(frames.get('fir'));
  });

  for (const stage of ['prepare', 'detect', 'render'] as const) {
    it(`treats a worker's death in ${stage} as fatal, reports it once, and refuses all later work`, async () => {
      const reported: ExpectedError[] = [];
      const { services, pipeline } = rig(tinyConfig(), { onFatal: (error) => reported.push(error) });
      services.behave.set('mir', { [stage]: died });
      services.behave.set('fir', { [stage]: died });
      await assert.rejects(pipeline.process(allFour(), { overlay: true }), died);
      services.behave.clear();
      await assert.rejects(pipeline.process(allFour()), died);
      assert.deepEqual(reported, [died]);
    });
  }

  it('refuses more sets than it can keep in work', async () => {
    const { services, pipeline } = rig();
    services.hold = true;
    assert.equal(pipeline.concurrency, 3);
    const work = Array.from({ length: 3 }, () => pipeline.process(allFour()));
    await assert.rejects(pipeline.process(allFour()), /3 frame sets are in work already/);
    await settle();
    services.letGo();
    await Promise.all(work);
    await pipeline.process(allFour());
  });

  for (const [bands, expected] of [
    [['fir'], 6],
    [['rgb', 'fir'], 4],
    [SPECTRA, 3],
  ] as const) {
    it(`takes ${expected} sets of ${bands.length} band(s) at a time to keep two threads busy`, () => {
      assert.equal(rig(tinyConfig('', bands)).pipeline.concurrency, expected);
    });
  }

  it('counts only the bands that it has models for', () => {
    const services = new FakeServices();
    const { fir } = services.detectors.models;
    assert.ok(fir);
    const detectors = { ...services.detectors, models: { fir } };
    const pipeline = new PerceptionPipeline(tinyConfig(), { vision: services.vision, detectors });
    assert.deepEqual([...pipeline.models.keys()], ['fir']);
    assert.equal(pipeline.concurrency, 6);
  });

  it('perceives a recording in order, and reads it no faster than it works', async () => {
    const { services, pipeline } = rig();
    let read = 0;
    function* recording() {
      for (let at = 0; at < 20; at++) {
        read++;
        yield setOf(rawFrame('rgb', at));
      }
    }
    const stamps: bigint[] = [];
    for await (const { stampNs } of pipeline.perceive(recording(), { thumbnail: ['rgb'] })) {
      stamps.push(stampNs);
      assert.ok(read - stamps.length < pipeline.concurrency);
    }
    assert.deepEqual(
      stamps,
      Array.from({ length: 20 }, (_, at) => ms(at)),
    );
    assert.equal(services.calls.filter((call) => call === 'render rgb 1 thumbnail').length, 20);
  });

  it('closes after what is in work has finished, and refuses more', async () => {
    const { services, pipeline } = rig();
    services.hold = true;
    const work = pipeline.process(setOf(rawFrame('rgb')));
    const closed = pipeline.close();
    await assert.rejects(pipeline.process(setOf(rawFrame('rgb'))), /was closed/);
    await settle();
    assert.equal(services.closed, 0, 'work goes on');
    services.letGo();
    perceived((await work).frames.get('rgb'));
    await closed;
    assert.equal(services.closed, 2);
  });

  it('lists the models in use', () => {
    const bands: readonly Spectrum[] = ['rgb', 'fir'];
    assert.deepEqual([...rig(tinyConfig('', bands)).pipeline.models.keys()], bands);
  });
});
