import type { LabelledObject } from '../scenes/labelled.js';
import { decodeMask } from '../scenes/runLength.js';
import type { Box } from '../../src/geometry/box.js';
import { iou } from '../../src/geometry/box.js';
import type { Size } from '../../src/geometry/letterbox.js';

/** A detection is right where it overlaps an object of its class by at least this. */
const SAME_OBJECT_IOU = 0.5;

/** The object of the target's class that overlaps it most, where that is enough. */
export function matchingObject(
  target: { readonly box: Box; readonly classIndex: number },
  objects: readonly LabelledObject[],
): LabelledObject | undefined {
  const same = objects.filter(({ classIndex, crowd }) => classIndex === target.classIndex && !crowd);
  const nearest = same.toSorted((a, b) => iou(b.box, target.box) - iou(a.box, target.box)).at(0);
  return nearest && iou(nearest.box, target.box) >= SAME_OBJECT_IOU ? nearest : undefined;
}

/** The object's pixels; undefined where the data set has no mask of it that fits the picture. */
export function objectMask({ mask }: LabelledObject, { width, height }: Size): Uint8Array | undefined {
  if (mask?.size[0] !== height || mask.size[1] !== width) return undefined;
  try {
    return decodeMask(mask);
  } catch (error) {
    // A damaged mask is as good as none.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
