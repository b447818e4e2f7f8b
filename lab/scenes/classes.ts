/** The study's nine classes, in the order of their numbers (COCO category ids are these indices plus one). */
export const CLASSES = [
  'Person',
  'car',
  'bike',
  'color_cone',
  'car_stop',
  'bump',
  'hole',
  'animal',
  'unknown',
] as const;

export type ClassName = (typeof CLASSES)[number];
