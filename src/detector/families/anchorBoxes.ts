import type { ManifestOf } from '../manifestSchema.js';
import type { Level } from './nodes.js';

/**
 * Anchors of RetinaNet as torchvision's AnchorGenerator makes them: for each size and ratio a box of `size / √ratio` × `size · √ratio`, its corners
 * rounded, at `(cell + offset) · stride`; ratios vary slowest.
 * @returns [M, 4]: centre x, centre y, width, height in input pixels
 */
export function anchorsOfLevels(
  levels: readonly Level[],
  { sizes, ratios, offset, rounded }: ManifestOf<'retinanet'>['anchors'],
): Float32Array {
  const values = levels.flatMap(({ stride, rows, columns }, i) => {
    const shapes = ratios.flatMap((ratio) =>
      (sizes[i] ?? []).map((size) => {
        // Half to even, as PyTorch; corners are symmetric about 0.
        const half = (side: number): number => (rounded ? roundHalfEven(side / 2) : side / 2);
        return [2 * half(size / Math.sqrt(ratio)), 2 * half(size * Math.sqrt(ratio))];
      }),
    );
    return Array.from({ length: rows * columns }, (_, cell) => {
      const x = ((cell % columns) + offset) * stride;
      const y = (Math.floor(cell / columns) + offset) * stride;
      return shapes.flatMap(([width = 0, height = 0]) => [x, y, width, height]);
    }).flat();
  });
  return Float32Array.from(values);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/**
 * Default boxes of SSD as torchvision's DefaultBoxGenerator makes them: for each level squares of the sides `s_k` and `√(s_k s_{k+1})`, and for
 * each ratio r boxes of `s_k √r × s_k / √r` and the other way round; at the centres of the cells.
 * @returns [M, 4]: centre x, centre y, width, height in input pixels
 */
export function defaultBoxes({
  featureMaps,
  defaultBoxes: { scales, ratios, clip },
  input,
}: ManifestOf<'ssd'>): Float32Array {
  const limit = (value: number): number => (clip ? Math.min(Math.max(value, 0), 1) : value);
  const values = featureMaps.flatMap(([rows, columns], k) => {
    const [own = 1, next = 1] = [scales[k], scales[k + 1]];
    const between = Math.sqrt(own * next);
    const shapes = [
      [own, own],
      [between, between],
      ...(ratios[k] ?? []).flatMap((ratio) => {
        const root = Math.sqrt(ratio);
        return [
          [own * root, own / root],
          [own / root, own * root],
        ];
      }),
    ];
    return Array.from({ length: rows * columns }, (_, cell) => {
      const x = ((cell % columns) + 0.5) / columns;
      const y = (Math.floor(cell / columns) + 0.5) / rows;
      return shapes.flatMap(([width = 0, height = 0]) => [
        x * input.width,
        y * input.height,
        limit(width) * input.width,
        limit(height) * input.height,
      ]);
    }).flat();
  });
  return Float32Array.from(values);
}
