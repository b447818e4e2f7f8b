/** What a camera's stamps say of it. */
export interface CameraRate {
  /** Images a second that the camera takes. */
  readonly rateHz: number;
  /** Share of them that did not arrive, 0 to 1. */
  readonly lostShare: number;
}

/** Fewer distances say nothing. */
const LEAST_DISTANCES = 12;
/** A longer distance is a pause of the camera, not a loss. */
const LONGEST_SECONDS = 5;
/** Distances this near to a multiple of the period, in periods, bear it out; so many of them must. */
const NEAR = 0.25;
const REGULAR_SHARE = 0.8;
/** Losses lie between images that came regularly; one gap, or a camera that has become slower, is none. */
const LEAST_GAPS = 3;

/**
 * Estimates from the stamps of the images that arrived how many did not. The shortest usual distance is taken for the camera's period; where the
 * others are near its multiples, what lies between is lost. A camera of which every second image is lost in strict alternation
 * cannot be told from one of half the rate.
 * @param stampsNs stamps in the order of arrival, nanoseconds
 * @returns `undefined` where there are too few, or no period shows in them
 */
export function cameraRate(stampsNs: readonly bigint[]): CameraRate | undefined {
  const distances: number[] = [];
  for (const [index, stampNs] of stampsNs.slice(1).entries()) {
    const seconds = Number(stampNs - (stampsNs[index] ?? stampNs)) / 1e9;
    if (seconds > 0 && seconds <= LONGEST_SECONDS) distances.push(seconds);
  }
  if (distances.length < LEAST_DISTANCES) return undefined;
  const ascending = [...distances].sort((a, b) => a - b);
  const short = ascending[Math.floor(0.1 * ascending.length)] ?? NaN;
  const single = ascending.filter((seconds) => seconds > short / 2 && seconds < short * 1.5);
  const period = single[Math.floor(single.length / 2)] ?? NaN;
  const periods = distances.map((seconds) => seconds / period);
  const regular = periods.filter((count) => Math.abs(count - Math.max(1, Math.round(count))) <= NEAR);
  if (!(regular.length >= REGULAR_SHARE * periods.length)) return undefined;
  const steps = periods.map((count) => Math.max(1, Math.round(count)));
  const gaps = steps.filter((count) => count > 1).length;
  const third = Math.floor(steps.length / 3);
  const mixed = steps.slice(0, third).includes(1) && steps.slice(-third).includes(1);
  if (gaps < LEAST_GAPS || !mixed) return { rateHz: 1 / period, lostShare: 0 };
  const taken = steps.reduce((sum, count) => sum + count, 0);
  return { rateHz: 1 / period, lostShare: 1 - steps.length / taken };
}
