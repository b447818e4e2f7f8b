/**
 * How much each part of a picture contributed to one detection. Row-major, `values.length === width * height`.
 * The map covers the whole source image whatever its own resolution (a Grad-CAM map has the resolution of a pyramid level).
 */
export interface SaliencyMap {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** The map less its smallest value: what a method that masks gives a box with any mask says nothing about places. */
export function aboveFloor(map: SaliencyMap): SaliencyMap {
  const floor = map.values.reduce((least, value) => Math.min(least, value), Infinity);
  return { ...map, values: map.values.map((value) => value - floor) };
}
