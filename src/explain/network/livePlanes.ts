import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { ExpectedError } from '../../errors.js';
import type { Size } from '../../geometry/letterbox.js';
import { areaShares, liveTensors, type MapShape } from './liveGraph.js';

/**
 * Shapes of the backbone's maps.
 * @throws ExpectedError `model` where they are no [1, F, h, w] of float32
 */
export function mapShapes(outputs: InferenceSession.OnnxValueMapType, count: number, model: string): MapShape[] {
  return Array.from({ length: count }, (_, i) => {
    const { dims = [], type } = outputs[liveTensors.feature(i)] ?? {};
    const [batch, channels, rows, columns] = dims;
    if (type !== 'float32' || dims.length !== 4 || batch !== 1)
      throw new ExpectedError(
        'model',
        `map ${i + 1} of the backbone of model ${model} is ${type ?? 'missing'} [${dims.join(', ')}] instead of float32 [1, F, h, w]`,
        'correct outputs.backboneFeatures in the manifest',
      );
    return { channels, rows, columns };
  });
}

/**
 * What live masks of a picture need beside the masks: for each backbone map `contrast = F − G`, `ground = G`, and the averaging
 * of masks over its cells.
 * @param shown the backbone's maps of the picture
 * @param fill those of the fill picture; left out: features blend into zero
 * @param content part of the input that the picture fills
 */
export function livePlanes(
  shown: InferenceSession.OnnxValueMapType,
  fill: InferenceSession.OnnxValueMapType | undefined,
  shapes: readonly MapShape[],
  input: Size,
  content: Size,
): Record<string, Tensor> {
  // Features around the picture know something of it: they blend into the fill's as the picture's border does. Zero is no
  // features of any picture: padding is spared it.
  const masked = fill ? input : content;
  const feeds: Record<string, Tensor> = {};
  shapes.forEach(({ channels, rows, columns }, i) => {
    const feature = shown[liveTensors.feature(i)].data as Float32Array;
    const ground =
      (fill?.[liveTensors.feature(i)].data as Float32Array | undefined) ?? new Float32Array(feature.length);
    const map = [1, channels, rows, columns];
    feeds[liveTensors.contrast(i)] = new Tensor(
      'float32',
      feature.map((value, k) => value - ground[k]),
      map,
    );
    feeds[liveTensors.ground(i)] = new Tensor('float32', ground, map);
    const down = areaShares(input.height, rows, masked.height);
    const across = areaShares(input.width, columns, masked.width);
    const transposed = Float32Array.from(across.shares, (_, k) => {
      return across.shares[(k % columns) * input.width + Math.floor(k / columns)];
    });
    const outside = Float32Array.from(
      { length: rows * columns },
      (_, k) => 1 - down.inside[Math.floor(k / columns)] * across.inside[k % columns],
    );
    feeds[liveTensors.rowShares(i)] = new Tensor('float32', down.shares, [rows, input.height]);
    feeds[liveTensors.columnShares(i)] = new Tensor('float32', transposed, [input.width, columns]);
    feeds[liveTensors.outside(i)] = new Tensor('float32', outside, [1, rows, columns]);
  });
  return feeds;
}
