/**
 * How much each part of a picture contributed to one detection. Row-major, `values.length === width * height`.
 * The map covers the whole source image whatever its own resolution (a Grad-CAM map has the resolution of a pyramid level).
 */
export interface SaliencyMap {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}
