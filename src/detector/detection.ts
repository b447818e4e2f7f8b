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

/** One detected object. */
export interface Detection {
  /** In pixels of the source image (before resizing to the model's input). */
  readonly box: Box;
  readonly classIndex: number;
  readonly className: string;
  /** Sigmoid of the class logit, in [0, 1]. */
  readonly score: number;
  readonly source: AnchorRef;
}

/** A detection as logged or as just found: the class by its name. */
export type NamedDetection = Pick<Detection, 'box' | 'className' | 'score'>;
