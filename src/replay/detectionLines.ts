import { pyramidLevel } from '../detector/detection.js';
import type { TrackStep } from '../tracking/mapTracks.js';
import type { PerceivedFrame } from '../perception/perceivedSet.js';

/** One line of `detections.jsonl`. */
export interface DetectionLine {
  readonly spectrum: string;
  readonly topic: string;
  readonly frameId: string;
  /** Nanoseconds since the epoch as decimal text: more digits than a JSON number keeps. */
  readonly stampNs: bigint;
  readonly class: string;
  readonly score: number;
  /** x1, y1, x2, y2 in pixels of the source image. */
  readonly box: readonly [number, number, number, number];
  readonly level: number;
  readonly energyInBox?: number;
  readonly energyGain?: number;
  readonly peakInBox?: boolean;
  /** Number of the track that it is a step of, of all bands together; and of its map, see tracking/mapTracks.ts. */
  readonly track?: number;
  /** x, y in units of the box. */
  readonly mapCentre?: readonly [number, number];
  readonly mapPeak?: readonly [number, number];
  /** With the track's map before. */
  readonly mapCorrelation?: number;
}

/**
 * The detections of one frame, a line each.
 * @param steps of each detection; empty where they are not followed
 */
export function detectionLines(
  { header, detections }: PerceivedFrame,
  steps: readonly TrackStep[] = [],
): DetectionLine[] {
  const { spectrum, topic, frameId, stampNs } = header;
  return detections.map(({ className, score, box, source, attention }, i) => ({
    spectrum,
    topic,
    frameId,
    stampNs,
    class: className,
    score,
    box: [box.x1, box.y1, box.x2, box.y2],
    level: pyramidLevel(source),
    ...attention,
    ...trackFields(steps[i]),
  }));
}

function trackFields(step: TrackStep | undefined): Partial<DetectionLine> {
  if (step === undefined) return {};
  const { track, place, correlation } = step;
  return {
    track,
    ...(place && { mapCentre: [place.centre.x, place.centre.y], mapPeak: [place.peak.x, place.peak.y] }),
    ...(correlation !== undefined && { mapCorrelation: correlation }),
  };
}
