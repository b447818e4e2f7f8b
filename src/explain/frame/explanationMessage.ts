import type { Frame } from '../../images/frame.js';
import { toRosTime } from '../../messages/rosTime.js';
import { versions } from '../../versions.js';
import type { Explanation } from '../explanation.js';
import { mapFigures } from './mapFigures.js';

export const EXPLANATION_TYPE = 'multispectral_saliency/msg/Explanation';

/** Where and when the explained image was taken. */
export type ImageOrigin = Pick<Frame, 'spectrum' | 'stampNs' | 'frameId'>;

/** `multispectral_saliency/msg/Explanation`: one for each of the targets, in their order. */
export function toExplanationMessages(
  explanation: Explanation,
  { spectrum, stampNs, frameId }: ImageOrigin,
): Record<string, unknown>[] {
  const { request, model, passes, plannedPasses, converged, complete, madeAtNs } = explanation;
  const { size, settings, seed } = request;
  return explanation.targets.map(({ map, standardError, lost }, index) => {
    const { box, className, score } = request.targets[index];
    return {
      header: { stamp: toRosTime(stampNs), frame_id: frameId },
      spectrum,
      image_width: size.width,
      image_height: size.height,
      class_name: className,
      score,
      x_min: box.x1,
      y_min: box.y1,
      x_max: box.x2,
      y_max: box.y2,
      map_width: map.width,
      map_height: map.height,
      map: map.values,
      standard_error: standardError?.values ?? new Float32Array(0),
      method: settings.method,
      settings: JSON.stringify(settings),
      seed,
      passes,
      planned_passes: plannedPasses,
      lost,
      converged,
      complete,
      scores: [...mapFigures(explanation, index)].map(([name, value]) => ({ name, value })),
      model_name: model.name,
      model_sha256: model.sha256,
      provider: model.provider,
      versions: JSON.stringify(versions()),
      made_at: toRosTime(madeAtNs),
    };
  });
}
