import type { Box } from '../geometry/box.js';

/** The anchor that made a detection: needed to explain it with the feature maps of the right pyramid level. */
export interface AnchorRef {
  /** Pyramid level, 3 to 7: the feature maps have a stride of 2^level input pixels. */
  readonly level: number;
  readonly row: number;
  readonly column: number;
  /** Which of the anchors of that cell, 0 to (scales × aspects − 1). */
  readonly anchor: number;
}

/** The place (anchor, cell, query) of a network of another family that made a detection: an index into its head's M places. */
export interface PlaceRef {
  readonly place: number;
}

/** Level of the feature pyramid whose anchor made a box; 0 where the network's family has no anchors on levels. */
export function pyramidLevel(source: AnchorRef | PlaceRef): number {
  return 'level' in source ? source.level : 0;
}

/** One detected object. */
export interface Detection<Source extends AnchorRef | PlaceRef = AnchorRef | PlaceRef> {
  /** In pixels of the source image (before resizing to the model's input). */
  readonly box: Box;
  readonly classIndex: number;
  readonly className: string;
  /** In [0, 1]. */
  readonly score: number;
  readonly source: Source;
}

/** A detection as logged or as just found: the class by its name. */
export type NamedDetection = Pick<Detection, 'box' | 'className' | 'score'>;
