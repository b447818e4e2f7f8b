import type { PerceivedFrame, PerceivedSet } from '../pipeline/perceivedSet.js';
import type { ReportFrame, ReportFrameSet } from '../report/reportInput.js';

/**
 * A perceived set as the report takes it.
 * @param index number of the set in the replay, from 0
 * @param dropped frames that the synchroniser dropped since the set before
 */
export function reportFrameSet(set: PerceivedSet, index: number, dropped: number): ReportFrameSet {
  const perceived = [...set.frames.values()].filter((frame) => frame.kind === 'perceived');
  return {
    index,
    stampNs: set.stampNs,
    frames: perceived.map(reportFrame),
    partial: set.missing.length > 0,
    dropped,
    latencyMs: slowestPerStage(perceived),
  };
}

function reportFrame({ header, width, height, detections, pictures }: PerceivedFrame): ReportFrame {
  return {
    spectrum: header.spectrum,
    topic: header.topic,
    width,
    height,
    ...(pictures?.thumbnail === undefined ? {} : { picture: pictures.thumbnail }),
    detections: detections.map(({ className, score, box, source, attention, map }) => ({
      className,
      score,
      box,
      level: source.level,
      ...(attention ? { attention } : {}),
      ...(map ? { map } : {}),
    })),
  };
}

/** Stages of a frame that the latency charts show; the total is the pipeline's, with queueing. */
export function stagesOf({ timings }: PerceivedFrame): Record<string, number> {
  const { decodeMs, resizeMs, inferenceMs, postprocessMs, gradCamMs, queueMs, totalMs } = timings;
  return {
    decode: decodeMs,
    resize: resizeMs,
    inference: inferenceMs,
    postprocess: postprocessMs,
    'Grad-CAM': gradCamMs,
    queue: queueMs,
    total: totalMs,
  };
}

/** The frames of a set are worked on side by side: its latency in a stage is that of its slowest frame. */
function slowestPerStage(frames: readonly PerceivedFrame[]): Record<string, number> {
  const slowest: Record<string, number> = {};
  for (const frame of frames)
    for (const [stage, milliseconds] of Object.entries(stagesOf(frame))) {
      // A replay keeps its queues full on purpose: waiting says nothing, and would dwarf the work in the chart.
      if (stage === 'queue' || stage === 'total') continue;
      slowest[stage] = Math.max(slowest[stage] ?? 0, milliseconds);
    }
  return slowest;
}
