/** A grid of values, row-major. */
export interface ValueGrid {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/**
 * Pearson's correlation of two maps on one grid. [−1, 1]; 1 where one is a scaled and shifted copy of the other, about 0 for
 * unrelated ones, 0 where one of them is flat.
 *
 * It is the measure under four names. Between methods: do they say the same? Between a picture and a slightly shifted or
 * noisier one: high is stable, good. Between a network and one with randomised weights (Adebayo et al. 2018): near 0 is good, as a map
 * that survives it does not show what the network learned.
 * @throws RangeError where the lengths differ
 */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`maps of ${a.length} and ${b.length} values are not on one grid`);
  const n = a.length;
  if (n === 0) return 0;
  let [meanA, meanB] = [0, 0];
  for (let i = 0; i < n; i++) {
    meanA += a[i];
    meanB += b[i];
  }
  meanA /= n;
  meanB /= n;
  let [aa, bb, ab] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [da, db] = [a[i] - meanA, b[i] - meanB];
    aa += da * da;
    bb += db * db;
    ab += da * db;
  }
  const scale = Math.sqrt(aa) * Math.sqrt(bb);
  return scale > 0 ? Math.min(1, Math.max(-1, ab / scale)) : 0;
}

/**
 * How far two maps have their hottest places in common: intersection over union of the pixels that reach the value of the
 * `share`-th part of all pixels, positive ones only. [0, 1]; 1 is the same places, `share/(2 − share)` about what chance gives,
 * 0 where one has no positive value.
 */
export function topOverlap(a: Float32Array, b: Float32Array, share = 0.05): number {
  if (a.length !== b.length) throw new RangeError(`maps of ${a.length} and ${b.length} values are not on one grid`);
  const [leastA, leastB] = [topThreshold(a, share), topThreshold(b, share)];
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const inA = a[i] > 0 && a[i] >= leastA;
    const inB = b[i] > 0 && b[i] >= leastB;
    if (inA && inB) both++;
    if (inA || inB) either++;
  }
  return either > 0 ? both / either : 0;
}

function topThreshold(values: Float32Array, share: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.max(0, sorted.length - Math.max(1, Math.round(share * sorted.length)))];
}

/**
 * Pearson's correlation of a picture's map with that of the picture moved by whole pixels (right and down for positive
 * `dx`, `dy`), over the part that both see: 1 where the map moved along with the picture.
 * @throws RangeError for grids of different sizes or a shift that leaves nothing in common
 */
export function agreementUnderShift(map: ValueGrid, moved: ValueGrid, dx: number, dy: number): number {
  const { width, height } = map;
  if (moved.width !== width || moved.height !== height)
    throw new RangeError(`maps of ${width}×${height} and ${moved.width}×${moved.height} are not on one grid`);
  const [columns, rows] = [width - Math.abs(dx), height - Math.abs(dy)];
  if (!Number.isInteger(dx) || !Number.isInteger(dy) || columns <= 0 || rows <= 0)
    throw new RangeError(`a ${width}×${height} map cannot be moved by (${dx}, ${dy})`);
  const before = new Float32Array(columns * rows);
  const after = new Float32Array(columns * rows);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const [sx, sy] = [x + Math.max(0, -dx), y + Math.max(0, -dy)];
      before[y * columns + x] = map.values[sy * width + sx];
      after[y * columns + x] = moved.values[(sy + dy) * width + sx + dx];
    }
  return pearson(before, after);
}
