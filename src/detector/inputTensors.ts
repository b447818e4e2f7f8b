import { Tensor } from 'onnxruntime-node';
import type { Size } from '../geometry/letterbox.js';
import { tensorNames } from './composedDetector.js';
import { needsContentSize } from './inputStages.js';
import type { ModelManifest } from './manifestSchema.js';

/**
 * The composed graph's inputs for one picture.
 * @param pixels uint8 [H, W, 3], RGB, already resized to the model's input. Memory shared between threads is copied: ONNX
 *   Runtime refuses it.
 * @param content the part of the input that the picture fills
 * @throws RangeError where the number of pixels is not the input's
 */
export function inputTensors(
  pixels: Uint8Array,
  content: Size,
  input: Pick<ModelManifest['input'], 'width' | 'height' | 'resize'>,
): Record<string, Tensor> {
  const { width, height } = input;
  if (pixels.length !== width * height * 3)
    throw new RangeError(`${pixels.length} values are no ${width}×${height} RGB picture`);
  const own = pixels.buffer instanceof SharedArrayBuffer ? pixels.slice() : pixels;
  const feeds: Record<string, Tensor> = { [tensorNames.pixels]: new Tensor('uint8', own, [1, height, width, 3]) };
  if (needsContentSize(input))
    feeds[tensorNames.contentSize] = new Tensor('int32', Int32Array.of(content.height, content.width), [1, 2]);
  return feeds;
}

/** A fixed picture with edges, flat areas and fine texture in all channels, for comparing and warming up sessions. */
export function testPicture({ width, height }: Size): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  let state = 1;
  let offset = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++) {
        // A linear congruential generator (Numerical Recipes) for grain on top of a gradient and blocks.
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const block = ((x >> 5) * 5 + (y >> 5) * 3 + channel) % 7;
        pixels[offset++] = 30 * block + (40 * x) / width + (state >>> 28);
      }
  return pixels;
}
