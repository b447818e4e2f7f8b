import { pyramidLevel } from '../detector/detection.js';
import type { PerceivedFrame, PerceivedSet } from '../perception/perceivedSet.js';
import type { ReportFused, ReportTrackStep } from '../report/wholeSetInput.js';
import type { ReportFrame, ReportFrameSet } from '../report/reportInput.js';
import type { TrackStep } from '../tracking/mapTracks.js';
import type { ExplainedFusion } from './replayFusion.js';
import type { SetTracks } from './replayTracks.js';
import type { FrameExplanations } from './explainedSets.js';

/**
 * A perceived set as the report takes it.
 * @param index number of the set in the replay, from 0
 * @param dropped frames that the synchroniser dropped since the set before
 * @param tracks what the set does to the tracks
 * @param fusion where the bands are fused
 * @param explained explanations by masking, where the set has them
 */
export function reportFrameSet(
  set: PerceivedSet,
  index: number,
  dropped: number,
  tracks: SetTracks,
  fusion: ExplainedFusion | undefined,
  explained?: FrameExplanations,
): ReportFrameSet {
  const perceived = [...set.frames.values()].filter((frame) => frame.kind === 'perceived');
  return {
    index,
    stampNs: set.stampNs,
    frames: perceived.map((frame) => reportFrame(frame, explained?.get(frame.header.spectrum))),
    partial: set.missing.length > 0,
    dropped,
    latencyMs: slowestPerStage(perceived),
    tracks: perceived.map(({ header }) => (tracks.steps.get(header.spectrum) ?? []).map(reportStep)),
    ...(fusion && { fused: reportFused(fusion) }),
  };
}

function reportStep({ track, place, correlation }: TrackStep): ReportTrackStep {
  return {
    track,
    ...(place && { centre: place.centre, peak: place.peak }),
    ...(correlation !== undefined && { correlation }),
  };
}

function reportFused({ fused, contributions }: ExplainedFusion): ReportFused {
  const { spectra, detections } = fused;
  return {
    spectra,
    detections: detections.map(({ className, score, members }, i) => ({
      className,
      score,
      members: members.map(({ spectrum, index }) => ({ spectrum, index })),
      contributions: contributions[i],
    })),
  };
}

function reportFrame(
  { header, width, height, detections, pictures }: PerceivedFrame,
  explanations: NonNullable<ReturnType<FrameExplanations['get']>> = [],
): ReportFrame {
  return {
    spectrum: header.spectrum,
    topic: header.topic,
    width,
    height,
    ...(pictures?.thumbnail === undefined ? {} : { picture: pictures.thumbnail }),
    detections: detections.map(({ className, score, box, source, attention, map }, i) => ({
      className,
      score,
      box,
      level: pyramidLevel(source),
      ...(attention ? { attention } : {}),
      ...(map ? { map } : {}),
      ...(explanations[i] && { explanation: explanations[i] }),
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
