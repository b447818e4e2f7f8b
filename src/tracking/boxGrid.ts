import type { Box } from '../geometry/box.js';
import type { Point } from '../geometry/homography.js';
import type { Size } from '../geometry/letterbox.js';
import { pearson, type ValueGrid } from '../maps/mapAgreement.js';

/** Cells along each side of the grid. */
export const GRID_CELLS = 24;
/** The grid covers the box and as much around it that its sides are this many times as long. */
export const GRID_SPAN = 2;

/**
 * A map as seen from a box: GRID_CELLS × GRID_CELLS values, row-major, over the box and its surroundings, so that maps of one object in
 * different images lie on one grid, whatever the place and size of the box. NaN where the grid reaches beyond the picture.
 */
export type BoxGrid = Float32Array;

/**
 * Samples a map at the centres of the grid's cells, bilinearly (the map's own cell centres at half-integers, border repeated).
 * @param map over the whole picture, of any resolution
 * @param box in pixels of the picture, with an area
 */
export function boxGrid(map: ValueGrid, box: Box, picture: Size): BoxGrid {
  const grid = new Float32Array(GRID_CELLS * GRID_CELLS);
  for (let row = 0; row < GRID_CELLS; row++)
    for (let column = 0; column < GRID_CELLS; column++) {
      const { x, y } = inBox(column, row);
      const u = (box.x1 + x * (box.x2 - box.x1)) / picture.width;
      const v = (box.y1 + y * (box.y2 - box.y1)) / picture.height;
      const isInside = u >= 0 && u <= 1 && v >= 0 && v <= 1;
      grid[row * GRID_CELLS + column] = isInside ? sample(map, u * map.width - 0.5, v * map.height - 0.5) : NaN;
    }
  return grid;
}

/** Centre of a cell in units of the box: (0, 0) is its upper left corner, (1, 1) its lower right one. */
function inBox(column: number, row: number): Point {
  const along = (cell: number): number => ((cell + 0.5) / GRID_CELLS) * GRID_SPAN - (GRID_SPAN - 1) / 2;
  return { x: along(column), y: along(row) };
}

function sample({ width, height, values }: ValueGrid, x: number, y: number): number {
  const [left, right, along] = neighbours(x, width);
  const [top, bottom, down] = neighbours(y, height);
  const upper = values[top * width + left] * (1 - along) + values[top * width + right] * along;
  const lower = values[bottom * width + left] * (1 - along) + values[bottom * width + right] * along;
  return upper * (1 - down) + lower * down;
}

function neighbours(position: number, count: number): [first: number, second: number, share: number] {
  const inside = Math.min(Math.max(position, 0), count - 1);
  const first = Math.floor(inside);
  return [first, Math.min(first + 1, count - 1), inside - first];
}

/** Where the map of a box looks, in units of the box: (0, 0) is its upper left corner, (1, 1) its lower right one, (½, ½) its middle. */
export interface MapPlace {
  /** Centre of mass of the positive values. */
  readonly centre: Point;
  /** Centre of the cell with the highest value, the first of several in reading order. */
  readonly peak: Point;
}

/** Where a map looks, within the grid only; `undefined` where nothing in it is positive. */
export function mapPlace(grid: BoxGrid): MapPlace | undefined {
  let [mass, x, y, peak] = [0, 0, 0, 0];
  let at: Point | undefined;
  grid.forEach((value, cell) => {
    if (!(value > 0)) return;
    const place = inBox(cell % GRID_CELLS, Math.floor(cell / GRID_CELLS));
    mass += value;
    x += value * place.x;
    y += value * place.y;
    if (value > peak) [peak, at] = [value, place];
  });
  return at && { centre: { x: x / mass, y: y / mass }, peak: at };
}

/**
 * Pearson's correlation of two maps of one object, over the cells that lie in both pictures, in [−1, 1]: 1 where one is the other but for
 * scale and offset. `undefined` where one of them is flat there (an empty map is): a correlation of 0 would pass for an answer.
 */
export function gridAgreement(a: BoxGrid, b: BoxGrid): number | undefined {
  const common = [...a.keys()].filter((cell) => Number.isFinite(a[cell]) && Number.isFinite(b[cell]));
  const [ofA, ofB] = [a, b].map((grid) => common.map((cell) => grid[cell]));
  return isFlat(ofA) || isFlat(ofB) ? undefined : pearson(ofA, ofB);
}

function isFlat(values: readonly number[]): boolean {
  return values.every((value) => value === values[0]);
}
