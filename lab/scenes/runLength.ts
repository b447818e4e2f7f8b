import type { Box } from '../../src/geometry/box.js';

/** A COCO run-length mask: column by column, compressed counts as pycocotools writes them. */
export interface RunLengthMask {
  readonly size: readonly [height: number, width: number];
  readonly counts: string;
}

/** Run-length mask of the pixels inside `box` where `map` (row-major, `width` wide) equals `value`. */
export function encodeMask(
  map: Uint8Array | Uint16Array,
  width: number,
  height: number,
  value: number,
  box: Box,
): RunLengthMask {
  const runs: number[] = [];
  let since = 0;
  let inside = false;
  const turn = (at: number): void => {
    runs.push(at - since);
    since = at;
    inside = !inside;
  };
  for (let x = box.x1; x < box.x2; x++) {
    for (let y = box.y1; y < box.y2; y++) {
      if ((map[y * width + x] === value) !== inside) turn(x * height + y);
    }
    if (inside && box.y2 < height) turn(x * height + box.y2);
  }
  // A mask that reaches the bottom of its last column is still open here.
  if (inside) turn(box.x2 * height);
  runs.push(width * height - since);
  return { size: [height, width], counts: compress(runs) };
}

/** The mask as bytes (1 inside), row-major. Throws a RangeError where the counts do not fill the picture exactly. */
export function decodeMask(mask: RunLengthMask): Uint8Array {
  const [height, width] = mask.size;
  const out = new Uint8Array(width * height);
  let at = 0;
  let inside = 0;
  for (const run of expand(mask.counts)) {
    if (run < 0 || at + run > out.length) throw new RangeError(`mask runs leave the ${width}×${height} picture`);
    for (let i = at; i < at + run; i++) out[(i % height) * width + Math.floor(i / height)] = inside;
    at += run;
    inside ^= 1;
  }
  if (at !== out.length) throw new RangeError(`mask covers ${at} of ${out.length} pixels`);
  return out;
}

/** COCO's text form: from the third run on the difference to the run before last, in 5-bit groups, lowest first, plus 48. */
function compress(runs: readonly number[]): string {
  const bytes: number[] = [];
  runs.forEach((run, i) => {
    let x = i > 2 ? run - runs[i - 2] : run;
    for (let more = true; more;) {
      let group = x & 0x1f;
      x >>= 5;
      more = group & 0x10 ? x !== -1 : x !== 0;
      if (more) group |= 0x20;
      bytes.push(group + 48);
    }
  });
  return String.fromCharCode(...bytes);
}

function expand(text: string): number[] {
  const runs: number[] = [];
  for (let p = 0; p < text.length;) {
    let x = 0;
    let shift = 0;
    for (let more = true; more;) {
      if (p >= text.length || shift > 30) throw new RangeError('mask counts end in the middle of a number');
      const group = text.charCodeAt(p++) - 48;
      x |= (group & 0x1f) << shift;
      shift += 5;
      more = (group & 0x20) !== 0;
      if (!more && group & 0x10) x |= -1 << shift;
    }
    runs.push(runs.length > 2 ? x + runs[runs.length - 2] : x);
  }
  return runs;
}
