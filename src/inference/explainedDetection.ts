import type { EfficientDet } from '../detector/efficientDet.js';
import { attentionFigures } from '../metrics/attention.js';
import { gradCam } from '../saliency/gradCam.js';
import type { DetectionJob, DetectionJobResult, ExplainedDetection } from './protocol.js';

/**
 * Detects in one picture and explains every detection, in this thread.
 * @throws RangeError where the number of pixels is not the model's input's
 */
export async function detectAndExplain(detector: EfficientDet, job: DetectionJob): Promise<DetectionJobResult> {
  const { pixels, source, thresholds = {}, gradCam: variant = 'study', wantFeatures = false } = job;
  const { detections, featureMaps, timings } = await detector.detect(pixels, source, thresholds);
  const started = performance.now();
  let explained: readonly ExplainedDetection[] = detections;
  if (variant !== false) {
    const classCount = detector.manifest.classes.length;
    const { classHead } = detector;
    const maps = gradCam(
      detections,
      { featureMaps, classHead, classCount, letterbox: detector.letterbox(source) },
      variant,
    );
    explained = detections.map((detection, i) => {
      const map = maps[i];
      return { ...detection, map, attention: attentionFigures(map, detection.box, source.width, source.height) };
    });
  }
  const gradCamMs = performance.now() - started;
  return {
    detections: explained,
    pixels,
    timings: { waitMs: 0, ...timings, gradCamMs },
    ...(wantFeatures ? { featureMaps } : {}),
  };
}
