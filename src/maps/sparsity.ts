/**
 * Sparsity of a map as the Gini index of its positive values (Hurley & Rickard 2009, table I),
 * `1 − 2 Σ_k (x_(k)/‖x‖₁) (n − k + 1/2)/n` over the values in rising order. 0 for a flat map, 1 − 1/n where one pixel has
 * everything. Neither direction is good by itself: a sharp map is easy to read and may still be wrong. It depends on the
 * resolution: compare maps on one grid.
 * @returns [0, 1); 0 for a map without positive values
 */
export function giniIndex(values: Float32Array): number {
  const sorted = values.map((value) => (value > 0 ? value : 0)).sort();
  const n = sorted.length;
  const total = sorted.reduce((sum, value) => sum + value, 0);
  if (!(total > 0)) return 0;
  let weighted = 0;
  for (let k = 0; k < n; k++) weighted += (sorted[k] / total) * ((n - k - 0.5) / n);
  return Math.max(0, 1 - 2 * weighted);
}
