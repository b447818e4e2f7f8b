export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * Okabe and Ito's colours, which people with any common colour blindness can tell apart, with white and grey instead of
 * their black, which would not show on infrared pictures.
 */
const COLORS: readonly Rgb[] = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [0, 114, 178],
  [213, 94, 0],
  [204, 121, 167],
  [255, 255, 255],
  [160, 160, 160],
];

/** The colour of a class: the same for the same index everywhere; nine of them, then again from the first. */
export function classColor(classIndex: number): Rgb {
  return COLORS[Math.abs(Math.trunc(classIndex)) % COLORS.length] ?? COLORS[0];
}

/** Black or white, whichever reads better on `color` (by relative luminance). */
export function textColorOn([red, green, blue]: Rgb): Rgb {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 110 ? [0, 0, 0] : [255, 255, 255];
}
