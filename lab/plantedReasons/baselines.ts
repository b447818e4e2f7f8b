import type { SaliencyMap } from '../../src/maps/saliencyMap.js';
import type { Size } from '../../src/geometry/letterbox.js';
import { Random } from '../scenes/random.js';
import { CELLS, type PlantedCase } from './reasons.js';

/**
 * A blob at the box, no pass at all: a Gaussian as wide as a map that masks draw of something that fills the box, `σ² = side²/12 + cell²/3` on
 * each axis (a box's variance, and that of two bilinear cells).
 */
export function blobAtBox({ box, content }: PlantedCase, { width, height }: Size): SaliencyMap {
  const cell = (content.width / CELLS) * ((CELLS + 1) / CELLS);
  const gauss = (at: number, from: number, to: number): number =>
    Math.exp(-((at - (from + to) / 2) ** 2) / (2 * ((to - from) ** 2 / 12 + cell ** 2 / 3)));
  const values = Float32Array.from({ length: width * height }, (_, i) => {
    const x = (((i % width) + 0.5) * content.width) / width;
    const y = ((Math.floor(i / width) + 0.5) * content.height) / height;
    return gauss(x, box.x1, box.x2) * gauss(y, box.y1, box.y2);
  });
  return { width, height, values };
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
