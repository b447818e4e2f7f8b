import { toRosTime } from '../../messages/outputMessages.js';
import type { Explanation } from './frameExplanation.js';

export const EXPLANATION_TYPE = 'multispectral_saliency/msg/Explanation';

/** `multispectral_saliency/msg/Explanation`. */
export function toExplanationMessage(explanation: Explanation): Record<string, unknown> {
  const { image, target, map, standardError, source, scores } = explanation;
  const { box } = target;
  return {
    header: { stamp: toRosTime(image.stampNs), frame_id: image.frameId },
    spectrum: image.spectrum,
    image_width: image.size.width,
    image_height: image.size.height,
    class_name: target.className,
    score: target.score,
    x_min: box.x1,
    y_min: box.y1,
    x_max: box.x2,
    y_max: box.y2,
    map_width: map.width,
    map_height: map.height,
    map: map.values,
    standard_error: standardError?.values ?? new Float32Array(0),
    method: source.settings.method,
    settings: JSON.stringify(source.settings),
    seed: source.seed,
    passes: explanation.passes,
    planned_passes: explanation.plannedPasses,
    lost: explanation.lost,
    converged: explanation.converged,
    complete: explanation.complete,
    scores: [...scores].map(([name, value]) => ({ name, value })),
    model_name: source.model.name,
    model_sha256: source.model.sha256,
    provider: source.model.provider,
    versions: JSON.stringify(source.versions),
    made_at: toRosTime(explanation.madeAtNs),
  };
}
