import './noTelemetry.js';
import { clip } from '../geometry/box.js';
import { letterbox, toSource, type Letterbox, type Size } from '../geometry/letterbox.js';
import { nonMaximumSuppression } from '../geometry/nms.js';
import { anchorRef, type AnchorGrid } from './anchors.js';
import type { SeparableWeights } from './classHead.js';
import { composeDetector, readPlainDetector } from './composedDetector.js';
import type { AnchorRef, Detection } from './detection.js';
import { DEFAULT_THRESHOLDS, type DetectionThresholds, type LoadOptions } from './detectionOptions.js';
import type { FeatureMaps } from './featureMaps.js';
import { EnduringSession } from './enduringSession.js';
import { graphOutputs, type GraphOutputs } from './graphOutputs.js';
import { inputTensors } from './inputTensors.js';
import { readModelFiles, type ModelFiles } from './manifest.js';
import type { EfficientDetManifest } from './manifestSchema.js';
import type { ProviderAttempt } from './providerCheck.js';
import { checkedEfficientDet, chooseProvider } from './providerChoice.js';
import { openSession, type Provider } from './providers.js';

export interface DetectionResult {
  /** Best score first; boxes in pixels of the source image, clipped to it. */
  readonly detections: readonly Detection<AnchorRef>[];
  readonly featureMaps: FeatureMaps;
  /** Milliseconds in ONNX Runtime, and in thresholds, suppression and mapping to the source image. */
  readonly timings: { readonly inferenceMs: number; readonly decodeMs: number };
}

/**
 * EfficientDet on ONNX Runtime. `detect` blocks its thread for the whole run: host it in a worker (see DetectorPool;
 * microsoft/onnxruntime#19611).
 */
export class EfficientDet {
  readonly manifest: EfficientDetManifest;
  /** Weights that Grad-CAM needs, for each pyramid level. */
  readonly classHead: readonly SeparableWeights[];
  readonly #grid: AnchorGrid;
  readonly #session: EnduringSession;

  private constructor(
    manifest: EfficientDetManifest,
    classHead: readonly SeparableWeights[],
    grid: AnchorGrid,
    session: EnduringSession,
  ) {
    this.manifest = manifest;
    this.classHead = classHead;
    this.#grid = grid;
    this.#session = session;
  }

  /**
   * Loads the model that a manifest describes, composes the graph, picks a provider and runs a fixed picture through it.
   * @throws ExpectedError `model` or `environment`
   */
  static async load(manifestPath: string, options: LoadOptions = {}): Promise<EfficientDet> {
    return EfficientDet.open(await readModelFiles(manifestPath), options);
  }

  /** @throws ExpectedError as `load` */
  static async open(files: ModelFiles, options: LoadOptions = {}): Promise<EfficientDet> {
    const plain = readPlainDetector(files);
    const graph = composeDetector(plain, options.topK ?? 512);
    const { providers = ['cpu'], threads = 0 } = options;
    const { session, attempts } = await chooseProvider(checkedEfficientDet(plain), graph, providers, threads);
    const enduring = new EnduringSession(session, attempts, () => openSession(graph, 'cpu', threads));
    return new EfficientDet(plain.manifest, plain.head.weights, plain.anchors, enduring);
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

  /**
   * Detects objects in one picture.
   * @param pixels uint8 [H, W, 3], RGB, resized to the model's input as `letterbox(sourceSize)` says; what lies outside the
   *   content does not matter
   * @param sourceSize size of the image before resizing; boxes are in its pixels
   * @throws RangeError where the number of pixels is not the input's
   */
  async detect(pixels: Uint8Array, sourceSize: Size, thresholds: DetectionThresholds = {}): Promise<DetectionResult> {
    const placed = this.letterbox(sourceSize);
    const feeds = inputTensors(pixels, placed.content, this.manifest.input);
    const started = performance.now();
    const outputs = graphOutputs(await this.#session.run(feeds), this.#grid);
    const inferred = performance.now();
    const detections = this.#detections(outputs, placed, { ...DEFAULT_THRESHOLDS, ...thresholds });
    const timings = { inferenceMs: inferred - started, decodeMs: performance.now() - inferred };
    return { detections, featureMaps: outputs.features, timings };
  }

  /** Frees the session. */
  async close(): Promise<void> {
    await this.#session.release();
  }

  #detections(
    { boxes, scores, classes, anchors }: GraphOutputs,
    placed: Letterbox,
    thresholds: Required<DetectionThresholds>,
  ): Detection<AnchorRef>[] {
    const candidates: Detection<AnchorRef>[] = [];
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i];
      const classIndex = classes[i];
      if (!(score >= thresholds.scoreThreshold)) continue;
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(4 * i, 4 * i + 4);
      const box = clip(toSource({ x1, y1, x2, y2 }, placed), placed.source.width, placed.source.height);
      // Boxes wholly in the padding have no area left; a comparison with NaN is false as well.
      if (!(box.x2 > box.x1 && box.y2 > box.y1)) continue;
      const className = this.manifest.classes[classIndex] ?? String(classIndex);
      candidates.push({ box, classIndex, className, score, source: anchorRef(this.#grid, anchors[i]) });
    }
    return nonMaximumSuppression(candidates, thresholds);
  }
}
