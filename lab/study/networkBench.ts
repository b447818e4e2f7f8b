import { EfficientDet } from '../../src/detector/efficientDet.js';
import { MaskedDetector } from '../../src/explain/network/maskedDetector.js';
import type { ExplainedTarget, Explainer, ExplainTarget } from '../../src/explain/explanation.js';
import { openExplainer } from '../../src/explain/run/explainerPool.js';
import type { ExplainSettings } from '../../src/explain/settings.js';
import type { Size } from '../../src/geometry/letterbox.js';
import { modelPicture } from './modelPicture.js';

/** A source picture. */
export interface SourcePixels {
  /** uint8 [h, w, 3], RGB. */
  readonly pixels: Uint8Array;
  readonly size: Size;
}

/** One network with all that the study does to it, each on one thread: two of them keep two cores busy. */
export class NetworkBench {
  readonly detector: EfficientDet;
  readonly masked: MaskedDetector;
  readonly #explainer: Explainer;

  private constructor(detector: EfficientDet, masked: MaskedDetector, explainer: Explainer) {
    this.detector = detector;
    this.masked = masked;
    this.#explainer = explainer;
  }

  /** @throws ExpectedError as EfficientDet.load */
  static async open(manifestPath: string): Promise<NetworkBench> {
    const single = { threads: 1 };
    const detector = await EfficientDet.load(manifestPath, single);
    const masked = await MaskedDetector.load(manifestPath, single);
    return new NetworkBench(detector, masked, await openExplainer(manifestPath, { ...single, workers: 1, batch: 1 }));
  }

  /** The final map of one target, and the passes that it took. */
  async explain(
    { pixels, size }: SourcePixels,
    target: ExplainTarget,
    settings: ExplainSettings,
    seed: number,
  ): Promise<ExplainedTarget & { readonly passes: number }> {
    const { pixels: input } = modelPicture(pixels, size, this.#explainer.manifest.input);
    const request = { input, size, targets: [target], settings, seed };
    for await (const { complete, targets, passes } of this.#explainer.explain(request))
      if (complete) return { ...targets[0], passes };
    throw new Error(`${settings.method} ended without a final map`);
  }

  async close(): Promise<void> {
    await this.#explainer.close();
    await this.masked.close();
    await this.detector.close();
  }
}
