import { area, clip, type Box } from '../geometry/box.js';

/**
 * Live figures that describe where a detection's map looks. They are descriptions of attention, not verdicts:
 * on their own they do not tell true detections from false ones.
 */
export interface AttentionFigures {
  /** Share of the map's energy inside the box, in [0, 1]; NaN-free: 0 for an empty map. */
  readonly energyInBox: number;
  /** `energyInBox` divided by the box's share of the image area: 1 is what a flat map gives. */
  readonly energyGain: number;
  /** Whether the map's highest value lies inside the box. */
  readonly peakInBox: boolean;
}

/** A map over the whole image, row-major, of any resolution. */
export interface AttentionMap {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/**
 * How much of a map lies in a box. The map is taken as its bilinear interpolation over the image (`align_corners=false`,
 * border repeated), whose integral over a box has the closed form `w_yᵀ M w_x`: the figures do not depend on whether the
 * map was upsampled first. Negative values count as zero.
 * @param box in image pixels; clipped to the image
 */
export function attentionFigures(
  map: AttentionMap,
  box: Box,
  imageWidth: number,
  imageHeight: number,
): AttentionFigures {
  const inside = clip(box, imageWidth, imageHeight);
  const columns = hatIntegrals((inside.x1 * map.width) / imageWidth, (inside.x2 * map.width) / imageWidth, map.width);
  const rows = hatIntegrals((inside.y1 * map.height) / imageHeight, (inside.y2 * map.height) / imageHeight, map.height);
  let total = 0;
  let within = 0;
  let peak = 0;
  let peakInBox = false;
  for (let i = 0; i < map.height; i++)
    for (let j = 0; j < map.width; j++) {
      const value = map.values[i * map.width + j];
      if (!(value > 0)) continue;
      total += value;
      within += value * rows[i] * columns[j];
      if (value < peak) continue;
      const hit = contains(inside, ((j + 0.5) * imageWidth) / map.width, ((i + 0.5) * imageHeight) / map.height);
      peakInBox = hit || (value === peak && peakInBox);
      peak = value;
    }
  const energyInBox = total > 0 ? Math.min(1, within / total) : 0;
  const share = area(inside) / (imageWidth * imageHeight);
  return { energyInBox, energyGain: share > 0 ? energyInBox / share : 0, peakInBox };
}

function contains(box: Box, x: number, y: number): boolean {
  return x >= box.x1 && x <= box.x2 && y >= box.y1 && y <= box.y2;
}

/**
 * `w_j = ∫ₐᵇ h_j`: how much cell j counts in the integral of a linear interpolation from a to b (in cells). h_j is the hat
 * `max(0, 1 − |u − (j + 0.5)|)`; the border is repeated, as by hats of two cells beyond it that hold the border's value.
 */
function hatIntegrals(a: number, b: number, length: number): Float64Array {
  const weights = new Float64Array(length);
  for (let j = -1; j <= length; j++) {
    const cell = Math.min(Math.max(j, 0), length - 1);
    weights[cell] = weights[cell] + hatIntegral(b - (j + 0.5)) - hatIntegral(a - (j + 0.5));
  }
  return weights;
}

/** `∫₋∞ᵗ max(0, 1 − |u|) du`. */
function hatIntegral(t: number): number {
  if (t <= -1) return 0;
  if (t <= 0) return (t + 1) ** 2 / 2;
  return t < 1 ? 1 - (1 - t) ** 2 / 2 : 1;
}
