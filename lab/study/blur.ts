import type { ModelPicture } from './modelPicture.js';

/** Beyond this many standard deviations the Gaussian is cut off. */
const REACH = 3;

/**
 * A picture in a model's input, blurred by a Gaussian; the border is repeated, the padding stays black.
 * @param sigma standard deviation in pixels of the input, positive
 * @returns uint8 [H, W, 3]
 */
export function blurredPicture({ pixels, placed }: ModelPicture, sigma: number): Uint8Array<ArrayBuffer> {
  const { input, content } = placed;
  const { width, height } = content;
  const radius = Math.ceil(REACH * sigma);
  const kernel = Float64Array.from({ length: radius + 1 }, (_, i) => Math.exp(-(i * i) / (2 * sigma * sigma)));
  const total = kernel.reduce((sum, weight, i) => sum + (i === 0 ? weight : 2 * weight), 0);
  const weights = kernel.map((weight) => weight / total);
  const result = new Uint8Array(pixels.length);
  const plane = new Float32Array(width * height);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) plane[y * width + x] = pixels[(y * input.width + x) * 3 + c];
    const across = blurLines(plane, weights, { lines: height, length: width, lineStep: width, step: 1 });
    const both = blurLines(across, weights, { lines: width, length: height, lineStep: 1, step: width });
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) result[(y * input.width + x) * 3 + c] = Math.round(both[y * width + x]);
  }
  return result;
}

interface Lines {
  readonly lines: number;
  readonly length: number;
  readonly lineStep: number;
  readonly step: number;
}

function blurLines(
  values: Float32Array,
  weights: Float64Array,
  { lines, length, lineStep, step }: Lines,
): Float32Array {
  const radius = weights.length - 1;
  const result = new Float32Array(values.length);
  const padded = new Float64Array(length + 2 * radius);
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep;
    for (let i = 0; i < padded.length; i++)
      padded[i] = values[start + Math.min(Math.max(i - radius, 0), length - 1) * step];
    for (let i = 0; i < length; i++) {
      let sum = weights[0] * padded[i + radius];
      for (let k = 1; k <= radius; k++) sum += weights[k] * (padded[i + radius - k] + padded[i + radius + k]);
      result[start + i * step] = sum;
    }
  }
  return result;
}
