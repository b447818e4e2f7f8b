import { EfficientDet } from '../../../src/detector/efficientDet.js';
import { MaskedDetector } from '../../../src/explain/network/maskedDetector.js';
import { modelPicture } from '../modelPicture.js';
import { attentionFigures } from '../../../src/maps/attention.js';
import { gradCam, type GradCamVariant } from '../../../src/perception/gradCam.js';
import type { SourcePixels } from '../networkBench.js';
import { asNumbers, maskedFigures } from './maskedFigures.js';
import type { TrustDetection, TrustRecord } from './record.js';
import { FULL_RISE, LIVE_RISE, type TrustSettings } from './settings.js';

export interface TrustTask extends SourcePixels {
  /** Decides the masks. */
  readonly seed: number;
  readonly full: boolean;
}

export type TrustMeasurement = Pick<TrustRecord, 'detections' | 'cost'>;

/** One network with all that is asked of it, on one thread. */
export class TrustBench {
  readonly #detector: EfficientDet;
  readonly #masked: MaskedDetector;

  private constructor(detector: EfficientDet, masked: MaskedDetector) {
    this.#detector = detector;
    this.#masked = masked;
  }

  /** @throws ExpectedError as EfficientDet.load */
  static async open(manifestPath: string): Promise<TrustBench> {
    const single = { threads: 1 };
    return new TrustBench(
      await EfficientDet.load(manifestPath, single),
      await MaskedDetector.load(manifestPath, single),
    );
  }

  /** Every detection of a picture with the figures that need nothing but this picture. */
  async measure({ pixels, size, seed, full }: TrustTask, settings: TrustSettings): Promise<TrustMeasurement> {
    const started = performance.now();
    const detector = this.#detector;
    const masked = this.#masked;
    const { liveMasks, masks, survivalMasks } = settings;
    const counts = { live: { masks: liveMasks, survivalMasks }, full: { masks, survivalMasks } };
    const laid = modelPicture(pixels, size, detector.manifest.input);
    const { detections, featureMaps } = await detector.detect(laid.pixels, size, {
      scoreThreshold: settings.minimumScore,
    });
    const cost = (): TrustMeasurement['cost'] => ({
      busyMs: performance.now() - started,
      livePasses: detections.length > 0 ? counts.live.masks + counts.live.survivalMasks : 0,
      fullPasses: full && detections.length > 0 ? counts.full.masks + counts.full.survivalMasks : 0,
    });
    if (detections.length === 0) return { detections: [], cost: cost() };
    const inputs = {
      featureMaps,
      classHead: detector.classHead,
      classCount: detector.manifest.classes.length,
      letterbox: laid.placed,
    };
    const attention = async (variant: GradCamVariant): Promise<TrustDetection['gradCam']['study'][]> =>
      (await gradCam(detections, inputs, variant)).map((map, i) =>
        asNumbers(attentionFigures(map, detections[i].box, size.width, size.height)),
      );
    const study = await attention('study');
    const usual = await attention('usual');
    const live = await maskedFigures(masked, laid, detections, LIVE_RISE, counts.live, seed);
    const whole = full ? await maskedFigures(masked, laid, detections, FULL_RISE, counts.full, seed) : undefined;
    return {
      detections: detections.map(({ className, score, box }, i) => ({
        className,
        score,
        box,
        gradCam: { study: study[i], usual: usual[i] },
        live: live[i],
        ...(whole && { full: whole[i] }),
      })),
      cost: cost(),
    };
  }

  /** Frees the sessions. */
  async close(): Promise<void> {
    await this.#masked.close();
    await this.#detector.close();
  }
}
