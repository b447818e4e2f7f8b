import type { NamedDetection } from '../../detector/detection.js';
import type { ExplainTarget } from '../explanation.js';
import { ExpectedError } from '../../errors.js';
import { area, type Box, iou } from '../../geometry/box.js';

/** A box of somebody's choice is a detection's where they overlap by this much (intersection over union). */
const SAME_BOX_IOU = 0.5;

/**
 * What is to be explained of one image: the best detections, or the one that a wished-for box means.
 * @param classes of the model, in the order of its outputs
 * @param wish box in source pixels; the detection that overlaps it best (intersection over union ≥ 0.5, and of that class where one is
 *   named) is meant; where none does, the box itself, as the class named, with score 0
 * @returns best score first, at most `maxBoxes`
 * @throws ExpectedError `usage` for a wish that cannot be met, `input` for a class that the model does not have
 */
export function chooseTargets(
  detections: readonly NamedDetection[],
  classes: readonly string[],
  maxBoxes: number,
  wish?: { readonly box: Box; readonly className?: string },
): ExplainTarget[] {
  const indexed = (detection: NamedDetection): ExplainTarget => {
    const classIndex = classes.indexOf(detection.className);
    if (classIndex >= 0) return { ...detection, classIndex };
    throw new ExpectedError(
      'input',
      `the model has no class ${detection.className}`,
      `its classes are ${classes.join(', ')}; use the model that made the detections`,
    );
  };
  if (wish === undefined)
    return [...detections]
      .sort((a, b) => b.score - a.score)
      .slice(0, maxBoxes)
      .map(indexed);
  const { box, className } = wish;
  const corners = [box.x1, box.y1, box.x2, box.y2];
  if (!corners.every(Number.isFinite) || area(box) <= 0)
    throw new ExpectedError(
      'usage',
      `a box cannot be ${corners.join(' ')}`,
      'give left, top, right and bottom in pixels of the image, right greater than left and bottom greater than top',
    );
  const [best] = detections
    .filter((detection) => className === undefined || detection.className === className)
    .map((detection) => ({ detection, overlap: iou(detection.box, box) }))
    .filter(({ overlap }) => overlap >= SAME_BOX_IOU)
    .sort((a, b) => b.overlap - a.overlap);
  if (best) return [indexed(best.detection)];
  if (className !== undefined) return [indexed({ box, className, score: 0 })];
  throw new ExpectedError(
    'usage',
    `no detection overlaps the box ${corners.join(' ')} by half`,
    'choose one of the detected boxes, or name the class that the box is to be explained as',
  );
}
