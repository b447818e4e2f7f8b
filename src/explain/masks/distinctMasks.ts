/** Masks that are all different, and how often each of them came. */
export interface DistinctMasks {
  /** [masks, cells]. */
  readonly masks: Float32Array<ArrayBuffer>;
  /** [masks]: channels that have this mask. */
  readonly counts: Int32Array<ArrayBuffer>;
}

/**
 * Joins channels whose masks are equal (empty ones above all): each needs one pass, and counts as often as it came.
 * @param masks [channels, cells]
 * @returns in the order in which they first came
 */
export function distinctMasks(masks: Float32Array, cells: number): DistinctMasks {
  const firsts = new Map<string, number>();
  const kept: Float32Array[] = [];
  const counts: number[] = [];
  for (let from = 0; from < masks.length; from += cells) {
    const mask = masks.subarray(from, from + cells);
    const key = Buffer.from(mask.buffer, mask.byteOffset, mask.byteLength).toString('latin1');
    const known = firsts.get(key);
    if (known === undefined) {
      firsts.set(key, kept.length);
      kept.push(mask);
      counts.push(1);
    } else counts[known] += 1;
  }
  const joined = new Float32Array(kept.length * cells);
  kept.forEach((mask, i) => joined.set(mask, i * cells));
  return { masks: joined, counts: Int32Array.from(counts) };
}
