import '../../detector/noTelemetry.js';
import { availableParallelism } from 'node:os';
import type { ModelManifest } from '../../detector/manifest.js';
import type { Provider } from '../../detector/providers.js';
import { clip } from '../../geometry/box.js';
import { letterbox, toInput } from '../../geometry/letterbox.js';
import { MaskStream, type MaskStreamOptions } from '../masks/maskStream.js';
import { ask } from '../../workers/ask.js';
import { closeCrew, loadCrew } from '../../workers/crew.js';
import { WorkerClient } from '../../workers/workerClient.js';
import { estimateOf, mapSize } from '../estimates/estimateOf.js';
import type { ExplainAnswer, ExplainTask, ExplainWorkerSetup, PictureToExplain } from './explainProtocol.js';
import type { Explainer, Explanation, ExplainRequest, MapsSoFar } from '../explanation.js';
import { explainByMasks, type ScoreSource } from './maskExplanation.js';
import { checkRequest, requestHash } from '../request.js';
import type { GradientSettings, SettingsOf } from '../settings.js';
import { explainBySidu, type GridScorer } from './siduExplanation.js';
import { meanOverWindow } from './windowScores.js';

export interface ExplainerOptions {
  /** Threads that score masks side by side. Default: one for each core; one where a GPU may be used. */
  readonly workers?: number;
  /** Threads of one forward pass on the CPU. Default: the cores shared among the workers, at least 1. */
  readonly threads?: number;
  /** Tried in this order. Default `['cpu']`. */
  readonly providers?: readonly Provider[];
  /** Masks of one forward pass. Default 1 on the CPU, where more do not pay, and 8 where a GPU may be used. */
  readonly batch?: number;
}

/**
 * Starts workers that explain detections of one model; the caller's thread never waits for inference.
 * @throws ExpectedError `model` or `environment` as EfficientDet.load
 */
export async function openExplainer(manifestPath: string, options: ExplainerOptions = {}): Promise<Explainer> {
  const providers = options.providers ?? ['cpu'];
  const onlyCpu = providers.every((provider) => provider === 'cpu');
  const cores = availableParallelism();
  const workers = Math.max(1, options.workers ?? (onlyCpu ? cores : 1));
  const threads = options.threads ?? Math.max(1, Math.floor(cores / workers));
  const setup: ExplainWorkerSetup = { manifestPath, providers, threads, batch: options.batch ?? (onlyCpu ? 1 : 8) };
  const clients = Array.from(
    { length: workers },
    (_, i) =>
      new WorkerClient<ExplainTask, ExplainAnswer>(new URL('./explainWorker.js', import.meta.url), {
        name: `explanation worker ${i + 1}`,
        workerData: setup,
      }),
  );
  const [first] = await loadCrew(clients, (client) => ask(client, { kind: 'load' }, 'loaded'));
  return new ExplainerPool(first.manifest, first.provider, clients, setup.batch);
}

type Client = WorkerClient<ExplainTask, ExplainAnswer>;

class ExplainerPool implements Explainer {
  #nextId = 0;
  readonly manifest: ModelManifest;
  readonly provider: Provider;
  readonly #clients: readonly Client[];
  readonly #batch: number;

  constructor(manifest: ModelManifest, provider: Provider, clients: readonly Client[], batch: number) {
    this.manifest = manifest;
    this.provider = provider;
    this.#clients = clients;
    this.#batch = batch;
  }

  async *explain(request: ExplainRequest, signal?: AbortSignal): AsyncGenerator<Explanation> {
    signal?.throwIfAborted();
    checkRequest(request, this.manifest);
    const { name, sha256 } = this.manifest;
    const model = { name, sha256, provider: this.provider };
    for await (const maps of this.#maps(request, signal))
      yield { ...maps, request, model, madeAtNs: BigInt(Date.now()) * 1_000_000n };
  }

  async *#maps(request: ExplainRequest, signal: AbortSignal | undefined): AsyncGenerator<MapsSoFar> {
    const { settings } = request;
    switch (settings.method) {
      case 'rise':
      case 'd-rise':
      case 'live-rise':
        yield* this.#byMasks(request, settings, signal);
        return;
      case 'sidu':
        yield* this.#sidu(request, settings, signal);
        return;
      case 'grad-cam':
      case 'grad-cam++':
      case 'hirescam':
      case 'integrated-gradients':
      case 'layercam':
      case 'odam':
      case 'smooth-grad':
        yield await this.#gradients(request, settings);
        return;
    }
  }

  async close(): Promise<void> {
    await closeCrew(this.#clients);
  }

  async *#byMasks(
    request: ExplainRequest,
    settings: SettingsOf<'rise'> | SettingsOf<'d-rise'> | SettingsOf<'live-rise'>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<MapsSoFar> {
    const { input } = this.manifest;
    const placed = letterbox(request.size, input, input.resize);
    const { content } = placed;
    const pictures = windowPictures(request).map((picture) => ({ id: this.#nextId++, ...picture }));
    const [{ picture }] = pictures;
    const options: MaskStreamOptions = {
      seed: request.seed,
      content,
      grid: settings.grid,
      probability: settings.probability,
      sampler: settings.sampler,
      targets: picture.targets.map(({ box }) => toInput(box, placed)),
    };
    const begin = {
      kind: 'begin',
      fill: settings.fill,
      rule: settings.target,
      stream: options,
      value: settings.method === 'd-rise' ? 'similarity' : 'score',
      ...(settings.method === 'live-rise' ? { live: settings } : {}),
    } as const;
    const stream = new MaskStream(options);
    const map = mapSize(content, settings);
    const estimate = estimateOf(settings, stream, picture.targets.length);
    const { resume } = request;
    if (resume) estimate.restore(resume.passes, resume.sums);
    const lost = picture.targets.map((_, t) => resume?.lost[t] ?? 0);
    try {
      for (const { id, picture: begun } of pictures)
        await Promise.all(this.#clients.map((client) => ask(client, { ...begin, id, picture: begun }, 'done')));
      const parts = { stream, source: this.#source(pictures, lost.length), estimate, map, targetCount: lost.length };
      yield* explainByMasks(parts, settings, lost, requestHash(request, this.manifest), signal);
    } finally {
      const ends = this.#clients.flatMap((client) => pictures.map(({ id }) => client.call({ kind: 'end', id })));
      await Promise.allSettled(ends);
    }
  }

  async *#sidu(
    request: ExplainRequest,
    settings: SettingsOf<'sidu'>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<MapsSoFar> {
    const id = this.#nextId++;
    const { input, classes } = this.manifest;
    const placed = letterbox(request.size, input, input.resize);
    const picture = pictureOf(request);
    const { fill, target: rule, masks } = settings;
    try {
      await Promise.all(
        this.#clients.map((client) => ask(client, { kind: 'begin', id, picture, fill, rule, value: 'score' }, 'done')),
      );
      const made = ask(this.#idlest, { kind: 'siduMasks', picture, rule, masks }, 'siduMasks');
      const plan = {
        levels: made.then(({ levels }) => levels),
        placed,
        map: mapSize(placed.content, settings),
        classIndices: picture.targets.map(({ classIndex }) => classIndex),
        classCount: classes.length,
      };
      const scorer: GridScorer = {
        parallel: this.#clients.length,
        batch: this.#batch,
        score: (grids) => ask(this.#idlest, { kind: 'scoreGrids', id, masks: grids }, 'vectors'),
      };
      yield* explainBySidu(plan, scorer, settings, signal);
    } finally {
      await Promise.allSettled(this.#clients.map((client) => client.call({ kind: 'end', id })));
    }
  }

  #source(pictures: readonly (WindowPicture & { readonly id: number })[], targetCount: number): ScoreSource {
    return {
      parallel: this.#clients.length,
      score: async (from, count) => {
        const asked = pictures.map(async ({ id, targets }) => {
          const scores = await ask(this.#idlest, { kind: 'score', id, from, count }, 'scored');
          return { targets, scores };
        });
        return meanOverWindow(await Promise.all(asked), count, targetCount);
      },
    };
  }

  get #idlest(): Client {
    return this.#clients.reduce((a, b) => (b.inFlight < a.inFlight ? b : a));
  }

  async #gradients(request: ExplainRequest, settings: GradientSettings): Promise<MapsSoFar> {
    const task = { kind: 'gradients', picture: pictureOf(request), settings, seed: request.seed } as const;
    const { maps } = await ask(this.#clients[0], task, 'maps');
    const nothing = { width: 1, height: 1, values: new Float32Array(1) };
    return {
      passes: 1,
      plannedPasses: 1,
      converged: false,
      complete: true,
      targets: maps.map((map) => ({ map: map ?? nothing, lost: map ? 0 : 1 })),
    };
  }
}

/** A picture of a window, and which of the request's targets are in it. */
interface WindowPicture {
  readonly picture: PictureToExplain;
  readonly targets: readonly number[];
}

/** The picture itself, then those of its window that have any of the targets. */
function windowPictures(request: ExplainRequest): [WindowPicture, ...WindowPicture[]] {
  const { targets, size, window = [] } = request;
  const others = window.flatMap(({ input, boxes }): WindowPicture[] => {
    const present = targets.flatMap((target, index) => {
      const box = boxes[index];
      return box ? [{ index, target: { ...target, box } }] : [];
    });
    if (present.length === 0) return [];
    const picture = pictureOf({ input, size, targets: present.map(({ target }) => target) });
    return [{ picture, targets: present.map(({ index }) => index) }];
  });
  return [{ picture: pictureOf(request), targets: targets.map((_, index) => index) }, ...others];
}

function pictureOf({ input, size, targets }: Pick<ExplainRequest, 'input' | 'size' | 'targets'>): PictureToExplain {
  return {
    input,
    size,
    targets: targets.map(({ box, classIndex }) => ({ box: clip(box, size.width, size.height), classIndex })),
  };
}
