import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type { Size } from '../geometry/letterbox.js';
import type { AnchorGrid } from './anchors.js';
import { composeDetector, readPlainDetector, type PlainDetector } from './composedDetector.js';
import { readModelFiles, type ModelManifest } from './manifest.js';
import {
  composeMasked,
  composePreparation,
  maskedTensors as names,
  type MaskKind,
  type SearchSpace,
} from './maskedGraph.js';
import { MaskedPicture, type MaskedPictureSetup } from './maskedPicture.js';
import { chooseProvider } from './providerChoice.js';
import { openSession, type Provider } from './providers.js';

export interface MaskedDetectorOptions {
  /** Tried in this order, as EfficientDet.load does. Default: `['cpu']`. */
  readonly providers?: readonly Provider[];
  /** Threads of one run on the CPU; 0, the default, takes one for each core. */
  readonly threads?: number;
}

/** Best boxes that leave the graph for suppression outside: as many as google/automl and effdet look at. */
const TOP_K = 5000;

/**
 * EfficientDet behind masks: masks go in, the scores of the targets come out, everything between is one ONNX graph. Runs block
 * their thread: host it in a worker (see explain/explainerPool.ts).
 */
export class MaskedDetector {
  readonly #sessions = new Map<string, Promise<InferenceSession>>();

  private constructor(
    readonly plain: PlainDetector,
    readonly provider: Provider,
    private readonly threads: number,
    private readonly preparation: InferenceSession,
  ) {}

  /** @throws ExpectedError `model` or `environment` as EfficientDet.load */
  static async load(manifestPath: string, options: MaskedDetectorOptions = {}): Promise<MaskedDetector> {
    return MaskedDetector.open(readPlainDetector(await readModelFiles(manifestPath)), options);
  }

  /** @throws ExpectedError as `load` */
  static async open(plain: PlainDetector, options: MaskedDetectorOptions = {}): Promise<MaskedDetector> {
    const { providers = ['cpu'], threads = 0 } = options;
    // The ordinary detector's graph shows whether the model fits its manifest and which provider can be trusted with it.
    const { session, attempts } = await chooseProvider(plain, composeDetector(plain, 64), providers, threads);
    await session.release();
    const provider = attempts.at(-1)?.provider ?? 'cpu';
    return new MaskedDetector(plain, provider, threads, await openSession(composePreparation(plain), 'cpu', 1));
  }

  get manifest(): ModelManifest {
    return this.plain.manifest;
  }

  get anchors(): AnchorGrid {
    return this.plain.anchors;
  }

  /**
   * Takes up a picture and its targets, and runs the unmasked picture once.
   * @throws RangeError for pixels that are not the model's input, or a target without area or of a class that does not exist
   */
  async picture(setup: MaskedPictureSetup): Promise<MaskedPicture> {
    const planes = await this.#prepare(setup.pixels, setup.fill, setup.content);
    return MaskedPicture.open(this, planes, setup);
  }

  /** Runs the graph of the given kind; each kind's session is opened at its first use. */
  async run(
    masks: MaskKind,
    search: SearchSpace,
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<InferenceSession.OnnxValueMapType> {
    const key = `${masks} ${search}`;
    const opened =
      this.#sessions.get(key) ??
      openSession(composeMasked(this.plain, masks, search, TOP_K), this.provider, this.threads);
    this.#sessions.set(key, opened);
    return (await opened).run(feeds);
  }

  /** Frees the sessions. */
  async close(): Promise<void> {
    const opened = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of opened) await (await session).release();
    await this.preparation.release();
  }

  async #prepare(pixels: Uint8Array, fill: Uint8Array, content: Size): Promise<Record<string, Tensor>> {
    const { width, height, resize } = this.manifest.input;
    const picture = (values: Uint8Array): Tensor => {
      if (values.length !== width * height * 3)
        throw new RangeError(`${values.length} values are no ${width}×${height} RGB picture`);
      const own = values.buffer instanceof SharedArrayBuffer ? values.slice() : values;
      return new Tensor('uint8', own, [1, height, width, 3]);
    };
    const feeds: Record<string, Tensor> = { [names.pixels]: picture(pixels), [names.fill]: picture(fill) };
    if (resize === 'letterbox-top-left')
      feeds[names.contentSize] = new Tensor('int32', Int32Array.of(content.height, content.width), [1, 2]);
    const outputs = await this.preparation.run(feeds);
    return { [names.contrast]: outputs[names.contrast], [names.ground]: outputs[names.ground] };
  }
}
