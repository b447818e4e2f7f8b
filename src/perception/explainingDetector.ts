import { EfficientDet, type LoadOptions } from '../detector/efficientDet.js';
import { testPicture } from '../detector/inputTensors.js';
import { attentionFigures } from '../maps/attention.js';
import { gradCam } from './gradCam.js';
import { openGraphSums, type GraphSums } from './graphSums.js';
import type { DetectionJob, DetectionJobResult, ExplainedDetection } from './protocol.js';

/** A detector that explains what it finds, in the thread that calls it; DetectorPool hosts it in workers. */
export class ExplainingDetector {
  readonly detector: EfficientDet;
  readonly #graphSums: GraphSums;

  private constructor(detector: EfficientDet, graphSums: GraphSums) {
    this.detector = detector;
    this.#graphSums = graphSums;
  }

  /** @throws ExpectedError as EfficientDet.load */
  static async load(manifestPath: string, options: LoadOptions = {}): Promise<ExplainingDetector> {
    const loaded = new ExplainingDetector(await EfficientDet.load(manifestPath, options), await openGraphSums());
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
    const { detections, featureMaps, timings } = await detector.detect(pixels, source, thresholds);
    const started = performance.now();
    let explained: readonly ExplainedDetection[] = detections;
    if (variant !== false) {
      const classCount = detector.manifest.classes.length;
      const { classHead } = detector;
      const inputs = { featureMaps, classHead, classCount, letterbox: detector.letterbox(source) };
      const maps = await gradCam(detections, inputs, variant, this.#graphSums.sums);
      explained = detections.map((detection, i) => ({
        ...detection,
        map: maps[i],
        attention: attentionFigures(maps[i], detection.box, source.width, source.height),
      }));
    }
    const gradCamMs = performance.now() - started;
    return {
      detections: explained,
      pixels,
      timings: { waitMs: 0, ...timings, gradCamMs },
      providerAttempts: detector.providerAttempts,
      ...(wantFeatures ? { featureMaps } : {}),
    };
  }

  /** Frees the sessions. */
  async close(): Promise<void> {
    await this.detector.close();
    await this.#graphSums.close();
  }
}
