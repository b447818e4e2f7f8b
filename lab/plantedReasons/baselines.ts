import { boxBlob } from '../../src/maps/boxBlob.js';
import type { SaliencyMap } from '../../src/maps/saliencyMap.js';
import type { Size } from '../../src/geometry/letterbox.js';
import { Random } from '../scenes/random.js';
import { CELLS, type PlantedCase } from './reasons.js';

/** A blob at the box, no pass at all. */
export function blobAtBox({ box, content }: PlantedCase, map: Size): SaliencyMap {
  // A cell as it is stretched: see MaskStream.
  const side = (length: number): number => ((length / CELLS) * (CELLS + 1)) / CELLS;
  return boxBlob(box, content, { width: side(content.width), height: side(content.height) }, map);
}

/** Scores of other masks: what a method says that was told nothing. */
export function shuffled(scores: Float64Array, { id }: PlantedCase): Float64Array {
  const random = new Random(0, `shuffle ${id}`);
  const order = scores.slice();
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** A map scaled (upwards only) and shifted to lie nearest to another: what a baseline is granted, as it has no scale. */
export function fitted(map: SaliencyMap, to: SaliencyMap): SaliencyMap {
  const n = map.values.length;
  const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / n;
  const [a, b] = [mean(map.values), mean(to.values)];
  let [along, own] = [0, 0];
  for (let x = 0; x < n; x++) {
    along += (map.values[x] - a) * (to.values[x] - b);
    own += (map.values[x] - a) ** 2;
  }
  const scale = own > 0 ? Math.max(1e-9, along / own) : 0;
  return { ...map, values: map.values.map((value) => b + scale * (value - a)) };
}
