import type { LoadOptions } from '../detector/detectionOptions.js';
import { EfficientDet } from '../detector/efficientDet.js';
import { openDetector, type Detector } from '../detector/openDetector.js';
import { testPicture } from '../detector/inputTensors.js';
import type { AnchorRef, Detection } from '../detector/detection.js';
import type { FeatureMaps } from '../detector/featureMaps.js';
import type { Size } from '../geometry/letterbox.js';
import { attentionFigures } from '../maps/attention.js';
import { gradCam, type GradCamVariant } from './gradCam.js';
import { openGraphSums, type GraphSums } from './graphSums.js';
import type { DetectionJob, DetectionJobResult, ExplainedDetection } from './protocol.js';

/**
 * A detector that explains what it finds, in the thread that calls it; DetectorPool hosts it in workers. Grad-CAM's closed form is EfficientDet's:
 * detections of other families come without a map.
 */
export class ExplainingDetector {
  readonly detector: Detector;
  readonly #graphSums: GraphSums;

  private constructor(detector: Detector, graphSums: GraphSums) {
    this.detector = detector;
    this.#graphSums = graphSums;
  }

  /** @throws ExpectedError as EfficientDet.load */
  static async load(manifestPath: string, options: LoadOptions = {}): Promise<ExplainingDetector> {
    const loaded = new ExplainingDetector(await openDetector(manifestPath, options), await openGraphSums());
    // The first frame would pay for compiling the JavaScript and for ONNX Runtime's first run of each shape.
    const { input } = loaded.detector.manifest;
    const thresholds = { scoreThreshold: 0, maxDetections: 10 };
    await loaded.detect({ pixels: testPicture(input), source: input, thresholds });
    return loaded;
  }

  /**
   * Detects in one picture and explains every detection.
   * @throws RangeError where the number of pixels is not the model's input's
   */
  async detect(job: Omit<DetectionJob, 'model'>): Promise<DetectionJobResult> {
    const { detector } = this;
    const { pixels, source, thresholds = {}, gradCam: variant = 'study', wantFeatures = false } = job;
    if (!(detector instanceof EfficientDet)) {
      const { detections, timings } = await detector.detect(pixels, source, thresholds);
      const { providerAttempts } = detector;
      return { detections, pixels, timings: { waitMs: 0, ...timings, gradCamMs: 0 }, providerAttempts };
    }
    const { detections, featureMaps, timings } = await detector.detect(pixels, source, thresholds);
    const started = performance.now();
    const explained =
      variant === false ? detections : await this.#explained(detector, detections, featureMaps, source, variant);
    const gradCamMs = performance.now() - started;
    return {
      detections: explained,
      pixels,
      timings: { waitMs: 0, ...timings, gradCamMs },
      providerAttempts: detector.providerAttempts,
      ...(wantFeatures ? { featureMaps } : {}),
    };
  }

  async #explained(
    detector: EfficientDet,
    detections: readonly Detection<AnchorRef>[],
    featureMaps: FeatureMaps,
    source: Size,
    variant: GradCamVariant,
  ): Promise<ExplainedDetection[]> {
    const { classHead, manifest } = detector;
    const inputs = {
      featureMaps,
      classHead,
      classCount: manifest.classes.length,
      letterbox: detector.letterbox(source),
    };
    const maps = await gradCam(detections, inputs, variant, this.#graphSums.sums);
    return detections.map((detection, i) => ({
      ...detection,
      map: maps[i],
      attention: attentionFigures(maps[i], detection.box, source.width, source.height),
    }));
  }

  /** Frees the sessions. */
  async close(): Promise<void> {
    await this.detector.close();
    await this.#graphSums.close();
  }
}
