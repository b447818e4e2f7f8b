import './noTelemetry.js';
import { clip } from '../geometry/box.js';
import { contentOffset, letterbox, toSource, type Letterbox, type Size } from '../geometry/letterbox.js';
import { nonMaximumSuppression } from '../geometry/nms.js';
import { composeBoxes, readBoxNetwork } from './boxNetwork.js';
import type { Detection, PlaceRef } from './detection.js';
import { DEFAULT_THRESHOLDS, type DetectionThresholds, type LoadOptions } from './detectionOptions.js';
import { EnduringSession } from './enduringSession.js';
import type { BoxNetwork } from './families/family.js';
import type { FeatureMaps } from './featureMaps.js';
import { graphOutputs, type GraphOutputs } from './graphOutputs.js';
import { inputTensors } from './inputTensors.js';
import { readModelFiles } from './manifest.js';
import type { ModelManifest } from './manifestSchema.js';
import type { ProviderAttempt } from './providerCheck.js';
import { checkedNetwork, chooseProvider } from './providerChoice.js';
import { openSession, type Provider } from './providers.js';

/** A network of any family on ONNX Runtime. `detect` blocks its thread for the whole run: host it in a worker (see DetectorPool). */
export class BoxDetector {
  readonly network: BoxNetwork;
  readonly #session: EnduringSession;

  private constructor(network: BoxNetwork, session: EnduringSession) {
    this.network = network;
    this.#session = session;
  }

  /**
   * Loads the model that a manifest describes, composes the graph, picks a provider and runs a fixed picture through it.
   * @throws ExpectedError `model` or `environment`
   */
  static async load(manifestPath: string, options: LoadOptions = {}): Promise<BoxDetector> {
    return BoxDetector.open(readBoxNetwork(await readModelFiles(manifestPath)), options);
  }

  /** @throws ExpectedError as `load` */
  static async open(network: BoxNetwork, options: LoadOptions = {}): Promise<BoxDetector> {
    const graph = composeBoxes(network, options.topK ?? 512);
    const { providers = ['cpu'], threads = 0 } = options;
    const { session, attempts } = await chooseProvider(checkedNetwork(network), graph, providers, threads);
    return new BoxDetector(network, new EnduringSession(session, attempts, () => openSession(graph, 'cpu', threads)));
  }

  get manifest(): ModelManifest {
    return this.network.manifest;
  }

  /** What was tried, in order; the last one is in use. It changes when a provider fails while it runs. */
  get providerAttempts(): readonly ProviderAttempt[] {
    return this.#session.attempts;
  }

  /** The provider in use. */
  get provider(): Provider {
    return (this.providerAttempts.at(-1) as ProviderAttempt).provider;
  }

  /** How a picture has to be laid into the input before `detect`. */
  letterbox(source: Size): Letterbox {
    return letterbox(source, this.manifest.input, this.manifest.input.resize);
  }

  /** As EfficientDet.detect; there are no feature maps. */
  async detect(
    pixels: Uint8Array,
    sourceSize: Size,
    thresholds: DetectionThresholds = {},
  ): Promise<{
    readonly detections: readonly Detection<PlaceRef>[];
    readonly featureMaps: FeatureMaps;
    readonly timings: { readonly inferenceMs: number; readonly decodeMs: number };
  }> {
    const placed = this.letterbox(sourceSize);
    const feeds = inputTensors(pixels, placed.content, this.manifest.input);
    const started = performance.now();
    const outputs = graphOutputs(await this.#session.run(feeds), { levels: [] });
    const inferred = performance.now();
    const detections = this.#detections(outputs, placed, { ...DEFAULT_THRESHOLDS, ...thresholds });
    const timings = { inferenceMs: inferred - started, decodeMs: performance.now() - inferred };
    return { detections, featureMaps: [], timings };
  }

  /** Frees the session. */
  async close(): Promise<void> {
    await this.#session.release();
  }

  #detections(
    { boxes, scores, classes, anchors: places }: GraphOutputs,
    placed: Letterbox,
    thresholds: Required<DetectionThresholds>,
  ): Detection<PlaceRef>[] {
    const { manifest, head } = this.network;
    const offset = contentOffset(placed.content, manifest.input);
    const candidates: Detection<PlaceRef>[] = [];
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i];
      const classIndex = classes[i];
      if (!(score >= thresholds.scoreThreshold)) continue;
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(4 * i, 4 * i + 4);
      const moved = { x1: x1 - offset.x, y1: y1 - offset.y, x2: x2 - offset.x, y2: y2 - offset.y };
      const box = clip(toSource(moved, placed), placed.source.width, placed.source.height);
      // Boxes wholly in the padding have no area left; a comparison with NaN is false as well.
      if (!(box.x2 > box.x1 && box.y2 > box.y1)) continue;
      const className = manifest.classes[classIndex] ?? String(classIndex);
      candidates.push({ box, classIndex, className, score, source: { place: places[i] } });
    }
    if (head.suppression === 'needed') return nonMaximumSuppression(candidates, thresholds);
    return candidates.sort((a, b) => b.score - a.score).slice(0, thresholds.maxDetections);
  }
}
