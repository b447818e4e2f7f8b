import type { Letterbox } from '../../geometry/letterbox.js';
import type { ExplainSettings } from '../settings.js';

/** What a masked-out pixel becomes. */
export type Fill = Extract<ExplainSettings, { fill: unknown }>['fill'];

/**
 * The picture that shows where a mask is 0; what lies in the padding does not matter.
 * @param input uint8 [H, W, 3], RGB, with the source image laid in as `placed` says
 */
export function fillPicture(input: Uint8Array, placed: Letterbox, fill: Fill): Uint8Array<ArrayBuffer> {
  switch (fill) {
    case 'black':
      return new Uint8Array(input.length);
    case 'mean':
      return meanColour(input, placed);
    case 'blur':
      return blurred(input, placed);
  }
}

function meanColour(pixels: Uint8Array, { input, content }: Letterbox): Uint8Array<ArrayBuffer> {
  const sums = [0, 0, 0];
  for (let y = 0; y < content.height; y++)
    for (let x = 0; x < content.width; x++)
      for (let c = 0; c < 3; c++) sums[c] += pixels[(y * input.width + x) * 3 + c];
  const mean = sums.map((sum) => Math.round(sum / (content.width * content.height)));
  return Uint8Array.from({ length: pixels.length }, (_, i) => mean[i % 3]);
}

/** Standard deviation of the blur as a share of the longer side: objects dissolve, the light stays. */
const BLUR_SHARE = 1 / 25;

/** A Gaussian blur as three running means (Wells 1986), the border repeated. */
function blurred(pixels: Uint8Array, { input, content }: Letterbox): Uint8Array<ArrayBuffer> {
  const { width, height } = content;
  const sigma = BLUR_SHARE * Math.max(width, height);
  // Three means over 2r + 1 pixels have the variance r(r + 1).
  const radius = Math.max(1, Math.round(Math.sqrt(sigma * sigma + 0.25) - 0.5));
  const result = new Uint8Array(pixels.length);
  for (let c = 0; c < 3; c++) {
    let plane = new Float64Array(width * height);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) plane[y * width + x] = pixels[(y * input.width + x) * 3 + c];
    for (let pass = 0; pass < 3; pass++) {
      plane = runningMean(plane, height, width, width, 1, radius);
      plane = runningMean(plane, width, height, 1, width, radius);
    }
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        result[(y * input.width + x) * 3 + c] = Math.min(255, Math.max(0, Math.round(plane[y * width + x])));
  }
  return result;
}

/** Means over `2·radius + 1` neighbours along lines that start `lineStep` apart and have values `step` apart. */
function runningMean(
  values: Float64Array<ArrayBuffer>,
  lines: number,
  length: number,
  lineStep: number,
  step: number,
  radius: number,
): Float64Array<ArrayBuffer> {
  const result = new Float64Array(values.length);
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep;
    const at = (i: number): number => values[start + Math.min(Math.max(i, 0), length - 1) * step];
    let sum = 0;
    for (let i = -radius; i <= radius; i++) sum += at(i);
    for (let i = 0; i < length; i++) {
      result[start + i * step] = sum / (2 * radius + 1);
      sum += at(i + radius + 1) - at(i - radius);
    }
  }
  return result;
}
