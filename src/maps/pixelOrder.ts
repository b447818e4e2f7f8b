/**
 * The place of every pixel when pixels are taken by falling importance: 0 for the most important one.
 * @param values one a pixel; NaN counts as least important
 * @param tieKeys pixels of equal value are taken by rising key; without keys in raster order, which favours the top of the
 *   picture (a map that is zero over half the picture has half its order decided here)
 * @returns a permutation of 0 … n − 1
 * @throws RangeError where the keys are not as many as the values
 */
export function importanceRanks(values: Float32Array, tieKeys?: Uint32Array): Uint32Array {
  if (tieKeys && tieKeys.length !== values.length)
    throw new RangeError(`${tieKeys.length} tie keys for ${values.length} pixels`);
  const keys = tieKeys ?? new Uint32Array(values.length);
  const comparable = values.map((value) => (Number.isNaN(value) ? -Infinity : value));
  const order = Uint32Array.from(values, (_, pixel) => pixel).sort((a, b) =>
    comparable[a] !== comparable[b] ? (comparable[a] > comparable[b] ? -1 : 1) : keys[a] - keys[b] || a - b,
  );
  const ranks = new Uint32Array(values.length);
  order.forEach((pixel, rank) => (ranks[pixel] = rank));
  return ranks;
}
