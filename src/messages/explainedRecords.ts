import type { ExplainedRecord } from './outputMessages.js';
import type { ExplainedDetection } from '../perception/protocol.js';

/** Detections as ExplainedDetections messages hold them. */
export function explainedRecords(detections: readonly ExplainedDetection[], withMaps: boolean): ExplainedRecord[] {
  return detections.map(({ map, attention, source, ...detection }) => ({
    ...detection,
    // 0: made by no anchor of a pyramid.
    level: 'level' in source ? source.level : 0,
    energyInBox: attention?.energyInBox ?? 0,
    energyGain: attention?.energyGain ?? 0,
    peakInBox: attention?.peakInBox ?? false,
    ...(withMaps && map && { map }),
  }));
}
