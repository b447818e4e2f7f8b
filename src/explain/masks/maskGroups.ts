/** Masks that are passed through the detector once for several channels. */
export interface MaskGroups {
  /** [groups, cells]: the mask that stands for the group. */
  readonly shown: Float32Array<ArrayBuffer>;
  /** [groups, cells]: the sum of the group's masks, which equation 7 weighs. */
  readonly sums: Float32Array<ArrayBuffer>;
  /** [groups]: channels in each. */
  readonly sizes: Int32Array;
}

/** `medoid`: the member nearest to the group's mean stands for the group; `mean`: their mean does. */
export type GroupMask = 'medoid' | 'mean';

/**
 * Merges channels whose masks look alike into at most `count` groups by Ward's method (1963): of all pairs of groups the one is
 * joined whose join raises the squared distances to the groups' means least, by `n_a n_b/(n_a + n_b)·‖c_a − c_b‖²`. Masks that
 * are equal (empty ones above all) are joined whatever `count` says, which changes nothing but the number of passes.
 * @param masks [channels, cells]
 * @param count at least 1; left out: only equal masks are joined
 */
export function groupMasks(masks: Float32Array, cells: number, count = Infinity, by: GroupMask = 'medoid'): MaskGroups {
  const channels = masks.length / cells;
  const members = Array.from({ length: channels }, (_, i) => [i]);
  const alive = members.map((_, i) => i);
  const costs = pairCosts(masks, cells, channels);
  while (alive.length > 1) {
    const { a, b, cost } = cheapest(alive, costs, channels);
    if (alive.length <= count && cost > 0) break;
    for (const k of alive) {
      if (k === a || k === b) continue;
      const [na, nb, nk] = [members[a].length, members[b].length, members[k].length];
      // Lance and Williams' recurrence for Ward's costs.
      const joined =
        ((na + nk) * costs[a * channels + k] + (nb + nk) * costs[b * channels + k] - nk * cost) / (na + nb + nk);
      costs[a * channels + k] = costs[k * channels + a] = joined;
    }
    members[a].push(...members[b]);
    alive.splice(alive.indexOf(b), 1);
  }
  return collect(
    alive.map((i) => members[i]),
    masks,
    cells,
    by,
  );
}

/** Ward's cost of joining any two single masks, `½‖m_a − m_b‖²`, [channels, channels]. */
function pairCosts(masks: Float32Array, cells: number, channels: number): Float64Array {
  const costs = new Float64Array(channels * channels);
  for (let a = 0; a < channels; a++)
    for (let b = a + 1; b < channels; b++) {
      const cost = squaredDistance(masks.subarray(a * cells), masks.subarray(b * cells), cells) / 2;
      costs[a * channels + b] = costs[b * channels + a] = cost;
    }
  return costs;
}

function cheapest(
  alive: readonly number[],
  costs: Float64Array,
  channels: number,
): { a: number; b: number; cost: number } {
  let best = { a: alive[0], b: alive[1], cost: Infinity };
  for (let i = 0; i < alive.length; i++)
    for (let j = i + 1; j < alive.length; j++) {
      const cost = costs[alive[i] * channels + alive[j]];
      if (cost < best.cost) best = { a: alive[i], b: alive[j], cost };
    }
  return best;
}

function collect(
  groups: readonly (readonly number[])[],
  masks: Float32Array,
  cells: number,
  by: GroupMask,
): MaskGroups {
  const shown = new Float32Array(groups.length * cells);
  const sums = new Float32Array(groups.length * cells);
  groups.forEach((channels, g) => {
    const sum = sums.subarray(g * cells, (g + 1) * cells);
    for (const i of channels) for (let x = 0; x < cells; x++) sum[x] += masks[i * cells + x];
    const mean = sum.map((value) => value / channels.length);
    const off = (i: number): number => squaredDistance(mean, masks.subarray(i * cells), cells);
    const nearest = channels.reduce((a, b) => (off(b) < off(a) ? b : a));
    shown.set(by === 'mean' ? mean : masks.subarray(nearest * cells, (nearest + 1) * cells), g * cells);
  });
  return { shown, sums, sizes: Int32Array.from(groups, (channels) => channels.length) };
}

function squaredDistance(a: Float32Array, b: Float32Array, length: number): number {
  let squares = 0;
  for (let x = 0; x < length; x++) squares += (a[x] - b[x]) ** 2;
  return squares;
}
