import { pyramidLevel } from '../detector/detection.js';
import type { ExplainedRecord } from './outputMessages.js';
import type { ExplainedDetection } from '../perception/protocol.js';

/** Detections as ExplainedDetections messages hold them. */
export function explainedRecords(detections: readonly ExplainedDetection[], withMaps: boolean): ExplainedRecord[] {
  return detections.map(({ map, attention, source, ...detection }) => ({
    ...detection,
    level: pyramidLevel(source),
    energyInBox: attention?.energyInBox ?? 0,
    energyGain: attention?.energyGain ?? 0,
    peakInBox: attention?.peakInBox ?? false,
    ...(withMaps && map && { map }),
  }));
}
