import type { PerceivedFrame } from '../pipeline/perceivedSet.js';

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
}

/** The detections of one frame, a line each. */
export function detectionLines({ header, detections }: PerceivedFrame): DetectionLine[] {
  const { spectrum, topic, frameId, stampNs } = header;
  return detections.map(({ className, score, box, source, attention }) => ({
    spectrum,
    topic,
    frameId,
    stampNs,
    class: className,
    score,
    box: [box.x1, box.y1, box.x2, box.y2],
    level: source.level,
    ...attention,
  }));
}
