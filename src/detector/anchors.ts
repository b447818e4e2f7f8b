import type { AnchorRef } from './detection.js';
import type { EfficientDetManifest } from './manifestSchema.js';

/** One pyramid level's grid of anchors. */
export interface AnchorLevel {
  readonly level: number;
  /** Cells of the feature map: ⌈input / 2^level⌉. */
  readonly rows: number;
  readonly columns: number;
  /** Index of the level's first anchor among all anchors. */
  readonly first: number;
}

/**
 * The anchors of an EfficientDet, in the order and with the geometry of google/automl and effdet: levels ascending, then
 * rows, columns, and the anchors of a cell with the scale varying slowest.
 */
export interface AnchorGrid {
  readonly levels: readonly AnchorLevel[];
  readonly perCell: number;
  readonly count: number;
  /** [count, 4]: centre y, centre x, height, width in input pixels. */
  readonly boxes: Float32Array;
}

/**
 * On level `l` anchors sit at the cell centres `(i + 0.5)·stride` and have the sides `anchorScale · stride · scale · aspect`,
 * `aspect = (x, y)`; `stride = input / cells`, which is 2^l where 2^l divides the input.
 */
export function anchorGrid(
  input: Pick<EfficientDetManifest['input'], 'width' | 'height'>,
  { minLevel, maxLevel, scales, aspects, anchorScale }: EfficientDetManifest['anchors'],
): AnchorGrid {
  const perCell = scales.length * aspects.length;
  const levels: AnchorLevel[] = [];
  let count = 0;
  for (let level = minLevel; level <= maxLevel; level++) {
    const rows = Math.ceil(input.height / 2 ** level);
    const columns = Math.ceil(input.width / 2 ** level);
    levels.push({ level, rows, columns, first: count });
    count += rows * columns * perCell;
  }
  const boxes = new Float32Array(4 * count);
  let offset = 0;
  for (const { rows, columns } of levels) {
    const strideY = input.height / rows;
    const strideX = input.width / columns;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (const scale of scales)
          for (const [aspectX, aspectY] of aspects) {
            const size = anchorScale * scale;
            boxes[offset] = (row + 0.5) * strideY;
            boxes[offset + 1] = (column + 0.5) * strideX;
            boxes[offset + 2] = size * strideY * aspectY;
            boxes[offset + 3] = size * strideX * aspectX;
            offset += 4;
          }
  }
  return { levels, perCell, count, boxes };
}

/** Which level, cell and shape the anchor with index `index` (of all anchors) has. */
export function anchorRef({ levels, perCell, count }: AnchorGrid, index: number): AnchorRef {
  const level = levels.findLast(({ first }) => first <= index);
  if (!level || index >= count) throw new RangeError(`anchor ${index} of ${count}`);
  const cell = Math.floor((index - level.first) / perCell);
  return {
    level: level.level,
    row: Math.floor(cell / level.columns),
    column: cell % level.columns,
    anchor: (index - level.first) % perCell,
  };
}
