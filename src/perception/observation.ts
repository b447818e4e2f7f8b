import type { DetectionSettings } from '../drift/baseline.js';
import type { Observation } from '../drift/figures.js';
import type { FusedSet } from '../fusion/spectralFusion.js';
import type { PerceivedSet } from './perceivedSet.js';
import type { PerceptionConfig } from './configSchema.js';

/** A perceived set as distributions are made of it. @param fused what fusion made of it, where there is any */
export function observationOf({ frames }: PerceivedSet, fused?: FusedSet): Observation {
  return {
    bands: [...frames].flatMap(([spectrum, frame]) =>
      frame.kind === 'perceived' ? [{ spectrum, classes: frame.model.classes, detections: frame.detections }] : [],
    ),
    agreements: (fused?.detections ?? []).flatMap(({ agreement }) => (agreement === undefined ? [] : [agreement])),
  };
}

/** Settings that detections are made with, as a drift baseline keeps them. */
export function detectionSettings({ detection, explanation, fusion }: PerceptionConfig): DetectionSettings {
  const { scoreThreshold, iouThreshold, maxDetections } = detection;
  return {
    ...{ scoreThreshold, iouThreshold, maxDetections },
    gradCam: explanation.gradCam,
    ...(fusion && { fusionIouThreshold: fusion.iouThreshold }),
  };
}
