import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type { Size } from '../../geometry/letterbox.js';
import type { AnchorGrid } from '../../detector/anchors.js';
import { composeBoxes, readBoxNetwork } from '../../detector/boxNetwork.js';
import { ExpectedError } from '../../errors.js';
import { needsContentSize } from '../../detector/inputStages.js';
import { cutBackbone, type CutModel } from './backbone.js';
import { composeDetector, readPlainDetector, type PlainDetector } from '../../detector/composedDetector.js';
import { composeFeatures } from './featureGraph.js';
import { composeBackbone, composeLive, type FeatureGround, type MapShape } from './liveGraph.js';
import { livePlanes, mapShapes } from './livePlanes.js';
import { readModelFiles, type ModelManifest } from '../../detector/manifest.js';
import {
  composeMasked,
  composePreparation,
  maskedTensors as names,
  type MaskableNetwork,
  type MaskKind,
  type SearchSpace,
} from './maskedGraph.js';
import { MaskedPicture, type MaskedNetwork, type MaskedPictureSetup } from './maskedPicture.js';
import { checkedEfficientDet, checkedNetwork, chooseProvider } from '../../detector/providerChoice.js';
import { openSession, type Provider } from '../../detector/providers.js';

export interface MaskedDetectorOptions {
  /** Tried in this order, as EfficientDet.load does. Default: `['cpu']`. */
  readonly providers?: readonly Provider[];
  /** Threads of one run on the CPU; 0, the default, takes one for each core. */
  readonly threads?: number;
}

/** Best boxes that leave the graph for suppression outside: as many as google/automl and effdet look at. */
const TOP_K = 5000;

/**
 * A detector behind masks: masks go in, the scores of the targets come out, everything between is one ONNX graph. Runs block
 * their thread: host it in a worker (see explain/explainerPool.ts).
 */
export class MaskedDetector implements MaskedNetwork {
  readonly #sessions = new Map<string, Promise<InferenceSession>>();
  #cut: CutModel | undefined;
  #shapes: readonly MapShape[] = [];
  readonly network: MaskableNetwork;
  readonly provider: Provider;
  readonly #threads: number;
  readonly #preparation: InferenceSession;

  private constructor(network: MaskableNetwork, provider: Provider, threads: number, preparation: InferenceSession) {
    this.network = network;
    this.provider = provider;
    this.#threads = threads;
    this.#preparation = preparation;
  }

  /** @throws ExpectedError `model` or `environment` as EfficientDet.load */
  static async load(manifestPath: string, options: MaskedDetectorOptions = {}): Promise<MaskedDetector> {
    const files = await readModelFiles(manifestPath);
    const efficientDet = files.manifest.family === 'efficientdet';
    return MaskedDetector.open(efficientDet ? readPlainDetector(files) : readBoxNetwork(files), options);
  }

  /** @throws ExpectedError as `load` */
  static async open(network: MaskableNetwork, options: MaskedDetectorOptions = {}): Promise<MaskedDetector> {
    const { providers = ['cpu'], threads = 0 } = options;
    // The ordinary detector's graph shows whether the model fits its manifest and which provider can be trusted with it.
    const { session, attempts } =
      'anchors' in network
        ? await chooseProvider(checkedEfficientDet(network), composeDetector(network, 64), providers, threads)
        : await chooseProvider(checkedNetwork(network), composeBoxes(network, 64), providers, threads);
    await session.release();
    const provider = attempts.at(-1)?.provider ?? 'cpu';
    return new MaskedDetector(network, provider, threads, await openSession(composePreparation(network), 'cpu', 1));
  }

  get manifest(): ModelManifest {
    return this.network.manifest;
  }

  /**
   * The network where it is EfficientDet, whose insides live masks and SIDU know.
   * @throws ExpectedError `usage` for another family
   */
  get plain(): PlainDetector {
    if ('anchors' in this.network) return this.network;
    throw new ExpectedError(
      'usage',
      `masks inside the network are known for EfficientDet only, and ${this.manifest.name} is of the family ${this.manifest.family}`,
      'use rise or d-rise, which mask the picture',
    );
  }

  get anchors(): AnchorGrid {
    return this.plain.anchors;
  }

  /**
   * Takes up a picture and its targets, and runs the unmasked picture unless told not to.
   * @throws RangeError for pixels that are not the model's input, or a target without area or of a class that does not exist
   * @throws ExpectedError `model` where features are to be masked and the end of the backbone is not found
   */
  async picture(setup: MaskedPictureSetup): Promise<MaskedPicture> {
    const planes = await this.#prepare(setup.pixels, setup.fill, setup.content);
    const live = setup.features && (await this.#livePlanes(planes, setup.features, setup.content));
    return MaskedPicture.open(this, live ?? planes, setup);
  }

  /** Runs the graph of the given kind; each kind's session is opened at its first use. */
  async run(
    masks: MaskKind,
    search: SearchSpace,
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<InferenceSession.OnnxValueMapType> {
    const compose = (): Uint8Array =>
      masks === 'features'
        ? composeLive(this.plain, this.cut, this.#shapes, search, TOP_K)
        : composeMasked(this.network, masks, search, TOP_K);
    return this.#runGraph(`${masks} ${search}`, compose, feeds);
  }

  /** The model in two: see cutBackbone. */
  get cut(): CutModel {
    return (this.#cut ??= cutBackbone(this.plain.model, this.plain.manifest, this.plain.head));
  }

  /**
   * What the network makes of a picture without a mask: see composeFeatures.
   * @param pixels uint8 [H, W, 3], RGB, resized to the model's input
   */
  async unmasked(pixels: Uint8Array, content: Size): Promise<InferenceSession.OnnxValueMapType> {
    const planes = await this.#prepare(pixels, pixels, content);
    return this.#runGraph('unmasked', () => composeFeatures(this.plain), planes);
  }

  async #runGraph(
    key: string,
    compose: () => Uint8Array,
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<InferenceSession.OnnxValueMapType> {
    const opened =
      this.#sessions.get(key) ?? Promise.resolve().then(() => openSession(compose(), this.provider, this.#threads));
    this.#sessions.set(key, opened);
    return (await opened).run(feeds);
  }

  /** Runs the backbone on the picture, and on the fill where features blend into it. */
  async #livePlanes(
    planes: Readonly<Record<string, Tensor>>,
    ground: FeatureGround,
    content: Size,
  ): Promise<Record<string, Tensor>> {
    const { cut } = this;
    const backbone = (feeds: Readonly<Record<string, Tensor>>): Promise<InferenceSession.OnnxValueMapType> =>
      this.#runGraph('backbone', () => composeBackbone(this.plain, cut), feeds);
    const shown = await backbone(planes);
    this.#shapes = mapShapes(shown, cut.features.length, this.manifest.name);
    const contrast = planes[names.contrast];
    const nothing = new Tensor('float32', new Float32Array(contrast.size), contrast.dims);
    const fill = ground === 'fill' ? await backbone({ ...planes, [names.contrast]: nothing }) : undefined;
    return livePlanes(shown, fill, this.#shapes, this.manifest.input, content);
  }

  /** Frees the sessions. */
  async close(): Promise<void> {
    const opened = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of opened) await (await session).release();
    await this.#preparation.release();
  }

  async #prepare(pixels: Uint8Array, fill: Uint8Array, content: Size): Promise<Record<string, Tensor>> {
    const { input } = this.manifest;
    const { width, height } = input;
    const picture = (values: Uint8Array): Tensor => {
      if (values.length !== width * height * 3)
        throw new RangeError(`${values.length} values are no ${width}×${height} RGB picture`);
      const own = values.buffer instanceof SharedArrayBuffer ? values.slice() : values;
      return new Tensor('uint8', own, [1, height, width, 3]);
    };
    const feeds: Record<string, Tensor> = { [names.pixels]: picture(pixels), [names.fill]: picture(fill) };
    if (needsContentSize(input))
      feeds[names.contentSize] = new Tensor('int32', Int32Array.of(content.height, content.width), [1, 2]);
    const outputs = await this.#preparation.run(feeds);
    return { [names.contrast]: outputs[names.contrast], [names.ground]: outputs[names.ground] };
  }
}
