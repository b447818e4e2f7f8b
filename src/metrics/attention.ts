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
