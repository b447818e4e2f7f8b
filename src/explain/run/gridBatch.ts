import type { GridMasks } from '../network/maskedPicture.js';
import type { MaskStream } from '../masks/maskStream.js';

/** Masks `from` to `from + count − 1` of a stream as the detector's graph takes them. */
export function gridBatch(stream: MaskStream, from: number, count: number): GridMasks {
  const { rows, columns } = stream.options.grid;
  const grids = new Float32Array(count * rows * columns);
  const offsets = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const { grid, offsetY, offsetX } = stream.mask(from + i);
    grids.set(grid, i * rows * columns);
    offsets.set([offsetY, offsetX], 2 * i);
  }
  return { count, rows, columns, grids, offsets, upsampled: stream.upsampled };
}
