import type { Pixels } from '../../src/images/pixels.js';
import type { Drive, View } from './drive.js';
import { toEightBit } from './render/sensor.js';

const COLORS = [
  [255, 70, 70],
  [70, 160, 255],
  [255, 220, 0],
  [255, 130, 0],
  [190, 90, 255],
  [0, 230, 200],
  [255, 90, 200],
  [120, 255, 80],
  [255, 255, 255],
] as const;

/** A view as an RGB picture of `width` × `height` with its boxes drawn; ignored objects are left out. */
export function annotated(view: View, width: number, height: number, boxes = true): Uint8Array {
  const { picture, objects } = view;
  const bytes = toEightBit(picture);
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const sy = Math.min(picture.height - 1, Math.floor(((y + 0.5) * picture.height) / height));
    for (let x = 0; x < width; x++) {
      const sx = Math.min(picture.width - 1, Math.floor(((x + 0.5) * picture.width) / width));
      const from = (sy * picture.width + sx) * picture.channels;
      for (let c = 0; c < 3; c++) out[(y * width + x) * 3 + c] = bytes[from + (picture.channels === 3 ? c : 0)];
    }
  }
  for (const { box, classIndex, ignore } of boxes ? objects : []) {
    if (ignore) continue;
    const color = COLORS[classIndex] as readonly [number, number, number];
    const x1 = Math.max(0, Math.floor((box.x1 * width) / picture.width));
    const x2 = Math.min(width - 1, Math.ceil((box.x2 * width) / picture.width) - 1);
    const y1 = Math.max(0, Math.floor((box.y1 * height) / picture.height));
    const y2 = Math.min(height - 1, Math.ceil((box.y2 * height) / picture.height) - 1);
    const dot = (x: number, y: number): void => out.set(color, (y * width + x) * 3);
    for (let x = x1; x <= x2; x++) [y1, y2].forEach((y) => dot(x, y));
    for (let y = y1; y <= y2; y++) [x1, x2].forEach((x) => dot(x, y));
  }
  return out;
}

/** Rows: one moment of one drive each; columns: the four spectra. `cell` is a cell's width; cells are 4:3. */
export function contactSheet(rows: readonly { drive: Drive; time: number }[], cell: number, boxes = true): Pixels {
  const high = Math.round((cell * 3) / 4);
  const width = cell * 4;
  const height = high * rows.length;
  const data = new Uint8Array(width * height * 3);
  rows.forEach(({ drive, time }, row) => {
    drive.render(time, 0).forEach((view, column) => {
      const tile = annotated(view, cell, high, boxes);
      for (let y = 0; y < high; y++) {
        data.set(tile.subarray(y * cell * 3, (y + 1) * cell * 3), ((row * high + y) * width + column * cell) * 3);
      }
    });
  });
  return { width, height, channels: 3, data };
}
