import type { DetectionThresholds } from '../detector/detectionOptions.js';
import { asError, ExpectedError } from '../errors.js';
import type { Frame } from '../images/frame.js';
import type { PictureToPaint } from '../images/paint.js';
import { DetectorPool } from './detectorPool.js';
import type { DetectionJob, DetectionJobResult, LoadedModel } from './protocol.js';
import type { Spectrum } from '../spectrum.js';
import { type Clock, millisecondsBetween, systemClock } from './clock.js';
import { bandsOf } from './config.js';
import type { PerceptionConfig } from './configSchema.js';
import type { FrameSet } from './frameSet.js';
import { mapConcurrent } from './mapConcurrent.js';
import { ModelsInUse } from './modelsInUse.js';
import type {
  FailedFrame,
  ModelIdentity,
  PerceivedFrame,
  PerceivedSet,
  PictureRequest,
  Pictures,
} from './perceivedSet.js';
import { VisionClient, type VisionService } from './visionClient.js';
import type { DecodedPicture } from './visionProtocol.js';

/** Inference of the pipeline, done in other threads; a DetectorPool is one. Models are keyed by spectrum. */
export interface DetectionService {
  readonly models: Readonly<Record<string, LoadedModel>>;
  readonly workerCount: number;
  detect(job: DetectionJob): Promise<DetectionJobResult>;
  close(): Promise<void>;
}

export interface PerceptionServices {
  readonly vision: VisionService;
  readonly detectors: DetectionService;
}

export interface PerceptionHooks {
  /** Times the stages. */
  readonly clock?: Clock;
  /** Called once when a worker has died: the pipeline is of no more use, and the process should end. */
  readonly onFatal?: (error: ExpectedError) => void;
  /** An error in a worker that belongs to no frame; the worker goes on. */
  readonly onStray?: (error: Error) => void;
  /** A model's execution provider was lost, and it goes on with another one. */
  readonly onFallback?: (spectrum: Spectrum, model: ModelIdentity) => void;
}

/** What to make of a set beside detections; for all of its frames, or for those of some bands. */
export interface ProcessOptions {
  readonly overlay?: boolean | readonly Spectrum[];
  readonly thumbnail?: boolean | readonly Spectrum[];
  /** In place of the configuration's, for this set: what a live node's parameters say now. */
  readonly thresholds?: DetectionThresholds;
  readonly gradCam?: PerceptionConfig['explanation']['gradCam'];
  /** Called with each frame as soon as it is done: live detections do not wait for the other bands. Must not throw. */
  readonly onFrame?: (frame: PerceivedFrame | FailedFrame) => void;
}

/**
 * From frame sets to detections, each with its Grad-CAM map and attention figures. Image work runs in the vision thread,
 * inference and Grad-CAM in the detector threads; buffers move between them and are not copied.
 *
 * A bad frame gives a `failed` value for its spectrum and nothing else; a worker's death is fatal: the calls that it
 * concerns, and all later ones, are rejected with an ExpectedError (environment) that names the worker.
 */
export class PerceptionPipeline {
  /** Frame sets that `process` takes at a time; enough to keep every detector thread busy, and no more. */
  readonly concurrency: number;
  readonly #models: ModelsInUse;
  readonly #clock: Clock;
  readonly #inWork = new Set<Promise<unknown>>();
  #nextKey = 0;
  #end: Error | undefined;
  readonly config: PerceptionConfig;
  readonly services: PerceptionServices;
  readonly hooks: PerceptionHooks;

  /** With services of the caller's; `open` makes the usual ones. */
  constructor(config: PerceptionConfig, services: PerceptionServices, hooks: PerceptionHooks = {}) {
    this.config = config;
    this.services = services;
    this.hooks = hooks;
    this.#clock = hooks.clock ?? systemClock;
    this.#models = new ModelsInUse(bandsOf(config), services.detectors.models, (spectrum, model) =>
      hooks.onFallback?.(spectrum, model),
    );
    this.concurrency = concurrencyOf(this.models.size, services.detectors.workerCount);
  }

  /**
   * Starts the threads and loads the models. Once per process (see VisionClient).
   * @param bands The bands that will come; by default all configured ones.
   * @throws ExpectedError `model` or `environment`
   */
  static async open(
    config: PerceptionConfig,
    hooks: PerceptionHooks = {},
    bands = bandsOf(config),
  ): Promise<PerceptionPipeline> {
    const { execution, detection } = config;
    const manifests = bands.map((spectrum) => [spectrum, cameraOf(config, spectrum).model]);
    const detectors = await DetectorPool.open({
      models: Object.fromEntries(manifests) as Record<string, string>,
      mode: execution.mode,
      providers: execution.providers,
      topK: detection.topK,
      ...(execution.workers === undefined ? {} : { workers: execution.workers }),
      ...(execution.threads === undefined ? {} : { threads: execution.threads }),
      // Never reached: `process` takes no more sets than `concurrency`.
      maxWaiting: 10_000,
      ...(hooks.onStray === undefined ? {} : { onStray: hooks.onStray }),
    });
    try {
      let whenDead: (error: ExpectedError) => void = () => undefined;
      const vision = await VisionClient.open(
        {
          bands: Object.fromEntries(
            bands.map((spectrum) => {
              const model = detectors.models[spectrum];
              if (model === undefined) throw new Error(`the detector pool has no model ${spectrum}`);
              const { width, height, resize } = model.manifest.input;
              return [spectrum, { intensity: cameraOf(config, spectrum).intensity, input: { width, height, resize } }];
            }),
          ),
          pictures: config.pictures,
          keepPictures: bands.length * (concurrencyOf(bands.length, detectors.workerCount) + 1),
        },
        {
          onDeath: (error) => whenDead(error),
          ...(hooks.onStray === undefined ? {} : { onStray: hooks.onStray }),
        },
      );
      const pipeline = new PerceptionPipeline(config, { vision, detectors }, hooks);
      whenDead = (error) => void pipeline.#fatal(error);
      return pipeline;
    } catch (error) {
      await detectors.close();
      throw error;
    }
  }

  /** The models in use, by spectrum; what they run on changes when a provider is lost. */
  get models(): ReadonlyMap<Spectrum, ModelIdentity> {
    return this.#models.current;
  }

  /**
   * Perceives the frames of one set, all at a time.
   * @throws ExpectedError (environment) when a worker has died; Error when `concurrency` sets are in work already, or after
   *   `close`. Never for a bad frame.
   */
  process(set: FrameSet, options: ProcessOptions = {}): Promise<PerceivedSet> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    if (this.#inWork.size >= this.concurrency) {
      return Promise.reject(new Error(`${this.#inWork.size} frame sets are in work already: wait for one of them`));
    }
    const work = this.#process(set, options);
    const done = work.finally(() => this.#inWork.delete(done)).catch(() => undefined);
    this.#inWork.add(done);
    return work;
  }

  /** Perceives a recording: ordered, lossless, with as many sets in work as keep the machine busy, and no more. */
  perceive(
    sets: AsyncIterable<FrameSet> | Iterable<FrameSet>,
    options: ProcessOptions = {},
  ): AsyncGenerator<PerceivedSet> {
    return mapConcurrent(sets, this.concurrency, (set) => this.process(set, options));
  }

  /**
   * Paints pictures of a frame that was perceived a moment ago (the latest few are kept): live overlays are painted after
   * the detections went out, and only for subscribers.
   * @throws Error where the picture is no longer kept; ExpectedError (environment) when the vision worker has died
   */
  async render(frame: PerceivedFrame, wanted: PictureRequest): Promise<Pictures> {
    if (this.#end !== undefined) throw this.#end;
    return this.#guard(this.services.vision.render(frame.pictureKey, frame.detections, wanted));
  }

  /**
   * The decoded picture of a frame that was perceived a moment ago, and the very input that it was detected in: who explains it need not
   * decode it a second time.
   * @throws as `render`
   */
  async pixels({ pictureKey, header }: PerceivedFrame): Promise<DecodedPicture> {
    if (this.#end !== undefined) throw this.#end;
    return this.#guard(this.services.vision.pixels(pictureKey, header.spectrum));
  }

  /** Paints any picture in the vision thread. @throws ExpectedError (environment) when the vision worker has died */
  async paint(picture: PictureToPaint): Promise<Uint8Array> {
    if (this.#end !== undefined) throw this.#end;
    return this.#guard(this.services.vision.paint(picture));
  }

  /** Takes nothing more, lets what is in work finish, and ends the threads. */
  async close(): Promise<void> {
    this.#end ??= new Error('the perception pipeline was closed');
    await Promise.all(this.#inWork);
    await Promise.all([this.services.vision.close(), this.services.detectors.close()]);
  }

  async #process(set: FrameSet, options: ProcessOptions): Promise<PerceivedSet> {
    const startNs = this.#clock.nowNs();
    const outcomes = await Promise.allSettled(
      [...set.frames].map(async ([spectrum, frame]) => {
        const wanted = { overlay: wants(options.overlay, spectrum), thumbnail: wants(options.thumbnail, spectrum) };
        const result = await this.#frame(spectrum, frame, wanted, options);
        options.onFrame?.(result);
        return [spectrum, result] as const;
      }),
    );
    const frames = new Map<Spectrum, PerceivedFrame | FailedFrame>();
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') throw outcome.reason;
      frames.set(...outcome.value);
    }
    const { stampNs, skewNs, missing } = set;
    return { stampNs, skewNs, missing, frames, totalMs: millisecondsBetween(startNs, this.#clock.nowNs()) };
  }

  async #frame(
    spectrum: Spectrum,
    frame: Frame,
    wanted: Pick<PictureRequest, 'overlay' | 'thumbnail'>,
    options: ProcessOptions,
  ): Promise<PerceivedFrame | FailedFrame> {
    const { image, ...header } = frame;
    const { vision, detectors } = this.services;
    const { scoreThreshold, iouThreshold, maxDetections } = { ...this.config.detection, ...options.thresholds };
    const gradCam = options.gradCam ?? this.config.explanation.gradCam;
    const startNs = this.#clock.nowNs();
    const pictureKey = this.#nextKey++;
    let stage: FailedFrame['stage'] = 'decode';
    try {
      const model = this.models.get(spectrum);
      if (model === undefined) throw noModel(spectrum);
      const prepared = await this.#guard(vision.prepare(pictureKey, spectrum, frame.stampNs, image));
      stage = 'detect';
      const { source, decodeMs, resizeMs } = prepared;
      const { detections, pixels, timings, providerAttempts } = await this.#guard(
        detectors.detect({
          model: spectrum,
          pixels: prepared.input,
          source,
          thresholds: { scoreThreshold, iouThreshold, maxDetections },
          gradCam: gradCam === 'off' ? false : gradCam,
        }),
      );
      vision.reuse(pixels);
      const totalMs = millisecondsBetween(startNs, this.#clock.nowNs());
      const { inferenceMs, decodeMs: postprocessMs, gradCamMs } = timings;
      const worked = decodeMs + resizeMs + inferenceMs + postprocessMs + gradCamMs;
      const perceived: PerceivedFrame = {
        kind: 'perceived',
        header,
        width: source.width,
        height: source.height,
        detections,
        model: this.#models.after(spectrum, providerAttempts) ?? model,
        timings: {
          decodeMs,
          resizeMs,
          inferenceMs,
          postprocessMs,
          gradCamMs,
          queueMs: Math.max(0, totalMs - worked),
          totalMs,
        },
        pictureKey,
      };
      return wanted.overlay || wanted.thumbnail ? await this.#withPictures(perceived, wanted) : perceived;
    } catch (error) {
      if (this.#end !== undefined && error === this.#end) throw error;
      return { kind: 'failed', header, stage, error: asError(error) };
    }
  }

  /** A picture that cannot be painted does not take the detections with it. */
  async #withPictures(frame: PerceivedFrame, wanted: PictureRequest): Promise<PerceivedFrame> {
    const { vision } = this.services;
    try {
      return { ...frame, pictures: await this.#guard(vision.render(frame.pictureKey, frame.detections, wanted)) };
    } catch (error) {
      if (this.#end !== undefined && error === this.#end) throw error;
      return { ...frame, picturesError: asError(error) };
    }
  }

  /** The services' environment errors mean that a worker, or what it needs, is gone: no frame can be at fault for that. */
  async #guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof ExpectedError && error.kind === 'environment') throw this.#fatal(error);
      throw error;
    }
  }

  #fatal(error: ExpectedError): Error {
    if (this.#end === undefined) {
      this.#end = error;
      this.hooks.onFatal?.(error);
    }
    return this.#end;
  }
}

/** One frame in each detector thread, one ready for each, and one in the vision thread; in whole sets. */
function concurrencyOf(bands: number, workers: number): number {
  return Math.ceil((2 * workers + 1) / bands) + 1;
}

function cameraOf({ cameras }: PerceptionConfig, spectrum: Spectrum) {
  const camera = cameras[spectrum];
  if (camera === undefined) throw noModel(spectrum);
  return camera;
}

function noModel(spectrum: Spectrum): ExpectedError {
  return new ExpectedError('usage', `no model is configured for the band ${spectrum}`, `add cameras.${spectrum}.model`);
}

function wants(choice: boolean | readonly Spectrum[] | undefined, spectrum: Spectrum): boolean {
  return typeof choice === 'object' ? choice.includes(spectrum) : choice === true;
}
