import type { PerceptionConfig } from '../perception/configSchema.js';
import type { ParameterDefaults } from './parameters.js';

/** What the perception configuration says about parameters that can be changed while the node runs. */
export function configuredParameters({
  detection,
  explanation,
  pictures,
  fusion,
}: PerceptionConfig): ParameterDefaults {
  return {
    score_threshold: detection.scoreThreshold,
    iou_threshold: detection.iouThreshold,
    max_detections: detection.maxDetections,
    grad_cam: explanation.gradCam,
    overlay_opacity: pictures.overlayOpacity,
    color_map: pictures.colorMap,
    jpeg_quality: pictures.jpegQuality,
    'fusion.enabled': fusion !== undefined,
    ...(fusion && { 'fusion.iou_threshold': fusion.iouThreshold }),
  };
}
